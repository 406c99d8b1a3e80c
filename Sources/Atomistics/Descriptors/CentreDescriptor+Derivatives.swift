/// Derivatives by one neighbour at a time, from what `prepareDerivatives` left.
extension CentreDescriptor {
  func derivatives(by images: Range<Int>, species: Int) {
    lastHasAngles = images.contains { environment.angularPlaces[$0] >= 0 }
    forEachRange(species: species) { range in
      for c in 0..<3 {
        (block + c * stride + range.lowerBound).update(repeating: 0, count: range.count)
      }
    }
    for m in images {
      addRadialBlock(m, species)
      let a = environment.angularPlaces[m]
      if a >= 0 { addAngularBlock(a, species) }
    }
  }

  /// The radial block of the species, and its angular blocks with the species that are there.
  func forEachRange(species: Int, _ body: (Range<Int>) -> Void) {
    let (constants, starts) = (constants, environment.groupStarts)
    let radial = constants.radialOffset(species)
    body(radial..<radial + constants.radialCount)
    guard lastHasAngles else { return }
    for other in 0..<constants.speciesCount where starts[other] < starts[other + 1] {
      let offset = constants.angularOffset(species, other)
      body(offset..<offset + constants.angularCount * constants.angleCount)
    }
  }

  private func addRadialBlock(_ m: Int, _ species: Int) {
    let slope =
      slopes.base.assumingMemoryBound(to: Double.self) + 4 * m * constants.radialGroups
    let all = environment.all
    for c in 0..<3 {
      let direction = c == 0 ? all.x[m] : c == 1 ? all.y[m] : all.z[m]
      let target = block + c * stride + constants.radialOffset(species)
      for p in 0..<constants.radialCount { target[p] += slope[p] * direction }
    }
  }

  private func addAngularBlock(_ a: Int, _ species: Int) {
    fillRow(a)
    let (constants, starts) = (constants, environment.groupStarts)
    let (radii, blocks, angles) = (
      constants.angularCount, constants.laneBlocks, constants.angleCount
    )
    for other in 0..<constants.speciesCount where starts[other] < starts[other &+ 1] {
      let target = block + constants.angularOffset(species, other)
      let others = starts[other]..<starts[other &+ 1]
      for p in 0..<radii {
        for lanes in 0..<blocks { addBlock(a, others, p, lanes, target + p &* angles) }
      }
    }
  }

  /// The derivatives by neighbour `a` of one centre and lane block: sums over the other neighbours.
  @inline(__always)
  private func addBlock(_ a: Int, _ others: Range<Int>, _ p: Int, _ lanes: Int, _ target: Column) {
    let (n, blocks, pitch) = (
      environment.angularCount, constants.laneBlocks, 4 &* constants.angularGroups
    )
    let (columns, across, first) = (environment.angular, across, others.lowerBound)
    var (s, x, y, z) = (Eight.zero, Eight.zero, Eight.zero, Eight.zero)
    var factor = UnsafePointer(factors) + 2 &* ((a &* n &+ first) &* blocks &+ lanes)
    var weight = numbers(weights) + ((a &* n &+ first) &* pitch &+ p)
    var along = numbers(along) + (first &* pitch &+ p)
    for k in others {
      s += factor[0] * along.pointee
      let derivative = factor[1] * weight.pointee
      x += derivative * across.x[k]
      y += derivative * across.y[k]
      z += derivative * across.z[k]
      factor += 2 &* blocks
      weight += pitch
      along += pitch
    }
    add(s * columns.x[a] + x, to: target, lanes)
    add(s * columns.y[a] + y, to: target + stride, lanes)
    add(s * columns.z[a] + z, to: target + 2 &* stride, lanes)
  }

  @inline(__always)
  private func numbers(_ fours: UnsafeMutablePointer<Four>) -> UnsafePointer<Double> {
    UnsafePointer(UnsafeMutableRawPointer(fours).assumingMemoryBound(to: Double.self))
  }
}
