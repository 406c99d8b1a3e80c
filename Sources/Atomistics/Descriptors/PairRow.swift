import Tensors

/// The factors of equation 5 for one neighbour j and all neighbours k after it.
///
/// Made in stages, each a short loop over k, so that the processor works on many k at a time.
final class PairRow {
  typealias Four = SIMD4<Double>
  typealias Eight = SIMD8<Double>
  typealias Column = UnsafeMutablePointer<Double>

  private let constants: DescriptorConstants
  private var storage = AlignedStorage(byteCount: 0)
  private var capacity = 0

  /// For every k the cosine of the angle j-i-k and half the sum of the distances.
  private(set) var cosines: Column
  private(set) var means: Column
  /// For every k and lane block the angular factor, and its derivative by the cosine.
  private(set) var values: UnsafeMutablePointer<Eight>
  private(set) var slopes: UnsafeMutablePointer<Eight>
  /// For every k and centre the Gaussian in the mean distance.
  private(set) var gauss: UnsafeMutablePointer<Four>

  init(_ constants: DescriptorConstants) {
    self.constants = constants
    values = storage.base.assumingMemoryBound(to: Eight.self)
    slopes = values
    gauss = storage.base.assumingMemoryBound(to: Four.self)
    cosines = storage.base.assumingMemoryBound(to: Double.self)
    means = cosines
  }

  private func reserve(_ neighbours: Int) {
    guard neighbours + 4 > capacity else { return }
    capacity = (neighbours + neighbours / 4 + 4).roundedUp(toMultipleOf: 8)
    let eights = capacity * constants.laneBlocks
    storage = AlignedStorage(
      byteCount: eights * 128 + capacity * (constants.angularGroups * 32 + 16))
    values = storage.base.assumingMemoryBound(to: Eight.self)
    slopes = values + eights
    let rest = storage.base + eights * 128
    gauss = rest.assumingMemoryBound(to: Four.self)
    cosines = (rest + capacity * constants.angularGroups * 32).assumingMemoryBound(to: Double.self)
    means = cosines + capacity
  }

  /// Computes the factors of neighbour `j` with `first`, `first + 1` … up to below `end`; the first
  /// is at index 0.
  func fill(
    _ j: Int, _ first: Int, _ end: Int, _ columns: CentreEnvironment.Columns, withSlopes: Bool
  ) {
    let count = end - first
    guard count > 0 else { return }
    reserve(count)
    fillAngles(j, first, count, columns)
    for block in 0..<constants.laneBlocks {
      if withSlopes { fillBasesAndSlopes(block, count) } else { fillBases(block, count) }
      if constants.wholePower >= 0 {
        raiseToWhole(block, count, withSlopes: withSlopes)
      } else {
        raiseToReal(block, count, withSlopes: withSlopes)
      }
    }
    fillGauss(count)
  }

  /// The Gaussian of centre `p` for the k at `index`; that of the next k is four per group further.
  @inline(__always)
  func gaussian(_ index: Int, _ p: Int) -> UnsafePointer<Double> {
    UnsafeRawPointer(gauss + index * constants.angularGroups)
      .assumingMemoryBound(to: Double.self) + p
  }

  private func fillAngles(
    _ j: Int, _ first: Int, _ count: Int, _ columns: CentreEnvironment.Columns
  ) {
    let (x, y, z, r) = (columns.x[j], columns.y[j], columns.z[j], columns.r[j])
    let (one, cosines, means) = (Four(repeating: 1), cosines, means)
    var k = 0
    // The last group may reach into the columns' padding, never beyond it.
    while k < count {
      let product =
        CentreEnvironment.load(columns.x, first &+ k) * x
        + CentreEnvironment.load(columns.y, first &+ k) * y
        + CentreEnvironment.load(columns.z, first &+ k) * z
      let below = product.replacing(with: one, where: product .> one)
      CentreEnvironment.store(below.replacing(with: -one, where: below .< -one), cosines, k)
      let mean = (CentreEnvironment.load(columns.r, first &+ k) + r) * 0.5
      CentreEnvironment.store(mean, means, k)
      k &+= 4
    }
  }

