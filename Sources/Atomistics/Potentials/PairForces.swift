import Tensors

/// Forces that every atom's energy exerts on its neighbours, one for each place in the list.
///
/// Atoms are computed side by side into places of their own; one thread then puts them together in
/// the order of the list, so that sums have the same bits however the work was shared.
struct PairForces {
  private let forces: [SIMD3<Double>]

  /// Computes the forces for atoms in ranges, all zero to begin with.
  init(
    _ list: NeighbourList, executor: any ParallelExecutor, atomsPerShard: Int,
    _ body: (Range<Int>, UnsafeMutablePointer<SIMD3<Double>>) -> Void
  ) {
    // One at least, so that there is a place to point at.
    forces = Array(filling: max(1, list.neighbours.count)) { forces in
      let base = forces.baseAddress!
      base.initialize(to: .zero)
      executor.run(over: list.atomCount, inRangesOf: atomsPerShard) { atoms in
        let own = list.starts[atoms.lowerBound]..<list.starts[atoms.upperBound]
        (base + own.lowerBound).initialize(repeating: .zero, count: own.count)
        body(atoms, base)
      }
    }
  }

  /// The force on every atom: what it feels as a neighbour, less what it exerts as a centre; and the
  /// virial `Σ d ⊗ f` over all places.
  func collected(_ list: NeighbourList) -> (forces: [SIMD3<Double>], virial: Matrix3) {
    var total = [SIMD3<Double>](repeating: .zero, count: list.atomCount)
    var virial = Matrix3.zero
    for i in 0..<list.atomCount {
      var own = SIMD3<Double>.zero
      for e in list.row(i) {
        let force = forces[e]
        total[Int(list.neighbours[e])] += force
        own += force
        virial += .outer(list.displacements[e], force)
      }
      total[i] -= own
    }
    return (total, virial)
  }
}
