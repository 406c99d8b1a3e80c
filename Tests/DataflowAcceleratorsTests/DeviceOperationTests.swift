import Dataflow
import DataflowTesting
import TestSupport
import Testing

/// Every operation's samples on a device, beside the CPU's results.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceOperationTests {
  @Test(arguments: OperationRegistry.builtIn.map { $0.name })
  func agreesWithTheProcessor(name: String) throws {
    let device = TestDevice.device!
    let check = DeviceCheck(device, hasDouble: device.properties.hasDouble)
    let findings = try check.findings(of: OperationRegistry.operation(named: name)!)
    #expect((findings ?? []).prefix(5) == [])
  }
}
