import Tensors

/// The elements moved along some dimensions; those that leave at one end come in at the other.
/// TensorFlow's `Roll` with shifts and axes as attributes.
public struct Roll: Operation {
  public static let name = "Roll"

  let shifts: [Int]
  let axes: [Int]

  /// - Parameters:
  ///   - shifts: by how many places; negative ones towards the front.
  ///   - axes: one for each shift, counted from the back where negative.
  public init(shifts: [Int], axes: [Int]) {
    self.shifts = shifts
    self.axes = axes
  }

  public init(attributes: Attributes) throws {
    self.init(shifts: try attributes.ints("shift"), axes: try attributes.ints("axis"))
  }

  public var attributes: Attributes { ["shift": .ints(shifts), "axis": .ints(axes)] }

  public static var tensorFlowForm: TensorFlowForm {
    TensorFlowForm(operands: [
      .init("shift", at: 1, .ints, type: "Tshift"), .init("axis", at: 2, .ints, type: "Taxis"),
    ])
  }

  public func outputs(for inputs: [TensorSpec]) throws -> [TensorSpec] {
    try expect(inputs, count: 1)
    guard shifts.count == axes.count else {
      throw GraphError("there are \(shifts.count) shifts for \(axes.count) axes")
    }
    for axis in axes { _ = try inputs[0].shape.axis(axis) }
    return [TensorSpec(inputs[0].elementType, inputs[0].shape)]
  }

  public func makeKernel(inputs: [TensorSpec], outputs: [TensorSpec]) throws -> any Kernel {
    let axes = try axes.map { try inputs[0].shape.axis($0) }
    return StridedCopyKernel(inputs[0].elementType) { sizes in
      let shape = sizes.inputs[0]
      if shape.elementCount == 0 { return [] }
      var shift = Array(repeating: 0, count: shape.rank)
      for (axis, step) in zip(axes, shifts) {
        let moved = (shift[axis] + step % shape[axis]) % shape[axis]
        shift[axis] = moved < 0 ? moved + shape[axis] : moved
      }
      // Along each dimension two blocks change places.
      var blocks = [Block()]
      for axis in shift.indices {
        let (count, rest) = (shift[axis], shape[axis] - shift[axis])
        blocks = blocks.flatMap { block -> [Block] in
          let moved = block.appending(from: 0, size: rest, to: count)
          return count == 0 ? [moved] : [moved, block.appending(from: rest, size: count, to: 0)]
        }
      }
      return blocks.map { block in
        let source = shape.layout(from: block.from)
        let target = shape.layout(from: block.to)
        return .init(copy: StridedCopy(sizes: block.size, from: source, to: target))
      }
    }
  }

  public func gradients(of node: Node, outputGradients: [Value?]) -> [Value?] {
    // The opposite of the lowest number takes two shifts.
    let back = zip(shifts, axes).flatMap { shift, axis in
      shift == .min ? [(Int.max, axis), (1, axis)] : [(-shift, axis)]
    }
    return [roll(outputGradients[0]!, shifts: back.map(\.0), axes: back.map(\.1))]
  }

  public static var samples: [OperationSample] {
    let cases: [(Shape, [Int], [Int])] = [
      ([5], [2], [0]), ([5], [-7], [0]), ([2, 3], [1, 2], [0, -1]), ([4], [1, 1], [0, 0]),
      ([0, 2], [1], [0]),
    ]
    return cases.map { shape, shifts, axes in
      .moving(Roll(shifts: shifts, axes: axes), .random(shape), to: shape) { position in
        var place = position
        for (shift, axis) in zip(shifts, axes) {
          let axis = axis < 0 ? axis + shape.rank : axis
          place[axis] = ((place[axis] - shift) % shape[axis] + shape[axis]) % shape[axis]
        }
        return place
      }
    }
  }
}

/// The elements of `x` moved by `shifts` along `axes`, around the ends.
public func roll(_ x: Value, shifts: [Int], axes: [Int], name: String? = nil) -> Value {
  x.graph.apply(Roll(shifts: shifts, axes: axes), x, name: name)
}

/// A part of a tensor that moves as a whole.
private struct Block {
  var from: [Int] = []
  var size: [Int] = []
  var to: [Int] = []

  func appending(from: Int, size: Int, to: Int) -> Block {
    Block(from: self.from + [from], size: self.size + [size], to: self.to + [to])
  }
}
