import Tensors

/// Derivatives of an energy, without derivatives of the descriptor in between.
extension CentreDescriptor {
  func contract(
    _ centre: Int, _ input: DescriptorInput, gradient: UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    gather(centre, input)
    pairs.fill(environment, withSlopes: true)
    contract(input, gradient, forces)
  }

  func contract(
    _ centre: Int, _ input: DescriptorInput,
    energyGradient: (UnsafePointer<Double>) -> UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    gather(centre, input)
    pairs.fill(environment, withSlopes: true)
    addValues(input, slopes: nil)
    contract(input, energyGradient(values), forces)
  }

  /// From the pairs' factors.
  private func contract(
    _ input: DescriptorInput, _ gradient: UnsafePointer<Double>,
    _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    let columns = ContractionColumns(self)
    for group in pairs.groups {
      let offset = constants.angularOffset(group.one, group.other)
      sumSlopes(group, gradient + offset, columns)
      for run in pairs.runs[group.runs] { addForces(run, columns) }
    }
    contractRadial(input, gradient, columns, forces)
  }

  /// For every pair of a group the derivatives of its energy, cutoff functions left out: the energy
  /// itself, its derivatives by the mean distance and by the cosine.
  private func sumSlopes(
    _ group: PairTable.Group, _ gradient: UnsafePointer<Double>, _ columns: ContractionColumns
  ) {
    let range = group.pairs
    for pair in Swift.stride(from: range.lowerBound, to: range.upperBound, by: 4) {
      CentreEnvironment.store(.zero, columns.values, pair)
      CentreEnvironment.store(.zero, columns.byMean, pair)
      CentreEnvironment.store(.zero, columns.byCosine, pair)
    }
    for p in Swift.stride(from: 0, to: constants.angularCount, by: 4) {
      let count = min(4, constants.angularCount - p)
      // Of centres that there are not the last stands in, without weight.
      let weights = gradient + p * constants.angleCount
      sumSlopes(range, p, count, weights, columns)
    }
  }

  /// What four centres contribute: sums over the angles stay in registers.
  private func sumSlopes(
    _ range: Range<Int>, _ p: Int, _ count: Int, _ gradient: UnsafePointer<Double>,
    _ columns: ContractionColumns
  ) {
    let (angles, pitch) = (constants.angleCount, pairs.pitch)
    let (factors, slopes) = (pairs.values, pairs.slopes)
    let (means, gauss) = (pairs.means, pairs.gauss + p * pitch)
    let (centres, etas) = (constants.angularCentres[p / 4], constants.angularEtas[p / 4])
    let rows = (
      gradient, gradient + min(1, count - 1) * angles, gradient + min(2, count - 1) * angles,
      gradient + min(3, count - 1) * angles
    )
    for pair in Swift.stride(from: range.lowerBound, to: range.upperBound, by: 4) {
      var sums = (Four.zero, Four.zero, Four.zero, Four.zero)
      var turns = sums
      var place = pair
      for angle in 0..<angles {
        let factor = CentreEnvironment.load(factors, place)
        let slope = CentreEnvironment.load(slopes, place)
        sums.0 += factor * rows.0[angle]
        sums.1 += factor * rows.1[angle]
        sums.2 += factor * rows.2[angle]
        sums.3 += factor * rows.3[angle]
        turns.0 += slope * rows.0[angle]
        turns.1 += slope * rows.1[angle]
        turns.2 += slope * rows.2[angle]
        turns.3 += slope * rows.3[angle]
        place &+= pitch
      }
      let mean = CentreEnvironment.load(means, pair)
      var (value, byMean, byCosine) = (Four.zero, Four.zero, Four.zero)
      @inline(__always)
      func add(_ sum: Four, _ turn: Four, _ centre: Int) {
        guard centre < count else { return }
        let weight = CentreEnvironment.load(gauss, centre &* pitch &+ pair)
        let weighted = sum * weight
        value += weighted
        byMean += weighted * ((mean - centres[centre]) * etas[centre])
        byCosine += turn * weight
      }
      add(sums.0, turns.0, 0)
      add(sums.1, turns.1, 1)
      add(sums.2, turns.2, 2)
      add(sums.3, turns.3, 3)
      CentreEnvironment.add(value, columns.values, pair)
      CentreEnvironment.add(byMean, columns.byMean, pair)
      CentreEnvironment.add(byCosine, columns.byCosine, pair)
    }
  }

