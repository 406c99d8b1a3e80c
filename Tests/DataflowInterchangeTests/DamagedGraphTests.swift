import Dataflow
import TestSupport
import Testing

/// Graphs that were changed at random: an import is an error or a graph, never a trap.
@Suite(.enabled(if: Golden.isPresent, "reference data absent"))
struct DamagedGraphTests {
  private static let seedsPerGraph: UInt64 = 40

  @Test(arguments: OperationCase.names) func damageIsSurvived(name: String) throws {
    let whole = try OperationCase.read(name).graphDef()
    var outcomes = 0
    for seed in 0..<Self.seedsPerGraph {
      var generator = PhiloxGenerator(seed: seed)
      var def = whole
      for _ in 0...seed % 3 { damage(&def, &generator) }
      do {
        let graph = try Graph(importing: def)
        outcomes += graph.nodes.isEmpty ? 0 : 1
      } catch is GraphError {
        outcomes += 1
      }
    }
    #expect(outcomes == Int(Self.seedsPerGraph))
  }

  private func damage(_ def: inout GraphDef, _ generator: inout PhiloxGenerator) {
    func pick(_ count: Int) -> Int { min(Int(generator.uniform() * Double(count)), count - 1) }
    let index = pick(def.nodes.count)
    let other = def.nodes[pick(def.nodes.count)]
    var node = def.nodes[index]
    switch pick(7) {
    case 0: node.op = other.op
    case 1: node.inputs = other.inputs
    case 2: node.attributes = other.attributes
    case 3: node.inputs.append(other.name)
    case 4: node.inputs = Array(node.inputs.dropLast())
    case 5:
      if !node.inputs.isEmpty { node.inputs[pick(node.inputs.count)] = "\(other.name):\(pick(2))" }
    default: node.attributes["value"] = .tensor(odd(pick(8)))
    }
    def.nodes[index] = node
  }

  private func odd(_ kind: Int) -> TensorProto {
    switch kind {
    case 0: TensorProto(Tensor([-1, -1] as [Int32]))
    case 1: TensorProto(Tensor([Int64.max, 3]))
    case 2: TensorProto(Tensor([Int32.max, Int32.max, Int32.max]))
    case 3: TensorProto(Tensor(Int32.min))
    case 4: TensorProto(Tensor(shape: [0], scalars: [Int32]()))
    case 5: TensorProto(Tensor(shape: [2, 2], scalars: [0, 9, -3, 1] as [Int32]))
    case 6: TensorProto(Tensor(Float.nan))
    default: TensorProto(Tensor([7, 0, 0] as [Int32]))
    }
  }
}
