import Dataflow
import DataflowTesting
import Operations
import Testing

@Suite struct OperationsTests {
  init() throws { try registerOperations() }

  @Test(arguments: OperationCheck.allCases) func holds(check: OperationCheck) throws {
    #expect(try check.findings(of: Mish.self) == [])
    #expect(try check.findings(of: PairDistances.self) == [])
  }

  @Test func textsNameThem() throws {
    let graph = try Graph(
      text: """
        x = placeholder(double[n, 3])
        energy = Sum(Mish(PairDistances(x, x)), axes: [0, 1], keep_dims: false)
        slope = gradient(energy, x)
        """)
    let session = Session(graph)
    let x = try graph.value(named: "x")
    let slope = try session.run(
      [try graph.value(named: "slope")], feeds: [x: .random([5, 3], seed: 3)])[0]
    // Distances do not change where all points move alike.
    let slopes = slope.scalars(as: Double.self)
    for axis in 0..<3 {
      let total = stride(from: axis, to: 15, by: 3).reduce(0) { $0 + slopes[$1] }
      #expect(abs(total) < 1e-12)
    }
    #expect(slopes.contains { abs($0) > 0.1 })
  }
}
