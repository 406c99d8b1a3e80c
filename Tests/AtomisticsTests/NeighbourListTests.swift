import Foundation
import Tensors
import Testing

@testable import Atomistics

/// Runs shards on as many threads as asked, in an order that changes.
final class ThreadedExecutor: ParallelExecutor {
  let threads: Int
  init(threads: Int) { self.threads = threads }

  func run(shards: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
      nonisolated(unsafe) let body = body
      let threads = threads
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for shard in (0..<shards).reversed() where shard % threads == thread { body(shard) }
      }
    }
  }
}

/// A cell with vectors of about `size` angstrom, tilted at random but not flat.
func randomCell(
  _ generator: inout PhiloxGenerator, size: ClosedRange<Double>, periodic: Periodicity
) -> Cell {
  while true {
    var rows = Matrix3.zero
    for k in 0..<3 {
      for c in 0..<3 { rows[k][c] = (generator.uniform() - 0.5) * 2 }
      let target = size.lowerBound + generator.uniform() * (size.upperBound - size.lowerBound)
      rows[k] *= target / length(rows[k])
    }
    let cube = length(rows.a) * length(rows.b) * length(rows.c)
    if abs(rows.determinant) > 0.25 * cube, let cell = try? Cell(vectors: rows, periodic: periodic)
    {
      return cell
    }
  }
}

func periodicity(_ bits: Int) -> Periodicity {
  [bits & 1 == 1, bits >> 1 & 1 == 1, bits >> 2 & 1 == 1]
}

