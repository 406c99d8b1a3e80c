import Dataflow

/// Forces on atoms, and what each adds to the virial, from the derivative of the energy by the displacements to
/// their neighbours.
///
/// Inputs: the derivative and the displacements, `[pairs, 3]` both; where every atom's neighbours begin,
/// `int32 [atoms + 1]`; and the pairs by the atom that is the neighbour: where every atom's begin,
/// `int32 [atoms + 1]`, and which they are, `int32 [pairs]`. Outputs: the forces `[atoms, 3]`, and `[atoms, 3, 3]`,
/// the sum `-Σ d ⊗ dE/dd` over an atom's neighbours d, whose sum is the virial.
///
/// Every force is added up in the order of the pairs, so that its bits do not depend on who computes it.
public struct NeighbourForces: PlainOperation {
  public static let name = "NeighbourForces"
  public static var tensorFlowForm: TensorFlowForm { .none }

  public init() {}

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 5)
    try expectSameType([inputs[0], inputs[1]], among: .floats)
    for (input, what) in zip(inputs, ["the derivative", "the displacements"]) {
      try expect(input, rank: 2, what)
      try expectEqual(input.shape[1], 3, "coordinates")
    }
    let names = ["the row starts", "the neighbours' row starts", "the neighbours' pairs"]
    for (input, what) in zip(inputs[2...], names) {
      try expect(input, type: .int32, what)
      try expect(input, rank: 1, what)
    }
    try expectEqual(inputs[0].shape[0], inputs[1].shape[0], "the numbers of pairs")
    try expectEqual(inputs[0].shape[0], inputs[4].shape[0], "the numbers of pairs")
    try expectEqual(inputs[2].shape[0], inputs[3].shape[0], "the numbers of row starts")
    let (type, atoms) = (inputs[0].elementType, inputs[2].shape[0] - 1)
    return [TensorSpec(type, [atoms, 3]), TensorSpec(type, [atoms, 3, 3])]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    inputs[0].elementType == .float32
      ? NeighbourForcesKernel<Float>() : NeighbourForcesKernel<Double>()
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    .neighbourForces(inputs[0].elementType)
  }

  public static var samples: [OperationSample] {
    // Row lengths, and the neighbour of each pair.
    let cases: [([Int], [Int])] = [
      ([2, 0, 1, 3], [1, 2, 0, 0, 3, 3]), ([1], [0]), ([0, 0], []), ([], []),
      (Array(repeating: 9, count: 70), (0..<630).map { ($0 * $0 + 3) % 70 }),
    ]
    return cases.map { lengths, neighbours in
      let (atoms, pairs) = (lengths.count, neighbours.count)
      let incoming = (0..<atoms).map { atom in neighbours.indices.filter { neighbours[$0] == atom }
      }
      let centres = lengths.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
      let inputs: [Tensor] = [
        .random([pairs, 3], seed: 5), .random([pairs, 3], seed: 6),
        Tensor(NeighbourSample.starts(lengths)),
        Tensor(NeighbourSample.starts(incoming.map(\.count))),
        Tensor(incoming.joined().map { Int32($0) }),
      ]
      return OperationSample(NeighbourForces(), inputs, differentiable: []) { inputs in
        let (slopes, d) = (inputs[0].scalars(as: Double.self), inputs[1].scalars(as: Double.self))
        var forces = Array(repeating: 0.0, count: 3 * atoms)
        var virials = Array(repeating: 0.0, count: 9 * atoms)
        for pair in 0..<pairs {
          for c in 0..<3 {
            forces[3 * centres[pair] + c] += slopes[3 * pair + c]
            forces[3 * neighbours[pair] + c] -= slopes[3 * pair + c]
            for a in 0..<3 {
              virials[9 * centres[pair] + 3 * a + c] -= d[3 * pair + a] * slopes[3 * pair + c]
            }
          }
        }
        return [
          Tensor(shape: [atoms, 3], scalars: forces),
          Tensor(shape: [atoms, 3, 3], scalars: virials),
        ]
      }
    }
  }
}

/// Forces `[atoms, 3]`, and `[atoms, 3, 3]`, whose sum is the virial, see `NeighbourForces`.
///
/// - Throws: `GraphError` where types or shapes do not fit.
public func neighbourForces(
  _ derivative: Value, displacements: Value, starts: Value, neighbourStarts: Value,
  neighbourPairs: Value, name: String? = nil
) throws -> (forces: Value, virials: Value) {
  let outputs = try derivative.graph.add(
    NeighbourForces(), [derivative, displacements, starts, neighbourStarts, neighbourPairs],
    name: name
  ).outputs
  return (outputs[0], outputs[1])
}

extension NeighbourForces {
  static func check(_ sizes: KernelSizes) throws {
    let (pairs, atoms) = (sizes.inputs[0][0], sizes.outputs[0][0])
    let expected: [Shape] = [[pairs, 3], [pairs, 3], [atoms + 1], [atoms + 1], [pairs]]
    for (found, expected) in zip(sizes.inputs, expected) where found != expected {
      throw GraphError("an input has shape \(found), expected \(expected)")
    }
  }

  static func wrongPair(_ position: Int, _ pairs: Int) -> String {
    "the pair at position \(position) is outside 0..<\(pairs)"
  }
}

private final class NeighbourForcesKernel<T: DescriptorScalar & TensorElement>: Kernel {
  private var sharding = Sharding(count: 0, nanoseconds: 0)
  private var pairs = 0

  func prepare(_ sizes: KernelSizes) throws -> Int {
    try NeighbourForces.check(sizes)
    pairs = sizes.inputs[0][0]
    let atoms = sizes.outputs[0][0]
    sharding = Sharding(count: atoms, nanoseconds: 10 * Double(pairs) / Double(max(1, atoms)))
    return 0
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) throws {
    let starts = try checkedStarts(context.inputs[2], pairs: pairs)
    let otherStarts = try checkedStarts(context.inputs[3], pairs: pairs)
    let others = context.inputs[4].elements(Int32.self)
    for position in 0..<pairs where !(0..<pairs).contains(Int(others[position])) {
      throw GraphError(NeighbourForces.wrongPair(position, pairs))
    }
    let (slopes, d) = (context.inputs[0].elements(T.self), context.inputs[1].elements(T.self))
    let forces = context.outputs[0].elements(T.self)
    let virials = context.outputs[1].elements(T.self)
    context.forEachShard(sharding) { _, atoms in
      for atom in atoms {
        for c in 0..<3 {
          var (force, x, y, z): (T, T, T, T) = (0, 0, 0, 0)
          for pair in Int(starts[atom])..<Int(starts[atom + 1]) {
            let slope = slopes[3 * pair + c]
            force += slope
            x -= d[3 * pair] * slope
            y -= d[3 * pair + 1] * slope
            z -= d[3 * pair + 2] * slope
          }
          for place in Int(otherStarts[atom])..<Int(otherStarts[atom + 1]) {
            force -= slopes[3 * Int(others[place]) + c]
          }
          forces[3 * atom + c] = force
          virials[9 * atom + c] = x
          virials[9 * atom + 3 + c] = y
          virials[9 * atom + 6 + c] = z
        }
      }
    }
  }
}
