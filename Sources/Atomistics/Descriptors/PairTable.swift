import Tensors

/// The factors of equation 5 for all unordered pairs of one atom's neighbours.
///
/// Pairs stand by pair of species, then by first neighbour, each number in a column of its own. Columns
/// are made in stages, each a loop over all pairs, so that the processor works on four pairs at a time
/// however few neighbours each species has. Nothing looks for conflicting accesses.
final class PairTable {
  typealias Four = SIMD4<Double>
  typealias Column = UnsafeMutablePointer<Double>

  /// The pairs of one neighbour with `count` others that follow each other.
  struct Run {
    let first: Int
    let others: Int
    /// The place of the first pair.
    let start: Int
    let count: Int
  }

  /// All pairs of two species, a multiple of four: weighted Gaussians of those that fill up are zero.
  struct Group {
    let one: Int
    let other: Int
    let runs: Range<Int>
    let pairs: Range<Int>
  }

  private let constants: DescriptorConstants
  @exclusivity(unchecked) private var storage = AlignedStorage(byteCount: 0)
  @exclusivity(unchecked) private(set) var groups: [Group] = []
  @exclusivity(unchecked) private(set) var runs: [Run] = []
  @exclusivity(unchecked) private(set) var count = 0
  /// From one column to the next: some more than there are pairs.
  @exclusivity(unchecked) private(set) var pitch = 0

  /// For every pair the cosine of the angle j-i-k and half the sum of the distances.
  @exclusivity(unchecked) private(set) var cosines: Column
  @exclusivity(unchecked) private(set) var means: Column
  /// For every centre a column of the Gaussians in the mean distance; room for whole groups of four.
  @exclusivity(unchecked) private(set) var gauss: Column
  /// The same with the factor 2 f(r_ij) f(r_ik).
  @exclusivity(unchecked) private(set) var weightedGauss: Column
  /// For every angle a column of the angular factors, and of their derivatives by the cosine.
  @exclusivity(unchecked) private(set) var values: Column
  @exclusivity(unchecked) private(set) var slopes: Column

  init(_ constants: DescriptorConstants) {
    self.constants = constants
    cosines = storage.base.assumingMemoryBound(to: Double.self)
    (means, gauss, weightedGauss) = (cosines, cosines, cosines)
    (values, slopes) = (cosines, cosines)
  }

  /// Computes the factors of all pairs of the angular neighbours.
  ///
  /// - Parameter withSlopes: whether `slopes` are wanted too.
  func fill(_ environment: CentreEnvironment, withSlopes: Bool) {
    listPairs(environment)
    reserve()
    fillGeometry(environment.angular)
    for angle in constants.angles {
      if withSlopes { fillBasesAndSlopes(angle) } else { fillBases(angle) }
    }
    if constants.wholePower >= 0 {
      raiseToWhole(withSlopes: withSlopes)
    } else {
      raiseToReal(withSlopes: withSlopes)
    }
    if let fall = constants.angularGridFall { fillGaussOnGrid(fall) } else { fillGauss() }
  }

  private func listPairs(_ environment: CentreEnvironment) {
    groups.removeAll(keepingCapacity: true)
    runs.removeAll(keepingCapacity: true)
    count = 0
    let (starts, species) = (environment.groupStarts, constants.speciesCount)
    for one in 0..<species where starts[one] < starts[one + 1] {
      for other in one..<species where starts[other] < starts[other + 1] {
        let (firstRun, firstPair) = (runs.count, count)
        for j in starts[one]..<starts[one + 1] {
          let others = max(starts[other], j + 1)
          let length = starts[other + 1] - others
          guard length > 0 else { continue }
          runs.append(Run(first: j, others: others, start: count, count: length))
          count += length
        }
        guard count > firstPair else { continue }
        count = count.roundedUp(toMultipleOf: 4)
        groups.append(
          Group(one: one, other: other, runs: firstRun..<runs.count, pairs: firstPair..<count))
      }
    }
  }

  private func reserve() {
    // The last vector of the last run may reach beyond its pairs.
    pitch = count + 4
    let needed = 8 * (pitch * (4 + 8 * constants.angularGroups) + 2 * angleArea)
    if needed > storage.byteCount { storage = AlignedStorage(byteCount: needed + needed / 4) }
    cosines = storage.base.assumingMemoryBound(to: Double.self)
    means = cosines + pitch
    gauss = means + 3 * pitch
    weightedGauss = gauss + 4 * constants.angularGroups * pitch
    values = weightedGauss + 4 * constants.angularGroups * pitch
    slopes = values + angleArea
    (values + constants.zeroColumn * pitch).update(repeating: 0, count: pitch)
    (slopes + constants.zeroColumn * pitch).update(repeating: 0, count: pitch)
  }

  /// Room for the columns of all angles, and for a step of powers that reaches beyond them.
  private var angleArea: Int { constants.angleColumns * pitch + 32 }

  /// The squares of the sines, and what the Gaussians are multiplied with.
  private var sinSquares: Column { means + pitch }
  private var weights: Column { means + 2 * pitch }

