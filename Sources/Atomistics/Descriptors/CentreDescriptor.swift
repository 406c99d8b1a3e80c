import Tensors

/// The descriptor of one atom at a time, with or without derivatives.
///
/// The sums over pairs of equation 5 run over ordered pairs j, k with half the factor. With
/// derivatives they are arranged so that, for one j, everything is a sum over k of products that
/// stay in registers: with w = f(r_ik) exp(…) and T the angular factor,
///
///     V = Σ T w        V1 = Σ T w r_ik        D = Σ T' w u_k
///
/// give the value f(r_ij) V, its derivative by r_ij and, perpendicular to u_j, by the direction.
///
/// One thread at a time uses it, and many times for each atom: nothing looks for conflicting accesses.
final class CentreDescriptor: CentreCalculator {
  typealias Four = SIMD4<Double>
  typealias Eight = SIMD8<Double>

  let constants: DescriptorConstants
  let environment: CentreEnvironment
  /// Zeros before and after every run of components, for lanes without angle.
  static let guardLanes = 8

  let values: Column
  let block: Column
  let sum: Column
  let stride: Int
  private let rows: AlignedStorage

  /// Angular sums by pair of species, centre and lane block.
  let lanes: UnsafeMutablePointer<Eight>
  private let laneStorage: AlignedStorage
  let laneCount: Int

  let pairs: PairTable
  /// For ordered pairs of neighbours the angular factor and its derivative, and w above.
  @exclusivity(unchecked) private var tables = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private var tableCapacity = 0
  @exclusivity(unchecked) private(set) var factors: UnsafeMutablePointer<Eight>
  @exclusivity(unchecked) private(set) var weights: UnsafeMutablePointer<Four>
  /// For every neighbour the derivatives of the radial components by the distance.
  @exclusivity(unchecked) private(set) var slopes = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private var slopeCapacity = 0

  /// Whether the last derivatives were by an angular neighbour.
  @exclusivity(unchecked) var lastHasAngles = false
  @exclusivity(unchecked) private var radialStorage = AlignedStorage(byteCount: 0)
  /// Columns that contractions put together: for every pair what its energy changes with value, mean
  /// distance and cosine, for every neighbour the three components of its force.
  @exclusivity(unchecked) private var contraction = AlignedStorage(byteCount: 0)

  /// Room for `count` numbers, what was there before included.
  func contractionColumns(_ count: Int) -> Column {
    if count * 8 > contraction.byteCount {
      contraction = AlignedStorage(byteCount: count * 12)
    }
    return contraction.base.assumingMemoryBound(to: Double.self)
  }

  init(_ constants: DescriptorConstants) {
    self.constants = constants
    let parameters = constants.parameters
    environment = CentreEnvironment(
      species: parameters.species.count, radialCutoff: parameters.radialCutoff,
      angularCutoff: parameters.angularCutoff)
    pairs = PairTable(constants)
    stride = (parameters.size + 2 * Self.guardLanes).roundedUp(toMultipleOf: 8)
    rows = AlignedStorage(byteCount: 7 * stride * 8)
    values = rows.base.assumingMemoryBound(to: Double.self) + Self.guardLanes
    block = values + stride
    sum = values + 4 * stride
    let species = parameters.species.count
    laneCount = species * (species + 1) / 2 * parameters.angularCount * constants.laneBlocks
    laneStorage = AlignedStorage(byteCount: laneCount * 64)
    lanes = laneStorage.base.assumingMemoryBound(to: Eight.self)
    factors = tables.base.assumingMemoryBound(to: Eight.self)
    weights = tables.base.assumingMemoryBound(to: Four.self)
    radialGaussians = radialStorage.base.assumingMemoryBound(to: Four.self)
  }

  /// Where the lanes of a pair of species begin.
  @inline(__always)
  func laneStart(_ one: Int, _ other: Int) -> Int {
    constants.pairOfSpecies(one, other) &* constants.angularCount &* constants.laneBlocks
  }

