import Tensors

/// A kernel of the CPU that has a counterpart on devices that compile kernels themselves.
protocol DeviceComputable: Kernel {
  /// - Returns: nil where there is none after all, for one of the types.
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram?
}

extension ElementwiseKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .elementwise(expression, computing: T.elementType, inputs: inputs, output: outputs[0])
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
    function == .add && !isSorted ? .segmentSum(T.elementType, ids: idType) : nil
  }
}

extension MatMulKernel: DeviceComputable {
  func deviceProgram(_ inputs: [TensorSpec], _ outputs: [TensorSpec]) -> DeviceProgram? {
    .matMul(T.elementType, transposeA: transposeA, transposeB: transposeB)
  }
}
