import Tensors

/// All neighbours of every atom nearer than a cutoff, periodic images included.
///
/// The list is full: each pair is there twice, once from either side. Rows follow the atoms; within
/// a row neighbours ascend by atom, images of one atom by their cells, so that equal structures
/// have equal lists however they were found.
public struct NeighbourList: Sendable, Equatable {
  /// Neighbours are nearer than this, in angstrom.
  public let cutoff: Double
  /// Where every atom's neighbours begin, and the end of the last: n+1 numbers.
  public let starts: [Int]
  /// The atom that each neighbour is, or is an image of.
  public let neighbours: [Int32]
  /// The whole cells between that atom and the image.
  public let images: [SIMD3<Int32>]
  /// The vector from the atom to its neighbour, `r_j - r_i`, in angstrom.
  public private(set) var displacements: [SIMD3<Double>]

  /// Finds the neighbours in time linear in the number of atoms, for any lattice and any cutoff.
  ///
  /// - Throws: `AtomisticsError` when a position is not finite or too far away.
  public init(
    positions: [SIMD3<Double>], cell: Cell, cutoff: Double,
    executor: any ParallelExecutor = SerialExecutor()
  ) throws {
    precondition(cutoff > 0 && cutoff.isFinite, "the cutoff \(cutoff) is not positive")
    let search = try NeighbourSearch(positions: positions, cell: cell, cutoff: cutoff)
    let shards = executor.map(over: positions.count, inRangesOf: 64) { search.found(for: $0) }
    self.init(shards, cutoff: cutoff, executor)
  }

  /// The neighbours of some of the atoms that a search is for: row 0 is the first of those.
  init(_ search: NeighbourSearch, of atoms: Range<Int>) {
    self.init([search.found(for: atoms)], cutoff: search.cutoff, SerialExecutor())
  }

  private init(
    _ shards: [NeighbourSearch.Found], cutoff: Double, _ executor: any ParallelExecutor
  ) {
    var starts = [0]
    starts.reserveCapacity(shards.reduce(1) { $0 + $1.counts.count })
    for count in shards.lazy.flatMap(\.counts) { starts.append(starts.last! + count) }
    self.cutoff = cutoff
    self.starts = starts
    neighbours = Self.joined(shards, executor) { $0.neighbours }
    images = Self.joined(shards, executor) { $0.images }
    displacements = Self.joined(shards, executor) { $0.displacements }
  }

  private static func joined<T: BitwiseCopyable>(
    _ shards: [NeighbourSearch.Found], _ executor: any ParallelExecutor,
    _ part: (NeighbourSearch.Found) -> [T]
  ) -> [T] {
    if shards.count == 1 { return part(shards[0]) }
    var starts = [0]
    for shard in shards { starts.append(starts.last! + part(shard).count) }
    return Array(filling: starts.last!) { target in
      executor.run(shards: shards.count) { shard in
        let end = UnsafeMutableBufferPointer(rebasing: target[starts[shard]...])
        _ = end.update(fromContentsOf: part(shards[shard]))
      }
    }
  }

  /// The neighbours in a structure.
  ///
  /// - Throws: `AtomisticsError` when a position is not finite or too far away.
  public init(
    of structure: Structure, cutoff: Double, executor: any ParallelExecutor = SerialExecutor()
  ) throws {
    try self.init(
      positions: structure.positions, cell: structure.cell, cutoff: cutoff, executor: executor)
  }

  /// The number of atoms.
  public var atomCount: Int { starts.count - 1 }

  /// The places of one atom's neighbours in the lists.
  public func row(_ atom: Int) -> Range<Int> { starts[atom]..<starts[atom + 1] }

  /// The lists as plain pointers for inner loops; valid inside `body`, also where they are empty.
  func withPointers<R>(
    _ body: (UnsafePointer<Int>, UnsafePointer<Int32>, UnsafePointer<SIMD3<Double>>) -> R
  ) -> R {
    starts.withUnsafeBufferPointer { starts in
      neighbours.withUnsafeBufferPointer { neighbours in
        displacements.withUnsafeBufferPointer { displacements in
          let start = UnsafeRawPointer(starts.baseAddress!)
          return body(
            starts.baseAddress!,
            neighbours.baseAddress ?? start.assumingMemoryBound(to: Int32.self),
            displacements.baseAddress ?? start.assumingMemoryBound(to: SIMD3<Double>.self))
        }
      }
    }
  }

  /// Follows atoms that moved: new displacements for the same neighbours.
  ///
  /// Neighbours may leave the cutoff or be missing afterwards; who asks for them needs a list with
  /// a larger cutoff than its own and must make a new one before any atom moved half the difference.
  public mutating func update(
    positions: [SIMD3<Double>], cell: Cell, executor: any ParallelExecutor = SerialExecutor()
  ) {
    precondition(positions.count == atomCount, "\(positions.count) positions for \(atomCount)")
    let (starts, neighbours, images) = (starts, neighbours, images)
    displacements.withUnsafeMutableBufferPointer { all in
      let displacements = all
      executor.run(over: positions.count, inRangesOf: 64) { atoms in
        for i in atoms {
          for e in starts[i]..<starts[i + 1] {
            let difference = positions[Int(neighbours[e])] - positions[i]
            displacements[e] = difference + cell.translation(images[e])
          }
        }
      }
    }
  }
}
