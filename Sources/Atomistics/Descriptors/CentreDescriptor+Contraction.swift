/// Derivatives of an energy, without derivatives of the descriptor in between.
extension CentreDescriptor {
  /// The derivative of an energy by every displacement of one atom's neighbours.
  ///
  /// - Parameters:
  ///   - gradient: the energy's derivative by the atom's components.
  ///   - forces: receives minus the derivative at the neighbour's place in the list; places beyond
  ///     the cutoff are left alone.
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
  private func gatherLanes(_ gradient: UnsafePointer<Double>) {
    let parameters = constants.parameters
    let blocks = constants.laneBlocks
    for one in 0..<parameters.species.count {
      for other in one..<parameters.species.count {
        let start = laneStart(one, other)
        let source = gradient + parameters.angularOffset(one, other)
        for p in 0..<parameters.angularCount {
          for block in 0..<blocks {
            for lane in 0..<8 {
              let s = constants.angle(block: block, lane: lane)
              lanes[start + p * blocks + block][lane] =
                s.map { source[p * parameters.angleCount + $0] } ?? 0
            }
          }
        }
      }
    }
  }

  /// Minus the derivative by each angular neighbour, from all unordered pairs.
  private func contractPairs(_ forces: UnsafeMutablePointer<SIMD3<Double>>) {
    let columns = environment.angular
    let starts = environment.groupStarts
    let species = constants.parameters.species.count
    for one in 0..<species {
      for j in starts[one]..<starts[one + 1] {
        let direction = SIMD3(columns.x[j], columns.y[j], columns.z[j])
        for other in one..<species {
          let lane = lanes + laneStart(one, other)
          let first = max(starts[other], j + 1)
          for k in first..<max(starts[other + 1], first) {
            let cosine = Self.cosine(columns, j, k)
            let slopes = pairSlopes(j, k, cosine, lane)
            let otherDirection = SIMD3(columns.x[k], columns.y[k], columns.z[k])
            let turnJ = slopes.cosine * columns.inverse[j]
            let turnK = slopes.cosine * columns.inverse[k]
            forces[j] -=
              direction * (slopes.j - turnJ * cosine) + otherDirection * turnJ
            forces[k] -= otherDirection * (slopes.k - turnK * cosine) + direction * turnK
          }
        }
      }
    }
  }

  /// The derivatives of one pair's energy by both distances and the cosine of the angle.
  @inline(__always)
  private func pairSlopes(
    _ j: Int, _ k: Int, _ cosine: Double, _ gradient: UnsafeMutablePointer<Eight>
  ) -> (j: Double, k: Double, cosine: Double) {
    let (constants, columns) = (constants, environment.angular)
    let (blocks, groups) = (constants.laneBlocks, constants.angularGroups)
    let (eta, radii) = (constants.parameters.angularEta, constants.parameters.angularCount)
    let mean = 0.5 * (columns.r[j] + columns.r[k])
    var (value, byMean, byCosine) = (0.0, 0.0, 0.0)
    for block in 0..<blocks {
      let (angular, derivative) = constants.angular(cosine, block: block)
      var (sum, slope) = (Eight.zero, Eight.zero)
      for group in 0..<groups {
        let distance = mean - constants.angularCentres[group]
        let gauss = VectorMath.exp(distance * distance * -eta)
        let gaussSlope = gauss * distance
        for p in (4 * group)..<min(4 * group + 4, radii) {
          sum += gradient[p * blocks + block] * gauss[p - 4 * group]
          slope += gradient[p * blocks + block] * gaussSlope[p - 4 * group]
        }
      }
      value += (angular * sum).sum()
      byMean += (angular * slope).sum()
      byCosine += (derivative * sum).sum()
    }
    let (fj, fk) = (columns.cutoff[j], columns.cutoff[k])
    let common = -2 * eta * fj * fk * byMean
    return (
      common + 2 * columns.slope[j] * fk * value, common + 2 * fj * columns.slope[k] * value,
      2 * fj * fk * byCosine
    )
  }

  /// The radial part; with the angular one it goes to the list's places.
  private func contractRadial(
    _ input: DescriptorInput, _ gradient: UnsafePointer<Double>,
    _ pairForces: UnsafeMutablePointer<SIMD3<Double>>,
    _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    let (parameters, all) = (constants.parameters, environment.all)
    let (count, eta) = (parameters.radialCount, parameters.radialEta)
    for m in 0..<environment.count {
      let weights =
        gradient + parameters.radialOffset(Int(input.species[environment.atoms[m]]))
      var slope = 0.0
      for group in 0..<constants.radialGroups {
        let distance = all.r[m] - constants.radialCentres[group]
        let gauss = VectorMath.exp(distance * distance * -eta)
        let slopes = gauss * (all.slope[m] - 2 * eta * distance * all.cutoff[m])
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
