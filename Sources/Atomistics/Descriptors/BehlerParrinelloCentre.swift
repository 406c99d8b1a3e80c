import Foundation
import Tensors

/// Behler–Parrinello descriptors of one atom at a time (equations 3 and 4).
///
/// Each unordered pair of neighbours counts once.
final class BehlerParrinelloCentre: CentreCalculator {
  private let parameters: BehlerParrinelloParameters
  let environment: CentreEnvironment
  let values: Column
  let block: Column
  let sum: Column
  let stride: Int
  private let storage: AlignedStorage
  /// Forces on the angular neighbours.
  private var pairForces: [SIMD3<Double>] = []

  init(_ parameters: BehlerParrinelloParameters) {
    self.parameters = parameters
    environment = CentreEnvironment(
      species: parameters.species.count, radialCutoff: parameters.radialCutoff,
      angularCutoff: parameters.angularCutoff)
    stride = parameters.size.roundedUp(toMultipleOf: 8)
    storage = AlignedStorage(byteCount: 7 * stride * 8)
    values = storage.base.assumingMemoryBound(to: Double.self)
    block = values + stride
    sum = values + 4 * stride
  }

  func computeValues(_ centre: Int, _ input: DescriptorInput) {
    environment.gather(centre, input)
    values.update(repeating: 0, count: stride)
    for m in 0..<environment.count {
      let target = values + Int(input.species[environment.atoms[m]]) * parameters.radialBlock
      forEachRadial(m) { component, value, _ in target[component] += value }
    }
    for (a, b, offset) in AngularPairs(environment, parameters) {
      guard let pair = pair(a, b) else { continue }
      let target = values + offset
      forEachAngular(pair) { component, value, _ in target[component] += value }
    }
  }

  func prepareDerivatives(_ centre: Int, _ input: DescriptorInput) {
    computeValues(centre, input)
  }

  func derivatives(by images: Range<Int>, species: Int) {
    block.update(repeating: 0, count: 3 * stride)
    let (stride, block) = (stride, block)
    for m in images {
      let radial = block + species * parameters.radialBlock
      let all = environment.all
      let direction = SIMD3(all.x[m], all.y[m], all.z[m])
      forEachRadial(m) { component, _, slope in
        for c in 0..<3 { radial[c * stride + component] += slope * direction[c] }
      }
      let a = environment.angularPlaces[m]
      if a >= 0 { addAngularBlock(a, species) }
    }
  }

  private func addAngularBlock(_ a: Int, _ species: Int) {
    let (starts, stride) = (environment.groupStarts, stride)
    for other in 0..<parameters.species.count {
      let target = block + parameters.angularOffset(species, other)
      for b in starts[other]..<starts[other + 1] where b != a {
        guard let pair = pair(a, b) else { continue }
        forEachAngular(pair) { component, _, slopes in
          let gradient = pair.gradientOfFirst(slopes)
          for c in 0..<3 { target[c * stride + component] += gradient[c] }
        }
      }
    }
  }

  func contract(
    _ centre: Int, _ input: DescriptorInput, gradient: UnsafePointer<Double>,
    forces: UnsafeMutablePointer<SIMD3<Double>>
  ) {
    environment.gather(centre, input)
    pairForces = Array(repeating: .zero, count: environment.angularCount)
    for (a, b, offset) in AngularPairs(environment, parameters) {
      guard let pair = pair(a, b) else { continue }
      var total = PairSlopes()
      forEachAngular(pair) { component, _, slopes in
        total.add(slopes, times: gradient[offset + component])
      }
      pairForces[a] -= pair.gradientOfFirst(total)
      pairForces[b] -= pair.gradientOfSecond(total)
    }
    for m in 0..<environment.count {
      let weights = gradient + Int(input.species[environment.atoms[m]]) * parameters.radialBlock
      var slope = 0.0
      forEachRadial(m) { component, _, own in slope += own * weights[component] }
      let (all, a) = (environment.all, environment.angularPlaces[m])
      let radial = SIMD3(all.x[m], all.y[m], all.z[m]) * -slope
      forces[environment.entries[m]] = a >= 0 ? radial + pairForces[a] : radial
    }
  }

  // MARK: The formulas

  /// Equation 3 for neighbour `m`: each component, its value and its derivative by the distance.
  @inline(__always)
  private func forEachRadial(_ m: Int, _ body: (Int, Double, Double) -> Void) {
    let (all, centres) = (environment.all, parameters.radialCentres)
    guard all.r[m] < parameters.radialCutoff else { return }
    var component = 0
    for eta in parameters.radialEtas {
      for centre in centres {
        let distance = all.r[m] - centre
        let gauss = exp(-eta * distance * distance)
        let value = gauss * all.cutoff[m]
        body(component, value, gauss * all.slope[m] - 2 * eta * distance * value)
        component += 1
      }
    }
  }

