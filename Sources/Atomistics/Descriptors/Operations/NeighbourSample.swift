import Dataflow
import Foundation

/// Atoms with neighbours, and their descriptors and derivatives in the plainest way: what samples of operations
/// are compared with.
struct NeighbourSample: Sendable {
  let settings: DescriptorSettings
  /// The neighbours of each atom.
  private let lengths: [Int]
  private let kinds: [Int32]
  private let displacements: Tensor

  /// - Parameter reach: the displacements' largest component, in angstrom.
  private init(_ settings: DescriptorSettings, _ lengths: [Int], reach: Double, seed: UInt64) {
    let pairs = lengths.reduce(0, +)
    (self.settings, self.lengths) = (settings, lengths)
    var generator = PhiloxGenerator(seed: seed)
    kinds = (0..<pairs).map { _ in Int32(generator.uniform() * Double(settings.species.count)) }
    displacements = .random([pairs, 3], in: -reach...reach, seed: seed)
  }

  var atoms: Int { lengths.count }

  /// The inputs of `DescriptorValues`.
  var rows: [Tensor] { [displacements, Tensor(kinds), Tensor(Self.starts(lengths))] }

  /// Where rows of these lengths begin, and the end of the last.
  static func starts(_ lengths: [Int]) -> [Int32] {
    lengths.reduce(into: [0]) { starts, length in starts.append(starts.last! + Int32(length)) }
  }

  /// The descriptors for displacements `[pairs, 3]`.
  func values(displacements: Tensor) -> Tensor {
    let vectors = Self.vectors(displacements)
    let values = rowRanges.flatMap { row in descriptor(row, vectors, movable: nil).map(\.value) }
    return Tensor(shape: [atoms, settings.size], scalars: values)
  }

  /// The derivatives of descriptors, contracted with that of an energy.
  func contraction(gradient: Tensor, displacements: Tensor) -> Tensor {
    let vectors = Self.vectors(displacements)
    let weights = gradient.scalars(as: Double.self)
    var result: [Double] = []
    for (atom, row) in rowRanges.enumerated() {
      for pair in row {
        let slopes = descriptor(row, vectors, movable: pair).map(\.slope)
        let total = slopes.enumerated().reduce(SIMD3<Double>.zero) { total, slope in
          total + weights[atom * settings.size + slope.offset] * slope.element
        }
        result += [total.x, total.y, total.z]
      }
    }
    return Tensor(shape: displacements.shape, scalars: result)
  }

  private static func vectors(_ displacements: Tensor) -> [SIMD3<Double>] {
    let x = displacements.scalars(as: Double.self)
    return (0..<x.count / 3).map { SIMD3(x[3 * $0], x[3 * $0 + 1], x[3 * $0 + 2]) }
  }

  private var rowRanges: [Range<Int>] {
    let starts = Self.starts(lengths).map { Int($0) }
    return lengths.indices.map { starts[$0]..<starts[$0 + 1] }
  }

  // MARK: The formulas

  /// One atom's components and what they change with one neighbour's displacement.
  private func descriptor(
    _ row: Range<Int>, _ vectors: [SIMD3<Double>], movable: Int?
  ) -> [SlopedNumber] {
    let neighbours = row.map { pair in
      Neighbour(vectors[pair], kind: Int(kinds[pair]), isMovable: pair == movable)
    }
    var sums = Array(repeating: SlopedNumber(0), count: settings.size)
    for (index, first) in neighbours.enumerated() {
      switch settings {
      case .modified(let p):
        first.add(p, to: &sums)
        for second in neighbours[..<index] { first.add(second, p, to: &sums) }
      case .behlerParrinello(let p):
        first.add(p, to: &sums)
        for second in neighbours[..<index] { first.add(second, p, to: &sums) }
      }
    }
    return sums
  }
}

