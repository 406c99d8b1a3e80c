/// Computes the descriptor of one atom at a time, by one formula or another.
///
/// Made once for many atoms by each piece of work; it holds the last atom's numbers.
protocol CentreCalculator: AnyObject {
  typealias Column = UnsafeMutablePointer<Double>

  /// The neighbours of the last atom.
  var environment: CentreEnvironment { get }
  /// The components of the last atom.
  var values: Column { get }
  /// The derivative of the components by one neighbour, three runs `stride` apart.
  var block: Column { get }
  /// Room for the sum of such blocks, laid out as they are.
  var sum: Column { get }
  var stride: Int { get }

  /// Computes the values alone.
  func computeValues(_ centre: Int, _ input: DescriptorInput)

  /// Computes the values, the same bits, and what `derivatives(by:)` needs.
  func prepareDerivatives(_ centre: Int, _ input: DescriptorInput)

  /// Leaves in `block` the derivatives by the neighbours `images`, periodic images of one atom of this species:
  /// in its components that depend on them (`DescriptorParts`). Others are left alone.
  func derivatives(by images: Range<Int>, species: Int)

  /// Minus the derivative of an energy by every displacement of one atom's neighbours.
  ///
  /// - Parameters:
  ///   - gradient: the energy's derivative by the atom's components.
  ///   - forces: receives the result at the neighbour's place in the list; places beyond the cutoff are
  ///     left alone.
  func contract(
    _ centre: Int, _ input: DescriptorInput, gradient: UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>)

  /// The same with a gradient that depends on the atom's components.
  ///
  /// - Parameter energyGradient: gets the components and returns the energy's derivative by each.
  func contract(
    _ centre: Int, _ input: DescriptorInput,
    energyGradient: (UnsafePointer<Double>) -> UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>)
}

extension CentreCalculator {
  func contract(
    _ centre: Int, _ input: DescriptorInput,
    energyGradient: (UnsafePointer<Double>) -> UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    computeValues(centre, input)
    contract(centre, input, gradient: energyGradient(values), forces: forces)
  }
}