  /// Equation 4 for a pair: each component, its value and its derivatives.
  @inline(__always)
  private func forEachAngular(_ pair: NeighbourPair, _ body: (Int, Double, PairSlopes) -> Void) {
    let (fa, fb, fc) = (pair.first.cutoff, pair.second.cutoff, pair.third.cutoff)
    let product = fa * fb * fc
    var component = 0
    for eta in parameters.angularEtas {
      let gauss = exp(-eta * pair.sumOfSquares)
      for zeta in parameters.zetas {
        let scale = exp2(1 - zeta) * gauss
        for sign in [1.0, -1] {
          let base = max(1 + sign * pair.cosine, 1e-14)
          let power = scale * pow(base, zeta - 1)
          let peak = power * base
          func slope(_ side: NeighbourPair.Side, _ others: Double) -> Double {
            peak * (side.slope * others - 2 * eta * side.length * product)
          }
          body(
            component, peak * product,
            PairSlopes(
              first: slope(pair.first, fb * fc), second: slope(pair.second, fa * fc),
              third: slope(pair.third, fa * fb), cosine: zeta * sign * power * product))
          component += 1
        }
      }
    }
  }

  /// Two angular neighbours; nil where their distance takes the pair out.
  private func pair(_ a: Int, _ b: Int) -> NeighbourPair? {
    let (columns, cutoff) = (environment.angular, parameters.angularCutoff)
    let u = SIMD3(columns.x[a], columns.y[a], columns.z[a])
    let v = SIMD3(columns.x[b], columns.y[b], columns.z[b])
    let between = u * columns.r[a] - v * columns.r[b]
    // Atoms in one place have no direction.
    let distance = max(dot(between, between).squareRoot(), 1e-8)
    guard distance < cutoff || !parameters.cutsThirdDistance else { return nil }
    let phase = Double.pi * distance / cutoff
    return NeighbourPair(
      first: .init(length: columns.r[a], cutoff: columns.cutoff[a], slope: columns.slope[a]),
      second: .init(length: columns.r[b], cutoff: columns.cutoff[b], slope: columns.slope[b]),
      third: .init(
        length: distance, cutoff: 0.5 + 0.5 * cos(phase), slope: -0.5 * .pi / cutoff * sin(phase)),
      cosine: min(max(dot(u, v), -1), 1), u: u, v: v, between: between / distance)
  }
}

/// The triangle of an atom and two neighbours.
private struct NeighbourPair {
  /// A side with the cutoff function of its length.
  struct Side {
    let length: Double
    let cutoff: Double
    let slope: Double
  }

  let first: Side
  let second: Side
  /// From the second neighbour to the first.
  let third: Side
  let cosine: Double
  /// Directions to the first and the second neighbour, and from the second to the first.
  let u: SIMD3<Double>
  let v: SIMD3<Double>
  let between: SIMD3<Double>

  var sumOfSquares: Double {
    first.length * first.length + second.length * second.length + third.length * third.length
  }

  func gradientOfFirst(_ slopes: PairSlopes) -> SIMD3<Double> {
    u * slopes.first + (v - u * cosine) * (slopes.cosine / first.length) + between * slopes.third
  }

  func gradientOfSecond(_ slopes: PairSlopes) -> SIMD3<Double> {
    v * slopes.second + (u - v * cosine) * (slopes.cosine / second.length) - between * slopes.third
  }
}

/// Derivatives by the three sides and the cosine of the angle at the atom.
private struct PairSlopes {
  var first = 0.0
  var second = 0.0
  var third = 0.0
  var cosine = 0.0

  mutating func add(_ other: PairSlopes, times factor: Double) {
    first += factor * other.first
    second += factor * other.second
    third += factor * other.third
    cosine += factor * other.cosine
  }
}

/// The unordered pairs of an atom's angular neighbours, each with the place of its block.
private struct AngularPairs: Sequence, IteratorProtocol {
  private let environment: CentreEnvironment
  private let parameters: BehlerParrinelloParameters
  private let species: [Int]
  private var a = 0
  private var b = 0

  init(_ environment: CentreEnvironment, _ parameters: BehlerParrinelloParameters) {
    self.environment = environment
    self.parameters = parameters
    species = parameters.species.indices.flatMap { kind in
      (environment.groupStarts[kind]..<environment.groupStarts[kind + 1]).map { _ in kind }
    }
  }

  mutating func next() -> (Int, Int, Int)? {
    b += 1
    if b >= species.count {
      a += 1
      b = a + 1
      guard b < species.count else { return nil }
    }
    return (a, b, parameters.angularOffset(species[a], species[b]))
  }
}
