import Foundation
import Tensors

/// The numbers that the descriptor's inner loops read, laid out for vectors of eight lanes.
///
/// On the regular grid angles s and N-1-s mirror each other: their sines, and so the roots of equation 5,
/// are equal. A block of eight lanes therefore holds four angles from the front, ascending, and their
/// mirror images from the back, ascending too; one root serves both. Angles that do not mirror each other
/// stand in the first four lanes only. Lanes without angle have norm zero.
final class DescriptorConstants: @unchecked Sendable {
  typealias Eight = SIMD8<Double>
  typealias Four = SIMD4<Double>

  let parameters: DescriptorParameters
  /// The angles in the first four lanes of the blocks, and those in the last four.
  let frontAngles: Int
  let mirroredAngles: Int
  /// Blocks of eight lanes for all angles.
  let laneBlocks: Int
  /// Groups of four for the radial centres, and for the centres of the mean distance.
  let radialGroups: Int
  let angularGroups: Int
  /// Half the cosine and the sine of each lane's angle.
  let halfCos: UnsafePointer<Eight>
  let halfSin: UnsafePointer<Eight>
  /// The factor 1/N of equation 5 with note [63].
  let norm: UnsafePointer<Eight>
  /// Each lane's exponent.
  let zetas: UnsafePointer<Eight>
  /// `epsilon sin²` of the four angles from the front.
  let epsilonSin2: UnsafePointer<Four>
  /// The centres and their widths, filled up with the last.
  let radialCentres: UnsafePointer<Four>
  let radialEtas: UnsafePointer<Four>
  let angularCentres: UnsafePointer<Four>
  let angularEtas: UnsafePointer<Four>
  /// `zeta - 1` when that is a small whole number, the same for all angles, for powers by
  /// multiplication; else -1.
  let wholePower: Int

  private let storage: AlignedStorage

  init(_ parameters: DescriptorParameters) {
    self.parameters = parameters
    mirroredAngles = parameters.anglesMirrorEachOther ? parameters.angleCount / 2 : 0
    frontAngles = parameters.angleCount - mirroredAngles
    laneBlocks = (frontAngles + 3) / 4
    radialGroups = (parameters.radialCount + 3) / 4
    angularGroups = (parameters.angularCount + 3) / 4
    wholePower = Self.wholePower(parameters.zetas)
    storage = AlignedStorage(
      byteCount: laneBlocks * (4 * 64 + 32) + (radialGroups + angularGroups) * 64)
    let eights = storage.base.assumingMemoryBound(to: Eight.self)
    let fours = (storage.base + laneBlocks * 4 * 64).assumingMemoryBound(to: Four.self)
    let (radial, angular) = (fours + laneBlocks, fours + laneBlocks + 2 * radialGroups)
    halfCos = UnsafePointer(eights)
    halfSin = UnsafePointer(eights + laneBlocks)
    norm = UnsafePointer(eights + 2 * laneBlocks)
    zetas = UnsafePointer(eights + 3 * laneBlocks)
    epsilonSin2 = UnsafePointer(fours)
    radialCentres = UnsafePointer(radial)
    radialEtas = UnsafePointer(radial + radialGroups)
    angularCentres = UnsafePointer(angular)
    angularEtas = UnsafePointer(angular + angularGroups)
    fillAngles(eights, fours)
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

  /// The angle of a lane, nil for the lanes that fill a block up.
  func angle(block: Int, lane: Int) -> Int? {
    if lane < 4 {
      let s = 4 * block + lane
      return s < frontAngles ? s : nil
    }
    let mirror = 4 * block + 7 - lane
    return mirror < mirroredAngles ? parameters.angleCount - 1 - mirror : nil
  }

  /// The place of a block's lower or upper four lanes among the angles; lanes that fill up lie
  /// before the first or after the last and hold zeros.
  @inline(__always)
  func firstAngle(block: Int, upper: Bool) -> Int {
    upper && mirroredAngles > 0 ? parameters.angleCount - 4 - 4 * block : 4 * block
  }

  private func fillAngles(
    _ eights: UnsafeMutablePointer<Eight>, _ fours: UnsafeMutablePointer<Four>
  ) {
    let (angles, zetas) = (parameters.angles, parameters.zetas)
    for block in 0..<laneBlocks {
      for lane in 0..<8 {
        let angle = angle(block: block, lane: lane)
        let (theta, zeta) = angle.map { (angles[$0], zetas[$0]) } ?? (.pi / 2, zetas[0])
        let (cosine, sine) = (cos(theta), sin(theta))
        eights[block][lane] = 0.5 * cosine
        eights[laneBlocks + block][lane] = 0.5 * sine
        let root = (1 + parameters.epsilon * sine * sine).squareRoot()
        eights[2 * laneBlocks + block][lane] = angle == nil ? 0 : pow((1 + root) / 2, -zeta)
        eights[3 * laneBlocks + block][lane] = zeta
        if lane < 4 { fours[block][lane] = parameters.epsilon * sine * sine }
      }
    }
  }

  private func fill(_ fours: UnsafeMutablePointer<Four>, _ groups: Int, _ centres: [Double]) {
    for k in 0..<(4 * groups) { fours[k / 4][k % 4] = centres[min(k, centres.count - 1)] }
  }
}
