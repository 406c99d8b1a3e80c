/// Derivatives by one neighbour at a time, from what `prepareDerivatives` left.
extension CentreDescriptor {
  func derivatives(by images: Range<Int>, species: Int) {
    var hasAngles = false
    for m in images {
      putRadialBlock(m, species, adds: m > images.lowerBound)
      let a = environment.angularPlaces[m]
      if a >= 0 {
        putAngularBlock(a, species, adds: hasAngles)
        hasAngles = true
      }
    }
  }

  private func putRadialBlock(_ m: Int, _ species: Int, adds: Bool) {
    let slope =
      slopes.base.assumingMemoryBound(to: Double.self) + 4 * m * constants.radialGroups
    let all = environment.all
    for c in 0..<3 {
      let direction = c == 0 ? all.x[m] : c == 1 ? all.y[m] : all.z[m]
      let target = block + c * stride + constants.radialOffset(species)
      let count = constants.radialCount
      if adds {
        for p in 0..<count { target[p] += slope[p] * direction }
      } else {
        for p in 0..<count { target[p] = slope[p] * direction }
      }
    }
  }

  /// Pairs of species come in the order of their components, so that what is written behind the last angle is written
  /// again where it matters.
  private func putAngularBlock(_ a: Int, _ species: Int, adds: Bool) {
    fillRow(a)
    let (constants, starts) = (constants, environment.groupStarts)
    let (radii, blocks, angles) = (
      constants.angularCount, constants.laneBlocks, constants.angleCount
    )
    for other in 0..<constants.speciesCount where starts[other] < starts[other &+ 1] {
      let target = block + constants.angularOffset(species, other)
      let others = starts[other]..<starts[other &+ 1]
      for p in 0..<radii {
        for lanes in 0..<blocks { putBlock(a, others, p, lanes, target + p &* angles, adds) }
      }
    }
  }

  /// The derivatives by neighbour `a` of one centre and lane block: sums over the other neighbours.
  @inline(__always)
  private func putBlock(
    _ a: Int, _ others: Range<Int>, _ p: Int, _ lanes: Int, _ target: Column, _ adds: Bool
  ) {
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
    put(s * columns.x[a] + x, to: target, lanes, adds: adds)
    put(s * columns.y[a] + y, to: target + stride, lanes, adds: adds)
    put(s * columns.z[a] + z, to: target + 2 &* stride, lanes, adds: adds)
  }

  @inline(__always)
  private func numbers(_ fours: UnsafeMutablePointer<Four>) -> UnsafePointer<Double> {
    UnsafePointer(UnsafeMutableRawPointer(fours).assumingMemoryBound(to: Double.self))
  }
}
