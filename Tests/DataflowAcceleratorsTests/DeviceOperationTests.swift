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

  /// Neighbours that cannot be are named as the processor names them.
  @Test func wrongNeighboursAreNamed() throws {
    let settings = DescriptorSettings.modified(
      DescriptorParameters(
        species: ["H", "O"], radialEta: 4, radialCutoff: 3, radialStart: 0.5, radialCount: 2,
        angularEta: 2, angularCutoff: 3, angularStart: 0.5, angularCount: 2, zeta: 4,
        angleCount: 2))
    func messages(_ species: [Int32], _ starts: [Int32]) throws -> [String] {
      let graph = Graph()
      let displacements = Tensor(shape: [4, 3], scalars: (0..<12).map { Float($0 % 5) - 1.7 })
      let inputs = [displacements, Tensor(species), Tensor(starts)]
      let places = inputs.map { graph.placeholder($0.elementType, SymbolicShape($0.shape)) }
      let values = try descriptorValues(
        settings, displacements: places[0], species: places[1], starts: places[2], name: "d")
      let feeds = Dictionary(uniqueKeysWithValues: zip(places, inputs))
      return [Session(graph), DeviceComparison.session(graph)].map { session in
        do {
          _ = try session.run([values], feeds: feeds)
          return ""
        } catch { return "\(error)" }
      }
    }
    #expect(try messages([0, 1, 1, 0], [0, 3, 4]) == ["", ""])
    for (species, starts) in [
      ([0, 1, -1, 2], [0, 3, 4]), ([0, 1, 1, 2], [0, 3, 4]), ([0, 1, 1, 0], [0, 3, 5]),
      ([0, 1, 1, 0], [1, 3, 4]), ([0, 1, 1, 0], [0, 3, 2]), ([0, 1, 1, 0], [0, 3, 3]),
      ([0, 1, 1, 0], [0, 9, 4]),
    ] as [([Int32], [Int32])] {
      let found = try messages(species, starts)
      #expect(found[0] == found[1] && found[0].contains("d"), "\(found)")
    }
  }
}
