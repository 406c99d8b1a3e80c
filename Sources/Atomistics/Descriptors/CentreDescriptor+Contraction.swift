import Tensors

/// Derivatives of an energy, without derivatives of the descriptor in between.
extension CentreDescriptor {
  func contract(
    _ centre: Int, _ input: DescriptorInput, gradient: UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    environment.gather(centre, input)
    gatherLanes(gradient)
    let pairForces = pairForces(environment.angularCount)
    contractPairs(pairForces)
    contractRadial(input, gradient, pairForces, forces)
  }

  /// The gradient by angular components in the order of the lanes.
  ///
  /// Lanes without angle receive what stands beside their block; their angular factor is zero.
  private func gatherLanes(_ gradient: UnsafePointer<Double>) {
    let parameters = constants.parameters
    let blocks = constants.laneBlocks
    values.update(from: gradient, count: parameters.size)
    for one in 0..<parameters.species.count {
      for other in one..<parameters.species.count {
        let (start, offset) = (laneStart(one, other), parameters.angularOffset(one, other))
        for p in 0..<parameters.angularCount {
          let source = values + offset + p * parameters.angleCount
          for block in 0..<blocks {
            let lower = constants.firstAngle(block: block, upper: false)
            let upper = constants.firstAngle(block: block, upper: true)
            lanes[start + p * blocks + block] = Eight(
              lowHalf: CentreEnvironment.load(source, lower),
              highHalf: CentreEnvironment.load(source, upper))
          }
        }
      }
    }
  }

  /// Minus the derivative by each angular neighbour, from all unordered pairs.
  private func contractPairs(_ forces: UnsafeMutablePointer<SIMD3<Double>>) {
    let (n, columns) = (environment.angularCount, environment.angular)
    let (starts, species) = (environment.groupStarts, constants.parameters.species.count)
    for one in 0..<species {
      for j in starts[one]..<starts[one + 1] {
        row.fill(j, j + 1, n, columns, withSlopes: true)
        for other in one..<species {
          let first = max(starts[other], j + 1)
          guard first < starts[other + 1] else { continue }
          contract(j, first..<starts[other + 1], lanes + laneStart(one, other), forces)
        }
      }
    }
  }

  /// The pairs of j and neighbours of one species.
  private func contract(
    _ j: Int, _ others: Range<Int>, _ gradient: UnsafeMutablePointer<Eight>,
    _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    let columns = environment.angular
    let direction = SIMD3(columns.x[j], columns.y[j], columns.z[j])
    var force = SIMD3<Double>.zero
    for k in others {
      let cosine = row.cosines[k &- j &- 1]
      let slopes = pairSlopes(j, k, gradient)
      let otherDirection = SIMD3(columns.x[k], columns.y[k], columns.z[k])
      let turnJ = slopes.cosine * columns.inverse[j]
      let turnK = slopes.cosine * columns.inverse[k]
      force += direction * (slopes.j - turnJ * cosine) + otherDirection * turnJ
      forces[k] -= otherDirection * (slopes.k - turnK * cosine) + direction * turnK
    }
    forces[j] -= force
  }

  /// The derivatives of one pair's energy by both distances and the cosine of the angle.
  @inline(__always)
  private func pairSlopes(
    _ j: Int, _ k: Int, _ gradient: UnsafeMutablePointer<Eight>
  ) -> (j: Double, k: Double, cosine: Double) {
    let (row, columns, blocks) = (row, environment.angular, constants.laneBlocks)
    let radii = constants.parameters.angularCount
    let index = k &- j &- 1
    let mean = row.means[index]
    let gauss = row.gaussian(index, 0)
    let centres = UnsafeRawPointer(constants.angularCentres).assumingMemoryBound(to: Double.self)
    let etas = UnsafeRawPointer(constants.angularEtas).assumingMemoryBound(to: Double.self)
    var (values, means, cosines) = (Eight.zero, Eight.zero, Eight.zero)
    for block in 0..<blocks {
      var (sum, slope) = (Eight.zero, Eight.zero)
      for p in 0..<radii {
        let product = gradient[p &* blocks &+ block] * gauss[p]
        sum += product
        slope += product * ((mean - centres[p]) * etas[p])
      }
      let factor = row.values[index &* blocks &+ block]
      values += factor * sum
      means += factor * slope
      cosines += row.slopes[index &* blocks &+ block] * sum
    }
    let (fj, fk) = (columns.cutoff[j], columns.cutoff[k])
    let (value, byMean) = (values.sum(), means.sum())
    let common = -2 * fj * fk * byMean
    return (
      common + 2 * columns.slope[j] * fk * value, common + 2 * fj * columns.slope[k] * value,
      2 * fj * fk * cosines.sum()
    )
  }

  /// The radial part; with the angular one it goes to the list's places.
  private func contractRadial(
    _ input: DescriptorInput, _ gradient: UnsafePointer<Double>,
    _ pairForces: UnsafeMutablePointer<SIMD3<Double>>,
    _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    let (parameters, all) = (constants.parameters, environment.all)
    let (count, etas) = (parameters.radialCount, constants.radialEtas)
    for m in 0..<environment.count {
      let weights =
        gradient + parameters.radialOffset(Int(input.species[environment.atoms[m]]))
      var slope = 0.0
      for group in 0..<constants.radialGroups {
        let distance = all.r[m] - constants.radialCentres[group]
        let gauss = VectorMath.exp(distance * distance * -etas[group])
        let slopes = gauss * (all.slope[m] - 2 * etas[group] * distance * all.cutoff[m])
        for lane in 0..<min(4, count - 4 * group) {
          slope += slopes[lane] * weights[4 * group + lane]
        }
      }
      let a = environment.angularPlaces[m]
      let radial = SIMD3(all.x[m], all.y[m], all.z[m]) * -slope
      forces[environment.entries[m]] = a >= 0 ? radial + pairForces[a] : radial
    }
  }
}
