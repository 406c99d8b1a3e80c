import Foundation
import Tensors

/// The numbers that the descriptor's inner loops read.
final class DescriptorConstants: @unchecked Sendable {
  typealias Four = SIMD4<Double>

  /// One angle, and the one that mirrors it: their sines, and so the roots of equation 5, are equal.
  struct Angle {
    /// The columns of the two; an angle without mirror image has a column for what nobody wants.
    let front: Int
    let back: Int
    /// A half, and half the cosine and the sine, over the highest value of what is raised to a power:
    /// so the norm 1/N of equation 5 with note [63] is in the power.
    let half: Double
    let halfCos: Double
    let halfSin: Double
    let epsilonSin2: Double
    let zeta: Double
  }

  let parameters: DescriptorParameters
  // Copies of the parameters' sizes: the parameters themselves have lists to be counted in and out.
  let speciesCount: Int
  let radialCount: Int
  let angularCount: Int
  let angleCount: Int
  let cosineScale: Double
  /// All angles, mirror images together.
  let angles: [Angle]
  /// Columns of angles: theirs, one of zeros, and one for what nobody wants.
  let zeroColumn: Int
  let angleColumns: Int
  /// Blocks of eight lanes for all angles.
  let laneBlocks: Int
  /// Groups of four for the radial centres, and for the centres of the mean distance.
  let radialGroups: Int
  let angularGroups: Int
  /// The centres and their widths, filled up with the last.
  let radialCentres: UnsafePointer<Four>
  let radialEtas: UnsafePointer<Four>
  let angularCentres: UnsafePointer<Four>
  let angularEtas: UnsafePointer<Four>
  /// `zeta - 1` when that is a small whole number, the same for all angles, for powers by
  /// multiplication; else -1.
  let wholePower: Int
  /// exp(-32 eta D²) for radial centres on a grid of step D with one width, on which Gaussians follow from each
  /// other without leaving the range of numbers.
  let radialGridFall: Double?
  /// exp(-2 eta D²) for such centres of the mean distance.
  let angularGridFall: Double?

  private let storage: AlignedStorage

  init(_ parameters: DescriptorParameters) {
    self.parameters = parameters
    speciesCount = parameters.species.count
    radialCount = parameters.radialCount
    angularCount = parameters.angularCount
    angleCount = parameters.angleCount
    cosineScale = parameters.cosineScale
    angles = Self.angles(parameters)
    zeroColumn = parameters.angleCount
    angleColumns = parameters.angleCount + 2
    laneBlocks = (parameters.angleCount + 7) / 8
    radialGroups = (parameters.radialCount + 3) / 4
    angularGroups = (parameters.angularCount + 3) / 4
    wholePower = Self.wholePower(parameters.zetas)
    angularGridFall = Self.angularGridFall(parameters)
    radialGridFall = Self.radialGridFall(parameters)
    storage = AlignedStorage(byteCount: (radialGroups + angularGroups) * 64)
    let radial = storage.base.assumingMemoryBound(to: Four.self)
    let angular = radial + 2 * radialGroups
    radialCentres = UnsafePointer(radial)
    radialEtas = UnsafePointer(radial + radialGroups)
    angularCentres = UnsafePointer(angular)
    angularEtas = UnsafePointer(angular + angularGroups)
    fill(radial, radialGroups, parameters.radialCentres)
    fill(radial + radialGroups, radialGroups, parameters.radialEtas)
    fill(angular, angularGroups, parameters.angularCentres)
    fill(angular + angularGroups, angularGroups, parameters.angularEtas)
  }

  private static func wholePower(_ zetas: [Double]) -> Int {
    let power = zetas[0] - 1
    guard zetas.allSatisfy({ $0 == zetas[0] }) else { return -1 }
    return power >= 0 && power <= 256 && power == power.rounded() ? Int(power) : -1
  }

  private static func radialGridFall(_ parameters: DescriptorParameters) -> Double? {
    let (eta, step) = (parameters.radialEta, parameters.radialStep)
    let farthest =
      max(abs(parameters.radialStart), parameters.cutoff - parameters.radialStart) + 4 * step
    let lists = parameters.lists
    guard lists.radialCentres == nil, lists.radialEtas == nil, eta * farthest * farthest < 600
    else { return nil }
    return exp(-32 * eta * step * step)
  }

  private static func angularGridFall(_ parameters: DescriptorParameters) -> Double? {
    let (eta, step, cutoff) = (
      parameters.angularEta, parameters.angularStep, parameters.angularCutoff
    )
    let lists = parameters.lists
    guard lists.angularCentres == nil, lists.angularEtas == nil, eta * cutoff * cutoff < 300
    else { return nil }
    return exp(-2 * eta * step * step)
  }

  private static func angles(_ parameters: DescriptorParameters) -> [Angle] {
    let (angles, zetas, count) = (parameters.angles, parameters.zetas, parameters.angleCount)
    let areMirrored = parameters.anglesMirrorEachOther && zetas == zetas.reversed()
    return (0..<(areMirrored ? (count + 1) / 2 : count)).map { index in
      let (cosine, sine) = (cos(angles[index]), sin(angles[index]))
      let smoothing = parameters.epsilon * sine * sine
      let mirror = count - 1 - index
      let half = 1 / (1 + (1 + smoothing).squareRoot())
      return Angle(
        front: index, back: areMirrored && mirror != index ? mirror : count + 1, half: half,
        halfCos: half * cosine, halfSin: half * sine, epsilonSin2: smoothing, zeta: zetas[index])
    }
  }

  /// Where the radial block of a species begins.
  @inline(__always)
  func radialOffset(_ species: Int) -> Int { species &* radialCount }

  /// Where the angular block of a pair of species begins.
  @inline(__always)
  func angularOffset(_ one: Int, _ other: Int) -> Int {
    let pair = SpeciesPairs.place(of: one, other, among: speciesCount)
    return speciesCount &* radialCount &+ pair &* angularCount &* angleCount
  }

  private func fill(_ fours: UnsafeMutablePointer<Four>, _ groups: Int, _ centres: [Double]) {
    for k in 0..<(4 * groups) { fours[k / 4][k % 4] = centres[min(k, centres.count - 1)] }
  }
}
