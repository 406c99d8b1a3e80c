import Atomistics

extension DescribedStructure {
  /// The energy that the networks are to give, without offsets, in eV.
  ///
  /// Computed in single precision, the offsets summed in the order of the original's vectorised sum:
  /// total energies are large and stored in single precision, so the last digits depend on it, and
  /// errors are to be comparable with the original's digit by digit.
  ///
  /// - Parameters:
  ///   - offsets: one number for each species, in eV.
  ///   - rescale: what the difference is multiplied with.
  public func referenceEnergy(offsets: [Double], rescale: Double = 1) -> Float {
    view.referenceEnergy(offsets: offsets, rescale: rescale)
  }
}

extension StructureView {
  /// As that of a `DescribedStructure`.
  func referenceEnergy(offsets: [Double], rescale: Double) -> Float {
    let offsets = species.map { Float(offsets[Int($0)]) }
    var lanes = SIMD4<Float>(repeating: 0)
    let vectorised = offsets.count / 4 * 4
    for start in stride(from: 0, to: vectorised, by: 4) {
      lanes += SIMD4(offsets[start..<start + 4])
    }
    let rest = offsets[vectorised...].reduce(0, +)
    return (energy - ((lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + rest)) * Float(rescale)
  }
}
