import Foundation

/// How the centres of modified Behler–Parrinello descriptors cover distances and angles.
///
/// A distance is resolved where the Gaussian of at least one centre is above half its height; an angle
/// where the angular function of at least one centre is.
public struct DescriptorResolution: Sendable {
  public let parameters: DescriptorParameters

  public init(_ parameters: DescriptorParameters) { self.parameters = parameters }

  /// `(1 + cos(pi r / Rc)) / 2`, zero beyond the cutoff.
  public static func cutoffFunction(_ r: Double, _ cutoff: Double) -> Double {
    r < cutoff ? (1 + cos(.pi * r / cutoff)) / 2 : 0
  }

  /// The Gaussian of a radial centre, without the cutoff function.
  public func radial(_ r: Double, centre: Int) -> Double {
    let d = r - parameters.radialCentres[centre]
    return exp(-parameters.radialEtas[centre] * d * d)
  }

  /// The Gaussian of a centre of the mean distance, without the cutoff functions.
  public func meanDistance(_ r: Double, centre: Int) -> Double {
    let d = r - parameters.angularCentres[centre]
    return exp(-parameters.angularEtas[centre] * d * d)
  }

  /// The angular function of an angle's centre, 1 at its highest (equation 5 with note [63]).
  public func angular(_ angle: Double, centre: Int) -> Double {
    let (target, zeta) = (parameters.angles[centre], parameters.zetas[centre])
    let smoothing = parameters.epsilon * sin(target) * sin(target)
    let root = (sin(angle) * sin(angle) + smoothing).squareRoot()
    let value = (1 + cos(angle) * cos(target) + root * sin(target)) / 2
    return pow(value / ((1 + (1 + smoothing).squareRoot()) / 2), zeta)
  }

  /// The largest answer of any centre to a distance.
  public func bestRadial(_ r: Double) -> Double {
    parameters.radialCentres.indices.map { radial(r, centre: $0) }.max() ?? 0
  }

  public func bestMeanDistance(_ r: Double) -> Double {
    parameters.angularCentres.indices.map { meanDistance(r, centre: $0) }.max() ?? 0
  }

  public func bestAngular(_ angle: Double) -> Double {
    parameters.angles.indices.map { angular(angle, centre: $0) }.max() ?? 0
  }
}

/// How often distances, mean distances of two neighbours and angles between them occur in structures,
/// in narrow bins.
public struct GeometryHistogram: Sendable, Equatable {
  /// In angstrom.
  public static let distanceWidth = 0.01
  /// In radian: half a degree.
  public static let angleWidth = Double.pi / 360

  public private(set) var distances: [Int]
  public private(set) var meanDistances: [Int]
  public private(set) var angles: [Int]
  public private(set) var structures = 0

  /// - Parameter parameters: their cutoffs say which neighbours count.
  public init(_ parameters: DescriptorParameters) {
    func bins(_ cutoff: Double) -> [Int] {
      Array(repeating: 0, count: Int((cutoff / Self.distanceWidth).rounded(.up)))
    }
    distances = bins(parameters.radialCutoff)
    meanDistances = bins(parameters.angularCutoff)
    angles = Array(repeating: 0, count: 360)
    (radialCutoff, angularCutoff) = (parameters.radialCutoff, parameters.angularCutoff)
    periodic = parameters.periodic
  }

  private let periodic: Periodicity
  private let radialCutoff: Double
  private let angularCutoff: Double

  /// Counts what is in a structure.
  ///
  /// - Throws: `AtomisticsError` where neighbours cannot be found.
  public mutating func add(_ structure: Structure) throws {
    structures += 1
    let list = try NeighbourList(
      of: structure.limited(to: periodic), cutoff: max(radialCutoff, angularCutoff))
    for atom in 0..<list.atomCount {
      let all = list.row(atom).map { list.displacements[$0] }
      let lengths = all.map { ($0 * $0).sum().squareRoot() }
      for r in lengths where r < radialCutoff { Self.count(r / Self.distanceWidth, in: &distances) }
      let near = all.indices.filter { lengths[$0] < angularCutoff }
      for (place, j) in near.enumerated() {
        for k in near[(place + 1)...] {
          let cosine = (all[j] * all[k]).sum() / (lengths[j] * lengths[k])
          Self.count((lengths[j] + lengths[k]) / 2 / Self.distanceWidth, in: &meanDistances)
          Self.count(acos(max(-1, min(1, cosine))) / Self.angleWidth, in: &angles)
        }
      }
    }
  }

  private static func count(_ place: Double, in bins: inout [Int]) {
    bins[min(bins.count - 1, Int(place))] += 1
  }
}