  private func fillGeometry(_ columns: CentreEnvironment.Columns) {
    for group in groups {
      for run in runs[group.runs] { fillGeometry(run, columns) }
      let end = runs[group.runs.upperBound - 1]
      for place in end.start + end.count..<group.pairs.upperBound {
        (cosines[place], means[place], weights[place]) = (0, 0, 0)
      }
    }
    for place in count..<pitch { (cosines[place], means[place], weights[place]) = (0, 0, 0) }
    fillSines()
  }

  private func fillGeometry(
    _ run: Run, _ columns: CentreEnvironment.Columns
  ) {
    let (one, half) = (Four(repeating: 1), Four(repeating: 0.5))
    let (cosines, means, weights) = (cosines, means, weights)
    let j = run.first
    let (x, y, z, r) = (columns.x[j], columns.y[j], columns.z[j], columns.r[j])
    let cutoff = 2 * columns.cutoff[j]
    var at = 0
    // The last vector may reach into the next run's places, which are written later, or the padding.
    while at < run.count {
      let (k, place) = (run.others &+ at, run.start &+ at)
      let product =
        CentreEnvironment.load(columns.x, k) * x + CentreEnvironment.load(columns.y, k) * y
        + CentreEnvironment.load(columns.z, k) * z
      let below = product.replacing(with: one, where: product .> one)
      CentreEnvironment.store(below.replacing(with: -one, where: below .< -one), cosines, place)
      CentreEnvironment.store((CentreEnvironment.load(columns.r, k) + r) * half, means, place)
      CentreEnvironment.store(CentreEnvironment.load(columns.cutoff, k) * cutoff, weights, place)
      at &+= 4
    }
  }

  /// Above zero, so that without epsilon three atoms in line give no 0/0.
  private func fillSines() {
    let (cosines, sinSquares, scale) = (cosines, sinSquares, constants.cosineScale)
    let least = Four(repeating: 1e-14)
    for pair in stride(from: 0, to: pitch, by: 4) {
      let cosine = CentreEnvironment.load(cosines, pair) * scale
      let squared = 1 - cosine * cosine
      CentreEnvironment.store(
        squared.replacing(with: least, where: squared .< least), sinSquares, pair)
    }
  }

  // MARK: Angles

  /// With S = sqrt(1 - cos² + epsilon sin²θs): x = (1 + cos cosθs + S sinθs)/2, and for the mirror image
  /// of the angle (1 - cos cosθs + S sinθs)/2; both over their highest, the root of the norm N.
  private func fillBases(_ angle: DescriptorConstants.Angle) {
    let (front, back) = (values + angle.front * pitch, values + angle.back * pitch)
    let (cosines, sinSquares) = (cosines, sinSquares)
    let halfCos = angle.halfCos * constants.cosineScale
    for pair in stride(from: 0, to: pitch, by: 4) {
      let squared = CentreEnvironment.load(sinSquares, pair) + angle.epsilonSin2
      let root = squared * VectorMath.inverseSquareRoot(squared)
      let middle = root * angle.halfSin + angle.half
      let aside = CentreEnvironment.load(cosines, pair) * halfCos
      CentreEnvironment.store(middle + aside, front, pair)
      CentreEnvironment.store(middle - aside, back, pair)
    }
  }

  /// The same, and zeta times the derivatives by the cosine: (±cosθs - sinθs cos/S)/2.
  private func fillBasesAndSlopes(_ angle: DescriptorConstants.Angle) {
    let (front, back) = (values + angle.front * pitch, values + angle.back * pitch)
    let (cosines, sinSquares) = (cosines, sinSquares)
    let toSlopes = angleArea
    let scale = constants.cosineScale
    let halfCos = angle.halfCos * scale
    let slopeCos = Four(repeating: halfCos * angle.zeta)
    let slopeSin = angle.halfSin * scale * scale * angle.zeta
    for pair in stride(from: 0, to: pitch, by: 4) {
      let squared = CentreEnvironment.load(sinSquares, pair) + angle.epsilonSin2
      let inverse = VectorMath.inverseSquareRoot(squared)
      let middle = squared * inverse * angle.halfSin + angle.half
      let cosine = CentreEnvironment.load(cosines, pair)
      let (aside, down) = (cosine * halfCos, cosine * inverse * slopeSin)
      CentreEnvironment.store(middle + aside, front, pair)
      CentreEnvironment.store(middle - aside, back, pair)
      CentreEnvironment.store(slopeCos - down, front + toSlopes, pair)
      CentreEnvironment.store(-slopeCos - down, back + toSlopes, pair)
    }
  }

  /// x^zeta and zeta x^(zeta-1) · dx by multiplications: many pairs at a time, since each product waits for
  /// the one before it.
  private func raiseToWhole(withSlopes: Bool) {
    let end = constants.angleCount * pitch
    var place = 0
    while place &+ 32 <= end {
      raise(place, withSlopes)
      place &+= 32
    }
    // What is left is done with some of what stands behind it, which is of no use.
    if place < end { raise(place, withSlopes) }
    (values + end).update(repeating: 0, count: pitch)
    if withSlopes { (slopes + end).update(repeating: 0, count: pitch) }
  }