extension NeighbourSample {
  static let all: [NeighbourSample] = {
    let silicon = DescriptorParameters(
      species: ["Si"], radialEta: 16, radialCutoff: 5, radialStart: 0.5, radialCount: 16,
      angularEta: 10, angularCutoff: 4, angularStart: 0.5, angularCount: 4, zeta: 50,
      angleCount: 8)
    let water = DescriptorParameters(
      species: ["H", "O"], radialEta: 4, radialCutoff: 2.5, radialStart: 0.3, radialCount: 5,
      angularEta: 2, angularCutoff: 3, angularStart: 0.4, angularCount: 2, zeta: 4,
      angleCount: 3, epsilon: 0)
    var listed = DescriptorParameters(
      species: ["H", "C", "N", "O"], radialEta: 3, radialCutoff: 3.2, radialStart: 0.4,
      radialCount: 2, angularEta: 1, angularCutoff: 2.8, angularStart: 0.5, angularCount: 3,
      zeta: 3, angleCount: 2)
    listed.lists.radialEtas = [2, 5]
    listed.lists.angularCentres = [0.7, 1.4, 2]
    listed.lists.angularEtas = [1, 3, 0.5]
    listed.lists.angles = [0.6, 2]
    listed.lists.zetas = [2.5, 7]
    listed.cosineScale = 0.95
    func plain(_ cuts: Bool) -> BehlerParrinelloParameters {
      BehlerParrinelloParameters(
        species: ["A", "B"], radialEtas: [4, 0.7], radialCutoff: 3, radialStart: 0.4,
        radialCount: 3, angularEtas: [0.05, 0.4], angularCutoff: 3.4, zetas: [1, 2.5, 8],
        cutsThirdDistance: cuts)
    }
    return [
      NeighbourSample(.modified(silicon), [18, 26], reach: 3, seed: 1),
      NeighbourSample(.modified(water), [5, 0, 3, 1], reach: 1.9, seed: 2),
      NeighbourSample(.modified(water), [], reach: 1, seed: 3),
      NeighbourSample(.modified(water), [0, 0], reach: 1, seed: 4),
      NeighbourSample(.modified(listed), [12, 2, 9], reach: 1.8, seed: 5),
      NeighbourSample(.behlerParrinello(plain(false)), [7, 1, 6], reach: 2, seed: 6),
      NeighbourSample(.behlerParrinello(plain(true)), [7, 0, 6], reach: 2, seed: 7),
    ]
  }()
}

/// A neighbour whose displacement the derivatives may be by.
private struct Neighbour {
  let kind: Int
  let x: SlopedNumber
  let y: SlopedNumber
  let z: SlopedNumber
  let r: SlopedNumber

  init(_ vector: SIMD3<Double>, kind: Int, isMovable: Bool) {
    func number(_ axis: Int) -> SlopedNumber {
      var slope = SIMD3<Double>.zero
      slope[axis] = isMovable ? 1 : 0
      return SlopedNumber(vector[axis], slope: slope)
    }
    (self.kind, x, y, z) = (kind, number(0), number(1), number(2))
    r = (x * x + y * y + z * z).power(0.5)
  }

  /// The radial part of equation 3.
  private func addRadial(
    _ etas: [Double], _ centres: [Double], _ cutoff: Double, to sums: inout ArraySlice<SlopedNumber>
  ) {
    guard r.value < cutoff else { return }
    for (place, (eta, centre)) in zip(sums.indices, zip(etas, centres)) {
      let distance = r - centre
      sums[place] = sums[place] + (distance * distance * -eta).exponential * r.cutoff(cutoff)
    }
  }

  func add(_ p: DescriptorParameters, to sums: inout [SlopedNumber]) {
    let start = p.radialOffset(kind)
    addRadial(
      p.radialEtas, p.radialCentres, p.radialCutoff, to: &sums[start..<start + p.radialCount])
  }