  /// Computes the values alone.
  func computeValues(_ centre: Int, _ input: DescriptorInput) {
    gather(centre, input)
    pairs.fill(environment, for: .values)
    addValues(input)
  }

  /// Looks around an atom.
  func gather(_ centre: Int, _ input: DescriptorInput) {
    environment.gather(centre, input)
    fillRadialGaussians()
  }

  /// The values from the pairs' factors.
  func addValues(_ input: DescriptorInput) {
    values.update(repeating: 0, count: constants.parameters.size)
    addRadial(input, slopes: nil)
    addAngularValues()
  }

  /// Computes the values and what `derivatives(by:)` needs.
  func prepareDerivatives(_ centre: Int, _ input: DescriptorInput) {
    gather(centre, input)
    clear()
    let needed = environment.count * constants.radialGroups
    if needed > slopeCapacity {
      slopeCapacity = 2 * needed
      slopes = AlignedStorage(byteCount: slopeCapacity * 32)
    }
    addRadial(input, slopes: slopes.base.assumingMemoryBound(to: Double.self))
    fillTables()
    sum.update(repeating: 0, count: 3 * stride - Self.guardLanes)
  }

  private func clear() {
    values.update(repeating: 0, count: stride - Self.guardLanes)
    forEachPairOfSpecies { one, other in
      (lanes + laneStart(one, other)).update(repeating: .zero, count: lanesOfPair)
    }
  }

  private var lanesOfPair: Int { constants.angularCount * constants.laneBlocks }

  /// Calls `body` for every pair of species that both have angular neighbours.
  private func forEachPairOfSpecies(_ body: (Int, Int) -> Void) {
    let (starts, species) = (environment.groupStarts, constants.speciesCount)
    for one in 0..<species where starts[one] < starts[one + 1] {
      for other in one..<species where starts[other] < starts[other + 1] { body(one, other) }
    }
  }

  /// For all neighbours the Gaussians in the distance, groups of four centres one after the other.
  @exclusivity(unchecked) private(set) var radialGaussians: UnsafeMutablePointer<Four>

  private func fillRadialGaussians() {
    let (count, groups) = (environment.count, constants.radialGroups)
    if count * (groups + 2) * 32 > radialStorage.byteCount {
      radialStorage = AlignedStorage(byteCount: count * (groups + 2) * 48)
    }
    radialGaussians = radialStorage.base.assumingMemoryBound(to: Four.self)
    if constants.radialGridFall.isNaN {
      fillRadialGaussians(ofGroups: groups)
    } else {
      fillRadialGaussiansOnGrid()
    }
  }

  private func fillRadialGaussians(ofGroups groups: Int) {
    let (gaussians, count) = (radialGaussians, environment.count)
    let (r, centres, etas) = (environment.all.r, constants.radialCentres, constants.radialEtas)
    for m in 0..<count {
      for group in 0..<groups {
        let distance = r[m] - centres[group]
        gaussians[m &* groups &+ group] = distance * distance * -etas[group]
      }
    }
    // All at once: a vector alone would be taken apart.
    let numbers = UnsafeMutableRawPointer(gaussians).assumingMemoryBound(to: Double.self)
    VectorMath.exp(numbers, numbers, 4 * count * groups)
  }

  /// On a grid of step D the Gaussians of a group are those of the group before times exp(8 eta D (d - 2 D)), d being
  /// the distance from those centres; and that factor falls by exp(-32 eta D²) from group to group.
  private func fillRadialGaussiansOnGrid() {
    let (gaussians, count, groups) = (
      radialGaussians, environment.count, constants.radialGroups
    )
    // What the first groups and their factors are before they are put in their places.
    let starts = gaussians + count &* groups
    let (r, centres) = (environment.all.r, constants.radialCentres[0])
    let (eta, step) = (constants.radialEtas[0].x, constants.parameters.radialStep)
    let factor = groups > 1 ? 8 * eta * step : 0
    for m in 0..<count {
      let distance = r[m] - centres
      starts[2 &* m] = distance * distance * -eta
      starts[2 &* m &+ 1] = (distance - 2 * step) * factor
    }
    let numbers = UnsafeMutableRawPointer(starts).assumingMemoryBound(to: Double.self)
    VectorMath.exp(numbers, numbers, 8 * count)
    let fall = constants.radialGridFall
    for m in 0..<count {
      var (value, ratio) = (starts[2 &* m], starts[2 &* m &+ 1])
      let place = gaussians + m &* groups
      for group in 0..<groups {
        place[group] = value
        value *= ratio
        ratio *= fall
      }
    }
  }

