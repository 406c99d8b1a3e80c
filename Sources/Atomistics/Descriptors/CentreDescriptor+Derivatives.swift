/// Derivatives by one neighbour at a time, from what `prepareDerivatives` left.
extension CentreDescriptor {
  /// Own images only add to the values.
  func derivatives(by images: Range<Int>, species: Int, areOwn: Bool) {
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
    if areOwn { return }
    forEachRange(species: species) { takeBlockOffSum($0) }
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

  /// The sums over k of one j, one group of k, one centre and one lane block.
  private struct Sums {
    var v = Eight.zero
    var v1 = Eight.zero
    var x = Eight.zero
    var y = Eight.zero
    var z = Eight.zero
  }

  private func addAngularBlock(_ a: Int, _ species: Int) {
    let constants = constants
    let (blocks, radii) = (constants.laneBlocks, constants.angularCount)
    let starts = environment.groupStarts
    for other in 0..<constants.speciesCount where starts[other] < starts[other + 1] {
      let offset = constants.angularOffset(species, other)
      let lane = lanes + laneStart(species, other)
      for p in 0..<radii {
        for block in 0..<blocks {
          let sums = sums(a, starts[other]..<starts[other + 1], p, block)
          lane[p * blocks + block] += sums.v * environment.angular.cutoff[a]
          addBlock(sums, a, p, block, self.block + offset + p * constants.angleCount)
        }
      }
    }
  }

  @inline(__always)
  private func sums(_ a: Int, _ others: Range<Int>, _ p: Int, _ block: Int) -> Sums {
    let n = environment.angularCount
    let (blocks, groups) = (constants.laneBlocks, constants.angularGroups)
    let columns = environment.angular
    var sums = Sums()
    var factor = UnsafePointer(factors) + ((a * n + others.lowerBound) * blocks + block) * 2
    var weight =
      UnsafeRawPointer(weights + (a * n + others.lowerBound) * groups)
      .assumingMemoryBound(to: Double.self) + p
    for k in others {
      let w = weight.pointee
      let value = factor[0] * w
      let derivative = factor[1] * w
      sums.v += value
      sums.v1 += value * columns.r[k]
      sums.x += derivative * columns.x[k]
      sums.y += derivative * columns.y[k]
      sums.z += derivative * columns.z[k]
      factor += 2 * blocks
      weight += 4 * groups
    }
    return sums
  }

  /// The derivatives by neighbour `a` of one centre and lane block, from its sums.
  @inline(__always)
  private func addBlock(_ sums: Sums, _ a: Int, _ p: Int, _ block: Int, _ target: Column) {
    let columns = environment.angular
    let (r, f, slope) = (columns.r[a], columns.cutoff[a], columns.slope[a])
    let (x, y, z) = (columns.x[a], columns.y[a], columns.z[a])
    let centre = constants.angularCentres[p / 4][p % 4]
    let eta = constants.angularEtas[p / 4][p % 4]
    // By the distance: of the Gaussian in the mean distance and of the cutoff function.
    let gauss = sums.v * (eta * (centre - 0.5 * r)) - sums.v1 * (0.5 * eta)
    let along = 2 * (gauss * f + sums.v * slope)
    // By the direction: only what is perpendicular to it.
    let across = 2 * f * columns.inverse[a]
    let parallel = sums.x * x + sums.y * y + sums.z * z
    let radial = along - parallel * across
    add(radial * x + sums.x * across, to: target, block)
    add(radial * y + sums.y * across, to: target + stride, block)
    add(radial * z + sums.z * across, to: target + 2 * stride, block)
  }
}
