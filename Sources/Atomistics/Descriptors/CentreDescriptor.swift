import Tensors

/// The descriptor of one atom at a time, with or without derivatives.
///
/// The sums over pairs of equation 5 run over unordered pairs for values. Derivatives by neighbour j are
/// sums over its pairs with all k, of products that stay in registers: with w = f(r_ik) exp(…) and T the
/// angular factor,
///
///     S = Σ T w s_k        D = Σ T' w q_k
///
/// along u_j and perpendicular to it, where s_k is 2 (f(r_ij) exp(…))' / exp(…) by r_ij, and q_k is 2 f(r_ij) times the
/// derivative of the angle's cosine by j's position.
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

  let pairs: PairTable
  /// For ordered pairs of neighbours the angular factor and its derivative, and w above.
  @exclusivity(unchecked) private var tables = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private var tableCapacity = 0
  @exclusivity(unchecked) private(set) var factors: UnsafeMutablePointer<Eight>
  @exclusivity(unchecked) private(set) var weights: UnsafeMutablePointer<Four>
  /// What neighbour j's derivatives take of each k: w s_k, and the three columns of q_k.
  @exclusivity(unchecked) private(set) var along: UnsafeMutablePointer<Four>
  @exclusivity(unchecked) private(set) var across: (x: Column, y: Column, z: Column)
  /// For every neighbour the derivatives of the radial components by the distance.
  @exclusivity(unchecked) private(set) var slopes = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private var slopeCapacity = 0

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
    factors = tables.base.assumingMemoryBound(to: Eight.self)
    weights = tables.base.assumingMemoryBound(to: Four.self)
    along = weights
    across = (values, values, values)
    radialGaussians = radialStorage.base.assumingMemoryBound(to: Four.self)
  }

  /// Computes the values alone.
  func computeValues(_ centre: Int, _ input: DescriptorInput) {
    gather(centre, input)
    pairs.fill(environment, withSlopes: false)
    addValues(input, slopes: nil)
  }

  /// Looks around an atom.
  func gather(_ centre: Int, _ input: DescriptorInput) {
    environment.gather(centre, input)
    fillRadialGaussians()
  }

  /// The values from the pairs' factors.
  ///
  /// - Parameter slopes: receives the derivatives of the radial components by each neighbour's distance.
  func addValues(_ input: DescriptorInput, slopes: Column?) {
    values.update(repeating: 0, count: constants.parameters.size)
    addRadial(input, slopes: slopes)
    addAngularValues()
  }

  /// Computes the values and what `derivatives(by:)` needs.
  func prepareDerivatives(_ centre: Int, _ input: DescriptorInput) {
    gather(centre, input)
    let needed = environment.count * constants.radialGroups
    if needed > slopeCapacity {
      slopeCapacity = 2 * needed
      slopes = AlignedStorage(byteCount: slopeCapacity * 32)
    }
    pairs.fill(environment, withSlopes: true)
    addValues(input, slopes: slopes.base.assumingMemoryBound(to: Double.self))
    fillTables()
  }

  /// For all neighbours the Gaussians in the distance, groups of four centres one after the other.
  @exclusivity(unchecked) private(set) var radialGaussians: UnsafeMutablePointer<Four>

  private func fillRadialGaussians() {
    let (count, groups) = (environment.count, constants.radialGroups)
    if count * (groups + 2) * 32 > radialStorage.byteCount {
      radialStorage = AlignedStorage(byteCount: count * (groups + 2) * 48)
    }
    radialGaussians = radialStorage.base.assumingMemoryBound(to: Four.self)
    if let fall = constants.radialGridFall {
      fillRadialGaussiansOnGrid(fall)
    } else {
      fillRadialGaussiansOneByOne()
    }
  }

  private func fillRadialGaussiansOneByOne() {
    let (gaussians, count, groups) = (
      radialGaussians, environment.count, constants.radialGroups
    )
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
  private func fillRadialGaussiansOnGrid(_ fall: Double) {
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
    pairs.weightGauss()
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
      let ofPairs = tableCapacity * tableCapacity * (blocks * 128 + groups * 32)
      tables = AlignedStorage(
        byteCount: ofPairs + tableCapacity * groups * 32 + 3 * columnLength(tableCapacity) * 8)
      factors = tables.base.assumingMemoryBound(to: Eight.self)
    }
    let end = tables.base + n * n * blocks * 128
    weights = end.assumingMemoryBound(to: Four.self)
    along = weights + n * n * groups
    let columns = UnsafeMutableRawPointer(along + n * groups).assumingMemoryBound(to: Double.self)
    let length = columnLength(n)
    across = (columns, columns + length, columns + 2 * length)
  }

  /// The last vector of a column may reach beyond it.
  private func columnLength(_ n: Int) -> Int { n.roundedUp(toMultipleOf: 4) }

  /// What the derivatives by neighbour `a` take of each other one.
  func fillRow(_ a: Int) {
    let (columns, n, groups) = (
      environment.angular, environment.angularCount, constants.angularGroups
    )
    let (x, y, z, r) = (columns.x[a], columns.y[a], columns.z[a], columns.r[a])
    let (f, slope) = (columns.cutoff[a], columns.slope[a])
    let (scale, across) = (2 * f * columns.inverse[a], across)
    for k in Swift.stride(from: 0, to: n, by: 4) {
      let (toX, toY, toZ) = (
        CentreEnvironment.load(columns.x, k), CentreEnvironment.load(columns.y, k),
        CentreEnvironment.load(columns.z, k)
      )
      let cosine = toX * x + toY * y + toZ * z
      CentreEnvironment.store((toX - cosine * x) * scale, across.x, k)
      CentreEnvironment.store((toY - cosine * y) * scale, across.y, k)
      CentreEnvironment.store((toZ - cosine * z) * scale, across.z, k)
    }
    let (weights, along) = (weights + (a &* n &* groups), along)
    for group in 0..<groups {
      let (centres, etas) = (constants.angularCentres[group], constants.angularEtas[group])
      // Of the Gaussian in the mean distance, and of the cutoff function.
      let steady = etas * (centres - 0.5 * r) * (2 * f) + 2 * slope
      let falling = etas * f
      for k in 0..<n {
        let place = k &* groups &+ group
        along[place] = weights[place] * (steady - falling * columns.r[k])
      }
    }
  }

  /// Writes eight lanes to the components of their angles, or adds them; behind the last angle they are zero.
  @inline(__always)
  func put(_ eight: Eight, to angles: Column, _ block: Int, adds: Bool) {
    let place = UnsafeMutableRawPointer(angles + 8 &* block)
    let sum = adds ? place.loadUnaligned(as: Eight.self) + eight : eight
    place.storeBytes(of: sum, as: Eight.self)
  }
}
