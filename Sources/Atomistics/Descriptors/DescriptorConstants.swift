import Foundation
import Tensors

/// The numbers that the descriptor's inner loops read, laid out for vectors of eight lanes.
///
/// Angles s and N-1-s mirror each other: their sines, and so the roots of equation 5, are equal. A
/// block of eight lanes therefore holds four angles from the front, ascending, and their mirror
/// images from the back, ascending too; one root serves both. Lanes without angle have norm zero.
final class DescriptorConstants: @unchecked Sendable {
  typealias Eight = SIMD8<Double>
  typealias Four = SIMD4<Double>

  let parameters: DescriptorParameters
  let zeta: Double
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
  /// `epsilon sin²` of the four angles from the front.
  let epsilonSin2: UnsafePointer<Four>
  /// The centres, filled up with the last.
  let radialCentres: UnsafePointer<Four>
  let angularCentres: UnsafePointer<Four>
  /// `zeta - 1` when that is a small whole number, for powers by multiplication; else -1.
  let wholePower: Int

  private let storage: AlignedStorage

  init(_ parameters: DescriptorParameters) {
    self.parameters = parameters
    zeta = parameters.zeta
    let half = (parameters.angleCount + 1) / 2
    laneBlocks = (half + 3) / 4
    radialGroups = (parameters.radialCount + 3) / 4
    angularGroups = (parameters.angularCount + 3) / 4
    let power = parameters.zeta - 1
    wholePower = power >= 0 && power <= 256 && power == power.rounded() ? Int(power) : -1
    storage = AlignedStorage(
      byteCount: laneBlocks * (3 * 64 + 32) + (radialGroups + angularGroups) * 32)
    let eights = storage.base.assumingMemoryBound(to: Eight.self)
    let fours = (storage.base + laneBlocks * 3 * 64).assumingMemoryBound(to: Four.self)
    halfCos = UnsafePointer(eights)
    halfSin = UnsafePointer(eights + laneBlocks)
    norm = UnsafePointer(eights + 2 * laneBlocks)
    epsilonSin2 = UnsafePointer(fours)
    radialCentres = UnsafePointer(fours + laneBlocks)
    angularCentres = UnsafePointer(fours + laneBlocks + radialGroups)
    fillAngles(eights, fours)
    fill(fours + laneBlocks, radialGroups, parameters.radialCentres)
    fill(fours + laneBlocks + radialGroups, angularGroups, parameters.angularCentres)
  }

  /// The angle of a lane, nil for the lanes that fill a block up.
  func angle(block: Int, lane: Int) -> Int? {
    let n = parameters.angleCount
    if lane < 4 {
      let s = 4 * block + lane
      return s < (n + 1) / 2 ? s : nil
    }
    let mirror = 4 * block + 7 - lane
    return mirror < n / 2 ? n - 1 - mirror : nil
  }

  /// The place of a block's lower or upper four lanes among the angles; lanes that fill up lie
  /// before the first or after the last and hold zeros.
  @inline(__always)
  func firstAngle(block: Int, upper: Bool) -> Int {
    upper ? parameters.angleCount - 4 - 4 * block : 4 * block
  }

  private func fillAngles(
    _ eights: UnsafeMutablePointer<Eight>, _ fours: UnsafeMutablePointer<Four>
  ) {
    let angles = parameters.angles
    for block in 0..<laneBlocks {
      for lane in 0..<8 {
        let theta = angle(block: block, lane: lane).map { angles[$0] } ?? .pi / 2
        let (cosine, sine) = (cos(theta), sin(theta))
        eights[block][lane] = 0.5 * cosine
        eights[laneBlocks + block][lane] = 0.5 * sine
        let root = (1 + parameters.epsilon * sine * sine).squareRoot()
        let isAngle = angle(block: block, lane: lane) != nil
        eights[2 * laneBlocks + block][lane] =
          isAngle ? pow((1 + root) / 2, -parameters.zeta) : 0
        if lane < 4 { fours[block][lane] = parameters.epsilon * sine * sine }
      }
    }
  }

  private func fill(_ fours: UnsafeMutablePointer<Four>, _ groups: Int, _ centres: [Double]) {
    for k in 0..<(4 * groups) { fours[k / 4][k % 4] = centres[min(k, centres.count - 1)] }
  }
}
