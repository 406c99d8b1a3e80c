import Atomistics

extension DescribedStructure {
  /// The energy that the networks are to give, without offsets, in eV.
  ///
  /// Offsets are added up in double precision: sums of equal numbers in single precision, as the original has them,
  /// round to one side, which networks of a thousand atoms would learn as some meV an atom.
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
    let sum = species.reduce(0.0) { $0 + offsets[Int($1)] }
    return Float((Double(energy) - sum) * rescale)
  }
}
