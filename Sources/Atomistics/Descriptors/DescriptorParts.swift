/// The equal parts into which a descriptor's components are cut, so that derivatives which are zero need no memory.
///
/// An atom changes the components of its own species, and those of pairs of its species with others that are there,
/// if it is near enough: of four species three eighths of the components at most. All atoms are cut alike, so that a
/// part of an atom's descriptor is a row of a block-sparse matrix like a whole one.
struct DescriptorParts: Sendable {
  /// The number of parts.
  let count: Int
  /// The number of components in each.
  let width: Int
  /// Whether each part is of one species, or of one pair of them.
  let areAligned: Bool
  let speciesCount: Int
  /// For each species a bit for each part with one of its radial components.
  private let radial: [UInt64]
  /// For each two species a bit for each part with one of their angular components.
  private let angular: [UInt64]

  /// A bit for each part must fit into a mask.
  private static let most = 64
  /// What a block costs beside its numbers: as many bytes of them.
  private static let blockCost = 64

  /// The parts of which neighbours take the least memory, all species being there.
  init(_ settings: DescriptorSettings) {
    let whole = DescriptorParts(settings, count: 1)
    self = (2...Self.most).lazy
      .filter { settings.size.isMultiple(of: $0) && (settings.size / $0).isMultiple(of: 8) }
      .map { DescriptorParts(settings, count: $0) }
      .reduce(whole) { $1.cost < $0.cost ? $1 : $0 }
  }

  /// So many parts.
  init(_ settings: DescriptorSettings, count: Int) {
    let (size, species) = (settings.size, settings.species.count)
    let (radialBlock, angularBlock) = settings.blockSizes
    let width = max(1, size / count)
    func mask(_ start: Int, _ length: Int) -> UInt64 {
      length == 0 || count == 1
        ? UInt64(count == 1 ? 1 : 0)
        : (start / width...(start + length - 1) / width).reduce(0) { $0 | 1 << UInt64($1) }
    }
    (self.count, self.width, speciesCount) = (count, width, species)
    areAligned = radialBlock.isMultiple(of: width) && angularBlock.isMultiple(of: width)
    radial = (0..<species).map { mask($0 * radialBlock, radialBlock) }
    angular = (0..<species * species).map {
      let pair = SpeciesPairs.place(of: $0 / species, $0 % species, among: species)
      return mask(species * radialBlock + pair * angularBlock, angularBlock)
    }
  }

  /// Bytes for the derivatives by one neighbour of each species.
  private var cost: Int {
    let all = Array(0..<speciesCount)
    let many = all.map { _ in 2 }
    let blocks = all.reduce(0) {
      $0 + mask(of: $1, isAngular: true, beside: all, counts: many).nonzeroBitCount
    }
    return blocks * (3 * width * MemoryLayout<Float>.size + Self.blockCost)
  }

  /// Calls `body` with each part of a mask, in their order.
  @inline(__always)
  static func forEach(of mask: UInt64, _ body: (Int) -> Void) {
    var rest = mask
    while rest != 0 {
      body(rest.trailingZeroBitCount)
      rest &= rest &- 1
    }
  }

  /// The parts that depend on a neighbour of a species.
  ///
  /// - Parameters:
  ///   - isAngular: whether it is within the angular cutoff.
  ///   - others: the species that are there within it.
  ///   - counts: how many of each species; a pair takes two.
  @inline(__always)
  func mask(
    of species: Int, isAngular: Bool, beside others: [Int], counts: [Int]
  ) -> UInt64 {
    var mask = radial[species]
    guard isAngular else { return mask }
    for other in others where other != species || counts[other] > 1 {
      mask |= angular[species &* speciesCount &+ other]
    }
    return mask
  }

  /// The parts that a calculator writes the derivatives by some neighbours to, images of an atom of a species: it knows
  /// distances to the last bit.
  @inline(__always)
  func mask(of images: Range<Int>, species: Int, in environment: CentreEnvironment) -> UInt64 {
    var (mask, isAngular) = (UInt64(0), false)
    for m in images {
      mask = radial[species]
      isAngular = isAngular || environment.angularPlaces[m] >= 0
    }
    let starts = environment.groupStarts
    guard isAngular else { return mask }
    for other in 0..<speciesCount where starts[other] < starts[other &+ 1] {
      mask |= angular[species &* speciesCount &+ other]
    }
    return mask
  }
}

extension DescriptorSettings {
  /// Into how many parts the derivatives of these descriptors are cut.
  public var derivativeParts: Int { DescriptorParts(self).count }

  /// The components of one species' radial block, and of one pair's angular block.
  fileprivate var blockSizes: (radial: Int, angular: Int) {
    switch self {
    case .behlerParrinello(let parameters): (parameters.radialBlock, parameters.angularBlock)
    case .modified(let parameters):
      (parameters.radialCount, parameters.angularCount * parameters.angleCount)
    }
  }
}

/// Unordered pairs of species, 00, 01 …, 11, 12 …, the order of angular blocks.
enum SpeciesPairs {
  @inline(__always)
  static func place(of one: Int, _ other: Int, among species: Int) -> Int {
    let (a, b) = (min(one, other), max(one, other))
    return a &* species &- a &* (a &+ 1) / 2 &+ b
  }
}