  @inline(__always)
  private func raise(_ place: Int, _ withSlopes: Bool) {
    let (value, slope) = (values + place, slopes + place)
    let exponent = constants.wholePower
    @inline(__always)
    func x(_ index: Int) -> Four { CentreEnvironment.load(value, 4 &* index) }
    var (a, b, c, d, e, f, g, h) = (x(0), x(1), x(2), x(3), x(4), x(5), x(6), x(7))
    if exponent == 0 {
      let one = Four(repeating: 1)
      (a, b, c, d, e, f, g, h) = (one, one, one, one, one, one, one, one)
    }
    var bit = exponent == 0 ? 0 : 1 << (62 - exponent.leadingZeroBitCount)
    while bit > 0 {
      (a, b, c, d, e, f, g, h) = (a * a, b * b, c * c, d * d, e * e, f * f, g * g, h * h)
      if exponent & bit != 0 {
        (a, b, c, d) = (a * x(0), b * x(1), c * x(2), d * x(3))
        (e, f, g, h) = (e * x(4), f * x(5), g * x(6), h * x(7))
      }
      bit &>>= 1
    }
    @inline(__always)
    func finish(_ power: Four, _ index: Int) {
      CentreEnvironment.store(power * x(index), value, 4 &* index)
      guard withSlopes else { return }
      CentreEnvironment.store(
        power * CentreEnvironment.load(slope, 4 &* index), slope, 4 &* index)
    }
    finish(a, 0)
    finish(b, 1)
    finish(c, 2)
    finish(d, 3)
    finish(e, 4)
    finish(f, 5)
    finish(g, 6)
    finish(h, 7)
  }

  /// The same for any exponents, by logarithm and exponential.
  private func raiseToReal(withSlopes: Bool) {
    let least = Four(repeating: 1e-300)
    for (angle, zeta) in constants.parameters.zetas.enumerated() {
      let (value, slope) = (values + angle * pitch, slopes + angle * pitch)
      for pair in stride(from: 0, to: pitch, by: 4) {
        // Opposite directions without epsilon: x is zero but for rounding, maybe below.
        let found = CentreEnvironment.load(value, pair)
        let x = found.replacing(with: least, where: found .< least)
        let power = VectorMath.exp(VectorMath.log(x) * (zeta - 1))
        CentreEnvironment.store(power * x, value, pair)
        guard withSlopes else { continue }
        CentreEnvironment.store(power * CentreEnvironment.load(slope, pair), slope, pair)
      }
    }
  }

  // MARK: Mean distances

  /// On a grid of step D every Gaussian is the one before times exp(eta D (2 d - D)), d being the
  /// distance from that one's centre; and that factor falls by exp(-2 eta D²) from centre to centre.
  private func fillGaussOnGrid(_ fall: Double) {
    let (radii, eta) = (constants.angularCount, constants.angularEtas[0][0])
    let (start, step) = (constants.angularCentres[0][0], constants.parameters.angularStep)
    let ratio = gauss + (radii > 1 ? (radii - 1) * pitch : 0)
    for pair in stride(from: 0, to: count, by: 4) {
      let distance = CentreEnvironment.load(means, pair) - start
      CentreEnvironment.store(distance * distance * -eta, gauss, pair)
      if radii > 1 {
        CentreEnvironment.store((2 * distance - step) * (eta * step), ratio, pair)
      }
    }
    VectorMath.exp(gauss, gauss, count)
    if radii > 1 { VectorMath.exp(ratio, ratio, count) }
    for pair in stride(from: 0, to: count, by: 4) {
      var value = CentreEnvironment.load(gauss, pair)
      var factor = CentreEnvironment.load(ratio, pair)
      for p in 1..<max(1, radii) {
        value *= factor
        factor *= fall
        CentreEnvironment.store(value, gauss, p &* pitch &+ pair)
      }
    }
  }

  /// Centres and widths one by one.
  private func fillGauss() {
    for p in 0..<constants.angularCount {
      let (centre, eta) = (
        constants.angularCentres[p / 4][p % 4], constants.angularEtas[p / 4][p % 4]
      )
      let column = gauss + p * pitch
      for pair in stride(from: 0, to: count, by: 4) {
        let distance = CentreEnvironment.load(means, pair) - centre
        CentreEnvironment.store(distance * distance * -eta, column, pair)
      }
      VectorMath.exp(column, column, count)
    }
  }

  /// The Gaussians as sums over pairs take them.
  func weightGauss() {
    for p in 0..<constants.angularCount {
      let (source, target) = (gauss + p * pitch, weightedGauss + p * pitch)
      for pair in stride(from: 0, to: count, by: 4) {
        CentreEnvironment.store(
          CentreEnvironment.load(source, pair) * CentreEnvironment.load(weights, pair), target,
          pair)
      }
    }
  }
}