  func add(_ p: BehlerParrinelloParameters, to sums: inout [SlopedNumber]) {
    let etas = p.radialEtas.flatMap { Array(repeating: $0, count: p.radialCentres.count) }
    let centres = p.radialEtas.flatMap { _ in p.radialCentres }
    let start = kind * p.radialBlock
    addRadial(etas, centres, p.radialCutoff, to: &sums[start..<start + p.radialBlock])
  }

  private func cosine(_ other: Neighbour) -> SlopedNumber {
    (x * other.x + y * other.y + z * other.z) * (r * other.r).power(-1)
  }

  /// Equation 5.
  func add(_ other: Neighbour, _ p: DescriptorParameters, to sums: inout [SlopedNumber]) {
    guard r.value < p.angularCutoff, other.r.value < p.angularCutoff else { return }
    let cosine = cosine(other) * p.cosineScale
    let cutoffs = r.cutoff(p.angularCutoff) * other.r.cutoff(p.angularCutoff) * 2
    var place = p.angularOffset(kind, other.kind)
    for (eta, centre) in zip(p.angularEtas, p.angularCentres) {
      let distance = (r + other.r) * 0.5 - centre
      let gauss = (distance * distance * -eta).exponential * cutoffs
      for (angle, zeta) in zip(p.angles, p.zetas) {
        let smoothing = p.epsilon * sin(angle) * sin(angle)
        let sine = (cosine * cosine * -1 - (-1 - smoothing)).power(0.5)
        let base = (cosine * cos(angle) + sine * sin(angle) - -1) * 0.5
        let highest = (1 + (1 + smoothing).squareRoot()) / 2
        sums[place] = sums[place] + (base * (1 / highest)).power(zeta) * gauss
        place += 1
      }
    }
  }

  /// Equation 4.
  func add(_ other: Neighbour, _ p: BehlerParrinelloParameters, to sums: inout [SlopedNumber]) {
    let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
    let third = (dx * dx + dy * dy + dz * dz).power(0.5)
    guard r.value < p.angularCutoff, other.r.value < p.angularCutoff else { return }
    if p.cutsThirdDistance && third.value >= p.angularCutoff { return }
    let cutoffs = [r, other.r, third].map { $0.cutoff(p.angularCutoff) }
    let squares = r * r + other.r * other.r + third * third
    let cosine = cosine(other)
    var place = p.angularOffset(kind, other.kind)
    for eta in p.angularEtas {
      let gauss = (squares * -eta).exponential * cutoffs[0] * cutoffs[1] * cutoffs[2]
      for zeta in p.zetas {
        for sign in [1.0, -1] {
          let peak = (cosine * sign - -1).power(zeta) * exp2(1 - zeta)
          sums[place] = sums[place] + peak * gauss
          place += 1
        }
      }
    }
  }
}

/// A number and what it changes with a vector, by the rules for products and functions.
private struct SlopedNumber {
  let value: Double
  let slope: SIMD3<Double>

  init(_ value: Double, slope: SIMD3<Double> = .zero) { (self.value, self.slope) = (value, slope) }

  static func + (a: Self, b: Self) -> Self { Self(a.value + b.value, slope: a.slope + b.slope) }
  static func - (a: Self, b: Self) -> Self { Self(a.value - b.value, slope: a.slope - b.slope) }
  static func - (a: Self, b: Double) -> Self { Self(a.value - b, slope: a.slope) }
  static func * (a: Self, b: Double) -> Self { Self(a.value * b, slope: a.slope * b) }
  static func * (a: Self, b: Self) -> Self {
    Self(a.value * b.value, slope: a.slope * b.value + b.slope * a.value)
  }

  var exponential: Self { Self(exp(value), slope: slope * exp(value)) }

  func power(_ exponent: Double) -> Self {
    Self(pow(value, exponent), slope: slope * (exponent * pow(value, exponent - 1)))
  }

  /// Equation 2.
  func cutoff(_ cutoff: Double) -> Self {
    let phase = Double.pi * value / cutoff
    return Self((1 + cos(phase)) / 2, slope: slope * (-0.5 * .pi / cutoff * sin(phase)))
  }
}
