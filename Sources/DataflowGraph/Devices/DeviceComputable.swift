import Tensors

/// A kernel of the CPU that has a counterpart on devices that compile kernels themselves.
protocol DeviceComputable: Kernel {
  /// - Returns: nil where there is none after all, for one of the types.
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram?
}

extension ElementwiseKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .elementwise(
      expression, computing: T.elementType, inputs: inputs, output: outputs[0], divisors: divisors)
  }
}

extension StridedCopyKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .copies(inputs[0].elementType, clears: clears, layout)
  }
}

extension ReductionKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .reduction(function, T.elementType, reduced: reduced)
  }
}

extension MeanKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .reduction(.add, T.elementType, reduced: sum.reduced, isMean: true)
  }
}

extension SegmentKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    if isSorted { return nil }
    let type = T.elementType
    let start =
      switch function {
      case .maximum: DeviceDialect.finiteExtreme(type, isHighest: false)
      case .minimum: DeviceDialect.finiteExtreme(type, isHighest: true)
      default: function.identityText(type)
      }
    return .segments(function, type, ids: idType, start: start)
  }
}

extension MatMulKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .matMul(T.elementType, transposeA: transposeA, transposeB: transposeB)
  }
}

extension CumulativeKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .lines(
      .combined(function, exclusive: exclusive), T.elementType, axis: axis, reverse: reverse)
  }
}

extension PlaceKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .place(T.elementType, axis: axis, ofLargest: ofLargest, outputType)
  }
}

extension StridedSliceKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .copies(input.elementType, clears: isTransposed) { [ranges, isTransposed] sizes in
      [.init(copy: try Self.copy(ranges, sizes, isTransposed: isTransposed))]
    }
  }
}