  /// With S = sqrt(1 - cos² + epsilon sin²θs): x = (1 + cos cosθs + S sinθs)/2.
  private func fillBases(_ block: Int, _ count: Int) {
    let (epsilonSin2, halfCos) = (constants.epsilonSin2[block], constants.halfCos[block])
    let (halfSin, blocks) = (constants.halfSin[block], constants.laneBlocks)
    let (cosines, scale) = (cosines, constants.parameters.cosineScale)
    var value = values + block
    for k in 0..<count {
      let cosine = cosines[k] * scale
      let squared = epsilonSin2 + Self.sinSquared(cosine)
      let root = squared * VectorMath.inverseSquareRoot(squared)
      value.pointee = 0.5 + halfCos * cosine + halfSin * Self.mirrored(root)
      value += blocks
    }
  }

  /// The same, and the derivative of x by the cosine: (cosθs - sinθs cos/S)/2.
  private func fillBasesAndSlopes(_ block: Int, _ count: Int) {
    let (epsilonSin2, halfCos) = (constants.epsilonSin2[block], constants.halfCos[block])
    let (halfSin, blocks) = (constants.halfSin[block], constants.laneBlocks)
    let (cosines, scale) = (cosines, constants.parameters.cosineScale)
    let (slopeCos, slopeSin) = (halfCos * scale, halfSin * scale)
    var (value, slope) = (values + block, slopes + block)
    for k in 0..<count {
      let cosine = cosines[k] * scale
      let squared = epsilonSin2 + Self.sinSquared(cosine)
      let inverse = VectorMath.inverseSquareRoot(squared)
      value.pointee =
        0.5 + halfCos * cosine + halfSin * Self.mirrored(squared * inverse)
      slope.pointee = slopeCos - slopeSin * Self.mirrored(inverse * cosine)
      value += blocks
      slope += blocks
    }
  }

  /// Above zero, so that without epsilon three atoms in line give no 0/0.
  @inline(__always)
  private static func sinSquared(_ cosine: Double) -> Double { max(1 - cosine * cosine, 1e-14) }

  /// Lanes of four angles from the front and of their mirror images from the back.
  @inline(__always)
  private static func mirrored(_ v: Four) -> Eight {
    Eight(lowHalf: v, highHalf: Four(v.w, v.z, v.y, v.x))
  }

  /// x^zeta / N and its derivative zeta x^(zeta-1) / N · dx, by multiplications.
  private func raiseToWhole(_ block: Int, _ count: Int, withSlopes: Bool) {
    let (norm, blocks, exponent) = (
      constants.norm[block], constants.laneBlocks, constants.wholePower
    )
    let scale = norm * constants.zetas[block]
    let highest = exponent == 0 ? 0 : 1 << (63 - exponent.leadingZeroBitCount)
    var (value, slope) = (values + block, slopes + block)
    for _ in 0..<count {
      let x = value.pointee
      var power = highest == 0 ? Eight(repeating: 1) : x
      var bit = highest &>> 1
      while bit > 0 {
        power *= power
        if exponent & bit != 0 { power *= x }
        bit &>>= 1
      }
      value.pointee = power * norm * x
      if withSlopes { slope.pointee *= power * scale }
      value += blocks
      slope += blocks
    }
  }

  /// The same for any exponent, by logarithm and exponential.
  private func raiseToReal(_ block: Int, _ count: Int, withSlopes: Bool) {
    let (norm, blocks, zeta) = (constants.norm[block], constants.laneBlocks, constants.zetas[block])
    let (scale, exponent, least) = (norm * zeta, zeta - 1, Eight(repeating: 1e-300))
    var (value, slope) = (values + block, slopes + block)
    for _ in 0..<count {
      // Opposite directions without epsilon: x is zero but for rounding, maybe below.
      let x = value.pointee.replacing(with: least, where: value.pointee .< least)
      let power = VectorMath.exp(VectorMath.log(x) * exponent)
      value.pointee = power * norm * x
      if withSlopes { slope.pointee *= power * scale }
      value += blocks
      slope += blocks
    }
  }

  /// The exponents first, then all exponentials at once: one loop with its constants in registers.
  private func fillGauss(_ count: Int) {
    let (groups, means) = (constants.angularGroups, means)
    for group in 0..<groups {
      let (centres, etas) = (constants.angularCentres[group], constants.angularEtas[group])
      var target = gauss + group
      for k in 0..<count {
        let distance = means[k] - centres
        target.pointee = distance * distance * -etas
        target += groups
      }
    }
    let numbers = UnsafeMutableRawPointer(gauss).assumingMemoryBound(to: Double.self)
    VectorMath.exp(numbers, numbers, 4 * groups * count)
  }
}
