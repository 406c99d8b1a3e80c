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
