import Dataflow

/// The derivative of an energy by the displacements to atoms' neighbours, from that by the atoms' descriptors:
/// the gradient of `DescriptorValues`.
///
/// Inputs: the derivative by the descriptors `[atoms, g]`, then those of `DescriptorValues`. Output: `[pairs, 3]`,
/// per angstrom. Derivatives of the descriptors are computed and used up neighbour by neighbour; they are never
/// in memory. It has no gradient in turn.
public struct DescriptorContraction: Operation {
  public static let name = "DescriptorContraction"
  public static var tensorFlowForm: TensorFlowForm { .none }

  /// What defines the descriptors.
  public let settings: DescriptorSettings

  public init(_ settings: DescriptorSettings) { self.settings = settings }

  /// - Throws: `GraphError` for attributes that are missing or make no sense.
  public init(attributes: Attributes) throws { settings = try DescriptorSettings(attributes) }

  public var attributes: Attributes { settings.attributes }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 4)
    try expectSameType([inputs[0], inputs[1]], among: .floats)
    try expectNeighbourRows(displacements: inputs[1], species: inputs[2], starts: inputs[3])
    try expect(inputs[0], rank: 2, "the derivative by the descriptors")
    try expectEqual(inputs[0].shape[0] + 1, inputs[3].shape[0], "atoms + 1 and row starts")
    try expectEqual(inputs[0].shape[1], Dimension(settings.size), "the numbers of components")
    return [inputs[1]]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    inputs[0].elementType == .float32
      ? try DescriptorContractionKernel<Float>(settings)
      : try DescriptorContractionKernel<Double>(settings)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    DescriptorText(settings, inputs[0].elementType)?.contraction
  }

  public static var samples: [OperationSample] {
    NeighbourSample.all.map { sample in
      let gradient = Tensor.random([sample.atoms, sample.settings.size], seed: 21)
      return OperationSample(
        DescriptorContraction(sample.settings), [gradient] + sample.rows, differentiable: []
      ) { inputs in
        [sample.contraction(gradient: inputs[0], displacements: inputs[1])]
      }
    }
  }
}

private final class DescriptorContractionKernel<T: DescriptorScalar & TensorElement>: Kernel {
  private let size: Int
  private let centres: CentrePool
  private var rows: NeighbourRows<T>
  private var sharding = Sharding(count: 0, nanoseconds: 0)
  private var pairs = 0
  /// Where the workspace of the rows ends.
  private var rowBytes = 0

  init(_ settings: DescriptorSettings) throws {
    size = settings.size
    centres = try CentrePool(settings)
    rows = NeighbourRows(species: settings.species.count)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    let (gradient, starts) = (sizes.inputs[0], sizes.inputs[3])
    guard gradient == [starts[0] - 1, size] else {
      throw GraphError("the derivative's shape is \(gradient), expected \([starts[0] - 1, size])")
    }
    sharding = Sharding(count: gradient[0], nanoseconds: centreNanoseconds)
    pairs = sizes.inputs[1][0]
    rowBytes = try rows.prepare(
      displacements: sizes.inputs[1], species: sizes.inputs[2], starts: starts)
    return rowBytes + pairs * MemoryLayout<SIMD3<Double>>.stride
      + sharding.shards * size * MemoryLayout<Double>.stride
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) throws {
    let input = try rows.input(
      displacements: context.inputs[1], species: context.inputs[2], starts: context.inputs[3],
      context.workspace)
    let (size, centres) = (size, centres)
    let gradient = context.inputs[0].elements(T.self)
    let output = context.outputs[0].elements(T.self)
    let forces = (context.workspace + rowBytes).assumingMemoryBound(to: SIMD3<Double>.self)
    let weights = UnsafeMutableRawPointer(forces + pairs).assumingMemoryBound(to: Double.self)
    context.forEachShard(sharding) { shard, atoms in
      let centre = centres.take()
      defer { centres.give(centre) }
      let own = weights + shard * size
      for atom in atoms {
        let row = input.starts[atom]..<input.starts[atom + 1]
        for pair in row { forces[pair] = .zero }
        for k in 0..<size { own[k] = Double(gradient[atom * size + k]) }
        centre.contract(atom, input, gradient: own, forces: forces)
        for pair in row {
          for axis in 0..<3 { output[3 * pair + axis] = T(-forces[pair][axis]) }
        }
      }
    }
  }
}
