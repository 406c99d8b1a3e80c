import Testing

@testable import DataflowGraph

@Suite struct DimensionTests {
  private let n: Dimension = "n"
  private let m: Dimension = "m"

  @Test func arithmeticIsThatOfPolynomials() {
    #expect(n + m == m + n)
    #expect((n + 1) * (n - 1) == n * n - 1)
    #expect(n - n == 0)
    #expect((n - n).known == 0)
    #expect((n * 0 + 3).known == 3)
    #expect((2 * n).known == nil)
    #expect("\(3 * n * m + n + 1)" == "3*m*n + n + 1")
    #expect("\(n)" == "n")
  }

  @Test func evaluates() throws {
    #expect(try (2 * n * m + 1).evaluated(with: ["n": 3, "m": 4]) == 25)
    #expect(throws: GraphError.self) { try n.evaluated(with: ["m": 1]) }
    #expect(throws: GraphError.self) { try (n - 5).evaluated(with: ["n": 1]) }
  }

  @Test func aPolynomialFixesItsLastUnknownSymbol() throws {
    func solution(_ size: Dimension, _ total: Int, _ sizes: [String: Int] = [:]) throws -> Int? {
      try size.solved(for: total, with: sizes)?.size
    }
    #expect(try solution(3 * n + 1, 7) == 2)
    #expect(try solution(3 * n + 1, 1) == 0)
    #expect(try solution(5 - n, 3) == 2)
    #expect(try solution(n * m + n + m * m, 17, ["m": 3]) == 2)
    // Nothing fixes it, or nothing does yet.
    #expect(try solution(n * n, 9) == nil)
    #expect(try solution(n + m, 9) == nil)
    #expect(try solution(n * m, 0, ["m": 0]) == nil)
    #expect(try solution(3 * n + 1, 7, ["n": 1]) == nil)
    #expect(throws: GraphError.self) { try solution(n * m + n + m * m, 14, ["m": 3]) }
    for (size, total) in [(3 * n + 1, 6), (3 * n + 1, 0), (n * 2 + .init(.max), 3), (5 - n, 6)] {
      #expect(throws: GraphError.self) { try size.solved(for: total, with: [:]) }
    }
  }

  /// Sizes of any magnitude can be calculated with; what is too large for memory is refused.
  @Test func sizesThatAreTooLarge() throws {
    let large = Dimension(1 << 40)
    #expect((large * large).known == .max && (large * -1 * large).known == .min)
    #expect((large * large + large).known == .max)
    #expect(throws: GraphError.self) { try (large * large).evaluated(with: [:]) }
    #expect(throws: GraphError.self) { try (n * n).evaluated(with: ["n": 1 << 40]) }
    #expect(try (n * n).evaluated(with: ["n": 1 << 20]) == 1 << 40)
  }

  @Test func couldEqualWhereTheDifferenceIsUnknownOrZero() {
    #expect(n.couldEqual(5))
    #expect(n.couldEqual(m))
    #expect(!n.couldEqual(n + 1))
    #expect(!Dimension(3).couldEqual(4))
  }

  @Test func shapesBroadcast() throws {
    func broadcast(_ a: SymbolicShape, _ b: SymbolicShape) throws -> SymbolicShape {
      try a.broadcast(with: b)
    }
    #expect(try broadcast([n, 3], [3]) == [n, 3])
    #expect(try broadcast([n, 1], [1, m]) == [n, m])
    #expect(try broadcast([n], [7]) == [7])
    #expect(try broadcast([], [n]) == [n])
    #expect(throws: GraphError.self) { try broadcast([2, 3], [2]) }
    #expect(throws: GraphError.self) { try broadcast([n], [n + 1]) }
  }
}