  /// Equation 3: `G = Σ exp(-eta (r - Rs)²) f(r)`.
  private func addRadial(_ input: DescriptorInput, slopes: Column?) {
    let (count, etas) = (constants.radialCount, constants.radialEtas)
    let (all, groups, centres) = (environment.all, constants.radialGroups, constants.radialCentres)
    let gaussians = radialGaussians
    for m in 0..<environment.count {
      let species = Int(input.species[environment.atoms[m]])
      let target = values + constants.radialOffset(species)
      for group in 0..<groups {
        let gauss = gaussians[m &* groups &+ group]
        let value = gauss * all.cutoff[m]
        if 4 * group + 4 <= count {
          CentreEnvironment.add(value, target, 4 * group)
        } else {
          for lane in 0..<(count - 4 * group) { target[4 * group + lane] += value[lane] }
        }
        guard let slopes else { continue }
        let distance = all.r[m] - centres[group]
        let slope = gauss * all.slope[m] - 2 * etas[group] * distance * value
        CentreEnvironment.store(slope, slopes, 4 * (m * groups + group))
      }
    }
  }

  /// Equation 5 over unordered pairs, without derivatives.
  private func addAngularValues() {
    for group in pairs.groups {
      let target = values + constants.angularOffset(group.one, group.other)
      for p in Swift.stride(from: 0, to: constants.angularCount, by: 2) {
        for angle in Swift.stride(from: 0, to: constants.angleCount, by: 4) {
          addValues(group.pairs, angle, p, target)
        }
      }
    }
  }

  /// Adds the sums of four angles and two centres at a time, which take as many registers.
  private func addValues(_ range: Range<Int>, _ angle: Int, _ p: Int, _ target: Column) {
    let pitch = pairs.pitch
    let one = pairs.values + angle * pitch
    let gauss = pairs.weightedGauss + p * pitch
    var sums = (Four.zero, Four.zero, Four.zero, Four.zero)
    var others = sums
    for pair in Swift.stride(from: range.lowerBound, to: range.upperBound, by: 4) {
      let weight = CentreEnvironment.load(gauss, pair)
      let other = CentreEnvironment.load(gauss, pair &+ pitch)
      let first = CentreEnvironment.load(one, pair)
      let second = CentreEnvironment.load(one, pair &+ pitch)
      let third = CentreEnvironment.load(one, pair &+ 2 &* pitch)
      let fourth = CentreEnvironment.load(one, pair &+ 3 &* pitch)
      sums.0 += first * weight
      sums.1 += second * weight
      sums.2 += third * weight
      sums.3 += fourth * weight
      others.0 += first * other
      others.1 += second * other
      others.2 += third * other
      others.3 += fourth * other
    }
    let (centres, angles) = (constants.angularCount, constants.angleCount)
    let place = target + (p * angles + angle)
    func add(_ totals: Four, _ place: Column) {
      if angle + 4 <= angles {
        CentreEnvironment.add(totals, place, 0)
      } else {
        for lane in 0..<(angles - angle) { place[lane] += totals[lane] }
      }
    }
    add(Self.totals(sums.0, sums.1, sums.2, sums.3), place)
    if p + 1 < centres {
      add(Self.totals(others.0, others.1, others.2, others.3), place + angles)
    }
  }