  /// Takes the derivatives of a run's pairs off the forces on its neighbours, four pairs at a time.
  private func addForces(_ run: PairTable.Run, _ columns: ContractionColumns) {
    let (all, j, cosines) = (environment.angular, run.first, pairs.cosines)
    let (x, y, z) = (all.x[j], all.y[j], all.z[j])
    let (cutoff, slope, inverse) = (2 * all.cutoff[j], 2 * all.slope[j], all.inverse[j])
    var (forceX, forceY, forceZ) = (Four.zero, Four.zero, Four.zero)
    for at in Swift.stride(from: 0, to: run.count, by: 4) {
      let (k, place) = (run.others &+ at, run.start &+ at)
      // What follows the run are pairs of other runs.
      let isOwn = CentreEnvironment.load(columns.mask, max(0, at &+ 4 &- run.count))
      let value = CentreEnvironment.load(columns.values, place) * isOwn
      let cosine = CentreEnvironment.load(cosines, place)
      let otherCutoff = CentreEnvironment.load(all.cutoff, k)
      let both = otherCutoff * cutoff
      let common = -(both * isOwn * CentreEnvironment.load(columns.byMean, place))
      let byFirst = common + otherCutoff * slope * value
      let bySecond = common + CentreEnvironment.load(all.slope, k) * cutoff * value
      let turn = both * isOwn * CentreEnvironment.load(columns.byCosine, place)
      let turnFirst = turn * inverse
      let turnSecond = turn * CentreEnvironment.load(all.inverse, k)
      let (alongFirst, alongSecond) = (byFirst - turnFirst * cosine, bySecond - turnSecond * cosine)
      let (otherX, otherY, otherZ) = (
        CentreEnvironment.load(all.x, k), CentreEnvironment.load(all.y, k),
        CentreEnvironment.load(all.z, k)
      )
      forceX += alongFirst * x + turnFirst * otherX
      forceY += alongFirst * y + turnFirst * otherY
      forceZ += alongFirst * z + turnFirst * otherZ
      CentreEnvironment.add(-(alongSecond * otherX + turnSecond * x), columns.forceX, k)
      CentreEnvironment.add(-(alongSecond * otherY + turnSecond * y), columns.forceY, k)
      CentreEnvironment.add(-(alongSecond * otherZ + turnSecond * z), columns.forceZ, k)
    }
    columns.forceX[j] -= Self.total(forceX)
    columns.forceY[j] -= Self.total(forceY)
    columns.forceZ[j] -= Self.total(forceZ)
  }

  /// The radial part; with the angular one it goes to the list's places.
  private func contractRadial(
    _ input: DescriptorInput, _ gradient: UnsafePointer<Double>,
    _ columns: ContractionColumns, _ forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    let all = environment.all
    let (count, groups) = (constants.radialCount, constants.radialGroups)
    let (etas, centres) = (constants.radialEtas, constants.radialCentres)
    let gaussians = radialGaussians
    for m in 0..<environment.count {
      let weights =
        gradient + constants.radialOffset(Int(input.species[environment.atoms[m]]))
      var sum = Four.zero
      for group in 0..<groups {
        let distance = all.r[m] - centres[group]
        let slopes =
          gaussians[m &* groups &+ group]
          * (all.slope[m] - 2 * etas[group] * distance * all.cutoff[m])
        if 4 * group + 4 <= count {
          sum += slopes * CentreEnvironment.load(UnsafeMutablePointer(mutating: weights), 4 * group)
        } else {
          for lane in 0..<(count - 4 * group) {
            sum[lane] += slopes[lane] * weights[4 * group + lane]
          }
        }
      }
      let slope = Self.total(sum)
      let a = environment.angularPlaces[m]
      let radial = SIMD3(all.x[m], all.y[m], all.z[m]) * -slope
      let angular =
        a >= 0 ? SIMD3(columns.forceX[a], columns.forceY[a], columns.forceZ[a]) : .zero
      forces[environment.entries[m]] = radial + angular
    }
  }
}

/// Where a contraction keeps its numbers, the forces zero to begin with.
struct ContractionColumns {
  typealias Column = UnsafeMutablePointer<Double>

  /// For every pair.
  let values, byMean, byCosine: Column
  /// For every angular neighbour.
  let forceX, forceY, forceZ: Column
  /// Four ones and four zeros.
  let mask: Column

  init(_ centre: CentreDescriptor) {
    let (pairs, neighbours) = (centre.pairs.pitch, centre.environment.angularCount + 4)
    values = centre.contractionColumns(3 * pairs + 3 * neighbours + 8)
    byMean = values + pairs
    byCosine = byMean + pairs
    forceX = byCosine + pairs
    forceY = forceX + neighbours
    forceZ = forceY + neighbours
    mask = forceZ + neighbours
    mask.update(repeating: 1, count: 4)
    (mask + 4).update(repeating: 0, count: 4)
    forceX.update(repeating: 0, count: 3 * neighbours)
  }
}
