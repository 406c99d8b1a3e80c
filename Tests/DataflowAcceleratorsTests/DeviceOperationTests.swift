import Atomistics
import Dataflow
import DataflowTesting
import TestSupport
import Testing

/// The engine's operations and those that know of atoms.
let operationsByName: [String: any Operation.Type] = Dictionary(
  uniqueKeysWithValues: (OperationRegistry.builtIn + AtomisticOperations.all).map { ($0.name, $0) })

/// Every operation's samples on a device, beside the CPU's results.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceOperationTests {
  @Test(arguments: operationsByName.keys.sorted())
  func agreesWithTheProcessor(name: String) throws {
    let device = TestDevice.device!
    let check = DeviceCheck(device, hasDouble: device.properties.hasDouble)
    let findings = try check.findings(of: operationsByName[name]!)
    #expect((findings ?? []).prefix(5) == [])
  }
}