  /// The sum of each vector's numbers.
  @inline(__always)
  private static func totals(_ a: Four, _ b: Four, _ c: Four, _ d: Four) -> Four {
    let first = Four(a.x, b.x, a.z, b.z) + Four(a.y, b.y, a.w, b.w)
    let second = Four(c.x, d.x, c.z, d.z) + Four(c.y, d.y, c.w, d.w)
    return Four(first.x, first.y, second.x, second.y) + Four(first.z, first.w, second.z, second.w)
  }

  @inline(__always)
  static func total(_ v: Four) -> Double {
    let pair = v.lowHalf + v.highHalf
    return pair.x + pair.y
  }

  /// The angular factors and weights of all ordered pairs.
  private func fillTables() {
    let n = environment.angularCount
    let (groups, blocks) = (constants.angularGroups, constants.laneBlocks)
    reserveTables(n)
    for j in 0..<n {
      for at in 0..<(2 * blocks) { factors[(j * n + j) * 2 * blocks + at] = .zero }
      for at in 0..<groups { weights[(j * n + j) * groups + at] = .zero }
    }
    pairs.fill(environment, for: .derivatives)
    for run in pairs.runs {
      for at in 0..<run.count { fillTables(run.first, run.others &+ at, run.start &+ at, n) }
    }
  }

  @inline(__always)
  private func fillTables(_ j: Int, _ k: Int, _ pair: Int, _ n: Int) {
    let (groups, blocks, pitch) = (
      constants.angularGroups, constants.laneBlocks, pairs.pitch
    )
    let cutoff = environment.angular.cutoff
    let (jk, kj) = (j &* n &+ k, k &* n &+ j)
    for block in 0..<blocks {
      let (value, slope) = (lanes(pairs.values, block, pair), lanes(pairs.slopes, block, pair))
      let (there, back) = (2 &* (jk &* blocks &+ block), 2 &* (kj &* blocks &+ block))
      factors[there] = value
      factors[there &+ 1] = slope
      factors[back] = value
      factors[back &+ 1] = slope
    }
    for group in 0..<groups {
      let column = pairs.gauss + (4 &* group &* pitch &+ pair)
      let weight = Four(
        column[0], column[pitch], column[2 &* pitch], column[3 &* pitch])
      weights[jk &* groups &+ group] = weight * cutoff[k]
      weights[kj &* groups &+ group] = weight * cutoff[j]
    }
  }

  /// The numbers of eight angles for one pair, zeros behind the last angle.
  @inline(__always)
  private func lanes(_ columns: Column, _ block: Int, _ pair: Int) -> Eight {
    let (pitch, end) = (pairs.pitch, constants.zeroColumn)
    @inline(__always)
    func lane(_ lane: Int) -> Double { columns[min(8 &* block &+ lane, end) &* pitch &+ pair] }
    return Eight(lane(0), lane(1), lane(2), lane(3), lane(4), lane(5), lane(6), lane(7))
  }

  private func reserveTables(_ n: Int) {
    let (groups, blocks) = (constants.angularGroups, constants.laneBlocks)
    if n > tableCapacity {
      tableCapacity = n + n / 4 + 4
      tables = AlignedStorage(
        byteCount: tableCapacity * tableCapacity * (blocks * 128 + groups * 32))
      factors = tables.base.assumingMemoryBound(to: Eight.self)
    }
    let end = tables.base + n * n * blocks * 128
    weights = end.assumingMemoryBound(to: Four.self)
  }

  /// Adds the angular sums of the lanes to the components.
  func finishValues() {
    forEachPairOfSpecies { one, other in
      let source = lanes + laneStart(one, other)
      let target = values + constants.angularOffset(one, other)
      for p in 0..<constants.angularCount {
        for block in 0..<constants.laneBlocks {
          add(
            source[p * constants.laneBlocks + block], to: target + p * constants.angleCount, block)
        }
      }
    }
  }

  /// Adds eight lanes to the components of their angles; behind the last angle they are zero.
  @inline(__always)
  func add(_ eight: Eight, to angles: Column, _ block: Int) {
    CentreEnvironment.add(eight.lowHalf, angles, 8 &* block)
    CentreEnvironment.add(eight.highHalf, angles, 8 &* block &+ 4)
  }
}
