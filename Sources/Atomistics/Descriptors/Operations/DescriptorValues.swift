import Dataflow

/// The descriptors of atoms from their neighbours.
///
/// Inputs: displacements `[pairs, 3]` from the atoms to their neighbours in angstrom, the neighbours' species
/// `int32 [pairs]`, and where every atom's neighbours begin, `int32 [atoms + 1]`. Output: `[atoms, g]`, the
/// components in the order that the settings' `size` tells. Neighbours beyond the cutoffs, and those in the
/// atom's own place, count nothing. The gradient by the displacements is a `DescriptorContraction`.
///
/// On a processor it is computed in double precision whatever the type, as `AtomicDescriptors` does.
public struct DescriptorValues: Operation {
  public static let name = "DescriptorValues"
  public static var tensorFlowForm: TensorFlowForm { .none }

  /// What defines the descriptors.
  public let settings: DescriptorSettings

  public init(_ settings: DescriptorSettings) { self.settings = settings }

  /// - Throws: `GraphError` for attributes that are missing or make no sense.
  public init(attributes: Attributes) throws { settings = try DescriptorSettings(attributes) }

  public var attributes: Attributes { settings.attributes }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 3)
    try expectNeighbourRows(displacements: inputs[0], species: inputs[1], starts: inputs[2])
    return [
      TensorSpec(inputs[0].elementType, [inputs[2].shape[0] - 1, Dimension(settings.size)])
    ]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    inputs[0].elementType == .float32
      ? try DescriptorValuesKernel<Float>(settings) : try DescriptorValuesKernel<Double>(settings)
  }

  public func deviceProgram(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> DeviceProgram? {
    DescriptorText(settings, inputs[0].elementType)?.values
  }

  public func gradients(of node: Node, outputGradients: [Value?]) throws -> [Value?] {
    let (displacements, species, starts) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let gradient = try displacements.graph.add(
      DescriptorContraction(settings), [outputGradients[0]!, displacements, species, starts])
    return [gradient.output, nil, nil]
  }

  public static var samples: [OperationSample] {
    NeighbourSample.all.map { sample in
      // The gradient has no gradient of its own.
      OperationSample(
        DescriptorValues(sample.settings), sample.rows, differentiable: []
      ) { inputs in
        [sample.values(displacements: inputs[0])]
      }
    }
  }
}

/// The descriptors `[atoms, g]` of atoms with the given neighbours, see `DescriptorValues`.
///
/// - Throws: `GraphError` where types or shapes do not fit.
public func descriptorValues(
  _ settings: DescriptorSettings, displacements: Value, species: Value, starts: Value,
  name: String? = nil
) throws -> Value {
  try displacements.graph.add(
    DescriptorValues(settings), [displacements, species, starts], name: name
  ).output
}

private final class DescriptorValuesKernel<T: DescriptorScalar & TensorElement>: Kernel {
  private let size: Int
  private let centres: CentrePool
  private var rows: NeighbourRows<T>
  private var sharding = Sharding(count: 0, nanoseconds: 0)

  init(_ settings: DescriptorSettings) throws {
    size = settings.size
    centres = try CentrePool(settings)
    rows = NeighbourRows(species: settings.species.count)
  }

  func prepare(_ sizes: KernelSizes) throws -> Int {
    sharding = Sharding(count: sizes.outputs[0][0], nanoseconds: centreNanoseconds)
    return try rows.prepare(
      displacements: sizes.inputs[0], species: sizes.inputs[1], starts: sizes.inputs[2])
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  func run(_ context: borrowing KernelContext) throws {
    let input = try rows.input(
      displacements: context.inputs[0], species: context.inputs[1], starts: context.inputs[2],
      context.workspace)
    let (size, centres, output) = (size, centres, context.outputs[0].elements(T.self))
    context.forEachShard(sharding) { _, atoms in
      let centre = centres.take()
      defer { centres.give(centre) }
      for atom in atoms {
        centre.computeValues(atom, input)
        for k in 0..<size { output[atom * size + k] = T(centre.values[k]) }
      }
    }
  }
}
