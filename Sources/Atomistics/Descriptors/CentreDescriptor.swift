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

  let row: PairRow
  /// For ordered pairs of neighbours the angular factor and its derivative, and w above.
  private var tables = AlignedStorage(byteCount: 0)
  private var tableCapacity = 0
  private(set) var factors: UnsafeMutablePointer<Eight>
  private(set) var weights: UnsafeMutablePointer<Four>
  /// For every neighbour the derivatives of the radial components by the distance.
  private(set) var slopes = AlignedStorage(byteCount: 0)
  private var slopeCapacity = 0

  private var pairForceStorage = AlignedStorage(byteCount: 0)

  /// Zeroed room for the force on each of `count` neighbours.
  func pairForces(_ count: Int) -> UnsafeMutablePointer<SIMD3<Double>> {
    if count * 32 > pairForceStorage.byteCount {
      pairForceStorage = AlignedStorage(byteCount: count * 48)
    }
    let forces = pairForceStorage.base.assumingMemoryBound(to: SIMD3<Double>.self)
    forces.update(repeating: .zero, count: count)
    return forces
  }

  init(_ constants: DescriptorConstants) {
    self.constants = constants
    let parameters = constants.parameters
    environment = CentreEnvironment(
      species: parameters.species.count, radialCutoff: parameters.radialCutoff,
      angularCutoff: parameters.angularCutoff)
    row = PairRow(constants)
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
  }

  /// Where the lanes of a pair of species begin.
  @inline(__always)
  func laneStart(_ one: Int, _ other: Int) -> Int {
    let (a, b) = (min(one, other), max(one, other))
    let n = constants.parameters.species.count
    return (a * n - a * (a + 1) / 2 + b) * constants.parameters.angularCount
      * constants.laneBlocks
  }

  /// Computes the values alone.
  func computeValues(_ centre: Int, _ input: DescriptorInput) {
    environment.gather(centre, input)
    clear()
    addRadial(input, slopes: nil)
    addAngularValues()
    finishValues()
  }

  /// Computes the values and what `derivatives(by:)` needs.
  func prepareDerivatives(_ centre: Int, _ input: DescriptorInput) {
    environment.gather(centre, input)
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
    lanes.update(repeating: .zero, count: laneCount)
  }

  /// Equation 3: `G = Σ exp(-eta (r - Rs)²) f(r)`.
  private func addRadial(_ input: DescriptorInput, slopes: Column?) {
    let parameters = constants.parameters
    let (count, etas) = (parameters.radialCount, constants.radialEtas)
    let (all, groups, centres) = (environment.all, constants.radialGroups, constants.radialCentres)
    for m in 0..<environment.count {
      let species = Int(input.species[environment.atoms[m]])
      let target = values + parameters.radialOffset(species)
      for group in 0..<groups {
        let distance = all.r[m] - centres[group]
        let gauss = VectorMath.exp(distance * distance * -etas[group])
        let value = gauss * all.cutoff[m]
        if 4 * group + 4 <= count {
          CentreEnvironment.add(value, target, 4 * group)
        } else {
          for lane in 0..<(count - 4 * group) { target[4 * group + lane] += value[lane] }
        }
        guard let slopes else { continue }
        let slope = gauss * all.slope[m] - 2 * etas[group] * distance * value
        CentreEnvironment.store(slope, slopes, 4 * (m * groups + group))
      }
    }
  }

  /// Equation 5 over unordered pairs, without derivatives.
  private func addAngularValues() {
    let (n, columns) = (environment.angularCount, environment.angular)
    let (starts, species) = (environment.groupStarts, constants.parameters.species.count)
    for one in 0..<species {
      for j in starts[one]..<starts[one + 1] {
        row.fill(j, j + 1, n, columns, withSlopes: false)
        for other in one..<species {
          let first = max(starts[other], j + 1)
          guard first < starts[other + 1] else { continue }
          addValues(j, first..<starts[other + 1], lanes + laneStart(one, other))
        }
      }
    }
  }

  /// Adds the row's products with `others`, neighbours of one species.
  private func addValues(_ j: Int, _ others: Range<Int>, _ target: UnsafeMutablePointer<Eight>) {
    let (blocks, stride) = (constants.laneBlocks, 4 * constants.angularGroups)
    let factor = 2 * environment.angular.cutoff[j]
    let cutoff = environment.angular.cutoff
    let start = others.lowerBound - j - 1
    for p in 0..<constants.parameters.angularCount {
      for block in 0..<blocks {
        var value = row.values + start * blocks + block
        var weight = row.gaussian(start, p)
        var sum = Eight.zero
        for k in others {
          sum += value.pointee * (weight.pointee * cutoff[k])
          value += blocks
          weight += stride
        }
        target[p * blocks + block] += sum * factor
      }
    }
  }

  /// The angular factors and weights of all ordered pairs.
  private func fillTables() {
    let (n, columns) = (environment.angularCount, environment.angular)
    let (groups, blocks) = (constants.angularGroups, constants.laneBlocks)
    reserveTables(n)
    let (factors, weights) = (factors, weights)
    for j in 0..<n {
      for at in 0..<(2 * blocks) { factors[(j * n + j) * 2 * blocks + at] = .zero }
      for at in 0..<groups { weights[(j * n + j) * groups + at] = .zero }
      row.fill(j, j + 1, n, columns, withSlopes: true)
      let (values, slopes, gauss) = (row.values, row.slopes, row.gauss)
      for k in (j + 1)..<max(n, j + 1) {
        let at = k &- j &- 1
        let (jk, kj) = (j &* n &+ k, k &* n &+ j)
        for block in 0..<blocks {
          let (value, slope) = (values[at &* blocks &+ block], slopes[at &* blocks &+ block])
          let (there, back) = (2 &* (jk &* blocks &+ block), 2 &* (kj &* blocks &+ block))
          factors[there] = value
          factors[there &+ 1] = slope
          factors[back] = value
          factors[back &+ 1] = slope
        }
        for group in 0..<groups {
          let weight = gauss[at &* groups &+ group]
          weights[jk &* groups &+ group] = weight * columns.cutoff[k]
          weights[kj &* groups &+ group] = weight * columns.cutoff[j]
        }
      }
    }
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
    let parameters = constants.parameters
    let species = parameters.species.count
    for one in 0..<species {
      for other in one..<species {
        let (source, target) = (
          lanes + laneStart(one, other), values + parameters.angularOffset(one, other)
        )
        for p in 0..<parameters.angularCount {
          for block in 0..<constants.laneBlocks {
            let sum = source[p * constants.laneBlocks + block]
            add(sum, to: target + p * parameters.angleCount, block)
          }
        }
      }
    }
  }

  /// Adds eight lanes to the components of their angles.
  @inline(__always)
  func add(_ eight: Eight, to angles: Column, _ block: Int) {
    CentreEnvironment.add(
      eight.lowHalf, angles, constants.firstAngle(block: block, upper: false))
    CentreEnvironment.add(
      eight.highHalf, angles, constants.firstAngle(block: block, upper: true))
  }
}
