import Dataflow

/// What a centre costs: enough for a shard of its own.
let centreNanoseconds = 20_000.0

/// The inputs of operations on atoms' neighbours, as those that compute descriptors take them.
struct NeighbourRows<T: DescriptorScalar & TensorElement> {
  private let speciesCount: Int
  private var atoms = 0
  private var pairs = 0

  init(species: Int) { speciesCount = species }

  /// - Returns: how many bytes of memory `input` wants, whole cache lines.
  /// - Throws: `GraphError` where the sizes do not fit together.
  mutating func prepare(displacements: Shape, species: Shape, starts: Shape) throws -> Int {
    try checkNeighbourRows(displacements: displacements, species: species, starts: starts)
    (atoms, pairs) = (starts[0] - 1, displacements[0])
    let bytes =
      pairs * MemoryLayout<SIMD3<Double>>.stride + (atoms + 1) * MemoryLayout<Int>.stride
      + pairs * MemoryLayout<Int32>.stride
    return bytes.roundedUp(toMultipleOf: AlignedStorage.alignment)
  }

  /// Every pair is an atom of its own, whose species is the neighbour's.
  ///
  /// - Throws: `GraphError` for species and row starts that cannot be.
  func input(
    displacements: TensorView, species: TensorView, starts: TensorView,
    _ workspace: UnsafeMutableRawPointer
  ) throws -> DescriptorInput {
    let rowStarts = try checkedStarts(starts, pairs: pairs)
    let kinds = species.elements(Int32.self)
    for pair in 0..<pairs where !(0..<speciesCount).contains(Int(kinds[pair])) {
      throw GraphError(wrongSpecies(pair, speciesCount))
    }
    let vectors = workspace.assumingMemoryBound(to: SIMD3<Double>.self)
    let (places, source) = (
      UnsafeMutableRawPointer(vectors + pairs), displacements.elements(T.self)
    )
    let (first, own) = (
      places.assumingMemoryBound(to: Int.self),
      (places + (atoms + 1) * MemoryLayout<Int>.stride).assumingMemoryBound(to: Int32.self)
    )
    for pair in 0..<pairs {
      let x = source + 3 * pair
      vectors[pair] = SIMD3(Double(x[0]), Double(x[1]), Double(x[2]))
      own[pair] = Int32(pair)
    }
    for atom in 0...atoms { first[atom] = Int(rowStarts[atom]) }
    return DescriptorInput(
      species: kinds, starts: first, neighbours: own, displacements: vectors, atomCount: atoms)
  }
}

/// - Throws: `GraphError` where the sizes do not fit together.
func checkNeighbourRows(displacements: Shape, species: Shape, starts: Shape) throws {
  guard displacements == [species[0], 3] else {
    throw GraphError("the displacements' shape is \(displacements), expected \([species[0], 3])")
  }
  guard starts[0] > 0, displacements[0] < Int(Int32.max) - starts[0] else {
    throw GraphError(
      "\(starts[0]) row starts and \(displacements[0]) pairs; expected at least 1, and fewer than 2^31 together"
    )
  }
}

/// The elements, which ascend from 0 to the number of pairs.
///
/// - Throws: `GraphError` where they do not.
func checkedStarts(_ starts: TensorView, pairs: Int) throws -> UnsafePointer<Int32> {
  let elements = UnsafePointer(starts.elements(Int32.self))
  let rows = starts.count - 1
  if rows == 0, elements[0] != 0 || pairs != 0 { throw GraphError(wrongStarts(0, pairs)) }
  for row in 0..<rows {
    let (start, end) = (Int(elements[row]), Int(elements[row + 1]))
    let fitsFirst = row > 0 || start == 0
    let fitsLast = row < rows - 1 || end == pairs
    guard start >= 0, end >= start, end <= pairs, fitsFirst, fitsLast else {
      throw GraphError(wrongStarts(row, pairs))
    }
  }
  return elements
}

func wrongStarts(_ row: Int, _ pairs: Int) -> String {
  "the row starts at row \(row) do not ascend from 0 to \(pairs), the number of pairs"
}

func wrongSpecies(_ position: Int, _ species: Int) -> String {
  "the species at position \(position) is outside 0..<\(species)"
}

extension Operation {
  /// Checks the types and shapes of displacements, neighbours' species and row starts.
  func expectNeighbourRows(
    displacements: TensorSpec, species: TensorSpec, starts: TensorSpec
  ) throws {
    try expectSameType([displacements], among: .floats)
    try expect(displacements, rank: 2, "the displacements")
    try expectEqual(displacements.shape[1], 3, "coordinates")
    for (input, what) in [(species, "the species"), (starts, "the row starts")] {
      try expect(input, type: .int32, what)
      try expect(input, rank: 1, what)
    }
    try expectEqual(displacements.shape[0], species.shape[0], "the numbers of pairs")
  }

  /// Checks that two sizes may be the same.
  func expectEqual(_ a: Dimension, _ b: Dimension, _ what: String) throws {
    guard a.couldEqual(b) else { throw GraphError("\(what) differ: \(a) and \(b)") }
  }
}