@Suite struct NeighbourListTests {
  /// A cell in another unit has more images within the cutoff than there is memory for.
  @Test(arguments: [0.0543, 1e-3, 2e-6])
  func cellsThatAreTooSmallAreRefused(edge: Double) throws {
    let cell = try Cell(vectors: Matrix3([edge, 0, 0], [0, edge, 0], [0, 0, edge]))
    let error = #expect(throws: AtomisticsError.self) {
      try NeighbourList(positions: [.zero, [edge / 4, 0, 0]], cell: cell, cutoff: 4.6)
    }
    #expect(error?.key == "cell" && error?.allowed == "at most 250000; lengths are in angstrom")
    let large = try Cell(vectors: Matrix3([5.43, 0, 0], [0, 5.43, 0], [0, 0, 5.43]))
    #expect(throws: AtomisticsError.self) {
      try NeighbourList(positions: [.zero, [1, 0, 0]], cell: large, cutoff: 1e9)
    }
    // As a radial distribution function of silicon up to 100 angstrom.
    let eight = (0..<8).map { SIMD3(Double($0 & 1), Double($0 >> 1 & 1), Double($0 >> 2)) * 2.7 }
    _ = try NeighbourSearch(positions: eight, cell: large, cutoff: 100)
    // Dense, but no denser than a sphere of 30 angstrom of a metal.
    let list = try NeighbourList(positions: [.zero, [1, 0, 0]], cell: large, cutoff: 40)
    #expect(list.row(0).count > 3000)
  }

  private struct Pair: Hashable {
    var (i, j): (Int, Int)
    var image: SIMD3<Int32>
  }

  /// Every pair and every image that could be near enough, one by one.
  private func naive(_ positions: [SIMD3<Double>], _ cell: Cell, _ cutoff: Double) -> Set<Pair> {
    var pairs = Set<Pair>()
    for i in positions.indices {
      for j in positions.indices {
        let base = positions[j] - positions[i]
        var (low, high) = (SIMD3<Int32>.zero, SIMD3<Int32>.zero)
        for k in 0..<3 where cell.periodic[k] {
          let s = cell.fractional(base)[k]
          let span = cutoff / cell.heights[k] + 1
          low[k] = Int32((-s - span).rounded(.down))
          high[k] = Int32((-s + span).rounded(.up))
        }
        for x in low.x...high.x {
          for y in low.y...high.y {
            for z in low.z...high.z where i != j || SIMD3(x, y, z) != .zero {
              let d = base + cell.translation(SIMD3(x, y, z))
              if dot(d, d) < cutoff * cutoff {
                pairs.insert(Pair(i: i, j: j, image: SIMD3(x, y, z)))
              }
            }
          }
        }
      }
    }
    return pairs
  }

  private func expectEqual(
    _ positions: [SIMD3<Double>], _ cell: Cell, _ cutoff: Double, _ comment: Comment
  ) throws {
    let list = try NeighbourList(positions: positions, cell: cell, cutoff: cutoff)
    var found = Set<Pair>()
    for i in positions.indices {
      for e in list.row(i) {
        found.insert(Pair(i: i, j: Int(list.neighbours[e]), image: list.images[e]))
        let d = positions[Int(list.neighbours[e])] - positions[i]
        #expect(list.displacements[e] == d + cell.translation(list.images[e]), comment)
      }
    }
    #expect(found.count == list.neighbours.count, comment)
    #expect(found == naive(positions, cell, cutoff), comment)
  }

  @Test(.timeLimit(.minutes(10)), arguments: 0..<8)
  func randomLatticesOfEverySize(bits: Int) throws {
    var generator = PhiloxGenerator(seed: 11, stream: UInt64(bits))
    // From cells far smaller than the cutoff to cells several times larger.
    for size in [1.2, 2, 3, 5, 9, 16] {
      for trial in 0..<12 {
        let cell = randomCell(
          &generator, size: size...(1.5 * size), periodic: periodicity(bits))
        let positions = (0..<(1 + trial * 2)).map { _ in
          let s = SIMD3(generator.uniform(), generator.uniform(), generator.uniform())
          return cell.cartesian(trial % 2 == 0 ? s : s * 5 - 2)
        }
        let cutoff = 1.5 + 3 * generator.uniform()
        try expectEqual(positions, cell, cutoff, "size \(size), trial \(trial)")
      }
    }
  }

  @Test func lonelyAtomsAndEmptyStructures() throws {
    #expect(try NeighbourList(positions: [], cell: .none, cutoff: 3).atomCount == 0)
    #expect(try NeighbourList(positions: [.one], cell: .none, cutoff: 3).neighbours.isEmpty)
    // An atom sees its own images: six at the edge's length.
    let own = try NeighbourList(positions: [.one], cell: Cell(cubic: 2), cutoff: 2.1)
    #expect(own.neighbours == [0, 0, 0, 0, 0, 0])
    #expect(own.displacements.allSatisfy { abs(length($0) - 2) < 1e-15 })
  }

  @Test func exactLatticePlanesOnBinEdges() throws {
    // Distances of exactly the cutoff are outside, and atoms lie on the faces of the bins.
    for cells in 1...5 {
      let positions = (0..<cells).flatMap { x in
        (0..<cells).flatMap { y in (0..<cells).map { SIMD3(Double(x), Double(y), Double($0)) } }
      }
      let cell = Cell(cubic: Double(cells))
      for cutoff in [1.0, 1.5, 2.0, 3.0] { try expectEqual(positions, cell, cutoff, "\(cells)") }
    }
  }

  @Test func rowsAreSorted() throws {
    var generator = PhiloxGenerator(seed: 5)
    let cell = randomCell(&generator, size: 4...5, periodic: periodicity(7))
    let positions = (0..<12).map { _ in
      cell.cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
    }
    let list = try NeighbourList(positions: positions, cell: cell, cutoff: 6)
    for i in positions.indices {
      let keys = list.row(i).map { e in
        [list.neighbours[e], list.images[e].x, list.images[e].y, list.images[e].z]
      }
      for (a, b) in zip(keys, keys.dropFirst()) { #expect(a.lexicographicallyPrecedes(b)) }
    }
  }

  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3, 4])
  func equalForAnyNumberOfThreads(threads: Int) throws {
    var generator = PhiloxGenerator(seed: 6)
    let cell = Cell(cubic: 20)
    let positions = (0..<700).map { _ in
      cell.cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
    }
    let serial = try NeighbourList(positions: positions, cell: cell, cutoff: 3)
    let executor = ThreadedExecutor(threads: threads)
    var list = try NeighbourList(positions: positions, cell: cell, cutoff: 3, executor: executor)
    #expect(list == serial)
    list.update(positions: positions, cell: cell, executor: executor)
    #expect(list == serial)
  }

  @Test func updatesFollowTheAtoms() throws {
    var generator = PhiloxGenerator(seed: 8)
    let cell = randomCell(&generator, size: 6...8, periodic: periodicity(7))
    var positions = (0..<30).map { _ in
      cell.cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
    }
    var skin = try NeighbourList(positions: positions, cell: cell, cutoff: 4)
    for i in positions.indices { positions[i] += (generator.uniform() - 0.5) * 0.2 }
    skin.update(positions: positions, cell: cell)
    let fresh = try NeighbourList(positions: positions, cell: cell, cutoff: 3.5)
    for i in positions.indices {
      let near = skin.row(i).filter { length(skin.displacements[$0]) < 3.5 }
      #expect(near.map { skin.displacements[$0] } == fresh.row(i).map { fresh.displacements[$0] })
    }
  }

  @Test(arguments: [Double.nan, .infinity, 1e12]) func positionsMustBeSomewhere(x: Double) {
    let error = #expect(throws: AtomisticsError.self) {
      try NeighbourList(positions: [.one, [x, 0, 0]], cell: Cell(cubic: 3), cutoff: 2)
    }
    #expect(error?.key == "position of atom 2")
  }

  /// Ten times the atoms take this thread about ten times as long, whatever other threads do; a quadratic search would
  /// take it a hundred.
  @Test(.timeLimit(.minutes(10))) func timeIsLinear() throws {
    func now() -> Double {
      var time = timespec()
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
      return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
    }
    func seconds(_ edge: Int) throws -> Double {
      var generator = PhiloxGenerator(seed: 9)
      let cell = Cell(cubic: Double(edge))
      let positions = (0..<(edge * edge * edge / 20)).map { _ in
        cell.cartesian(SIMD3(generator.uniform(), generator.uniform(), generator.uniform()))
      }
      let times = try (0..<3).map { _ in
        let start = now()
        _ = try NeighbourList(positions: positions, cell: cell, cutoff: 4)
        return now() - start
      }
      return times.min()!
    }
    #expect(try seconds(86) < 30 * seconds(40))
  }
}
