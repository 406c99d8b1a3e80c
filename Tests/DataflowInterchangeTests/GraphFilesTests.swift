import Dataflow
import Foundation
import TestSupport
import Testing

/// The graphs in `Graphs/`: they load, plan, differentiate and run, and losses are their formulas.
@Suite struct GraphFilesTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Graphs")

  /// Files that others include, which are no graphs by themselves, and a loss without networks.
  private static let parts = ["layers", "potential", "errors", "forces", "log_cosh"]
  private static let potentials = ["gaussian", "relu", "tanh", "rbf", "residual"]
  private static let losses: [(name: String, value: @Sendable (Double, Double) -> Double)] = [
    ("quadratic", { energies, _ in energies }),
    ("quadratic_forces", { energies, forces in energies + 0.7 * forces }),
    ("exponential", { energies, _ in 0.5 * Foundation.exp(2 * energies) }),
    (
      "exponential_forces",
      { 0.5 * Foundation.exp(2 * $0) + 0.7 * 0.5 * Foundation.exp(2 * $1) }
    ),
    ("capped", { energies, _ in capped(energies) }),
    ("capped_forces", { energies, forces in capped(energies) + 0.7 * forces }),
  ]

  private static func capped(_ x: Double) -> Double {
    x + Foundation.exp(5 * Foundation.tanh(x / 5))
  }

  private static func graph(_ name: String, _ parameters: [String: String] = [:]) throws -> Graph {
    try GraphFile.read(folder.appendingPathComponent("\(name).graph"), parameters: parameters)
  }

  /// Two structures of H2O and H: atoms sorted by species, five of H and one of O... as the
  /// placeholders of a graph ask for it.
  private static func feeds(_ graph: Graph) throws -> [Value: Tensor] {
    let (hydrogens, oxygens) = (3, 2)
    let atoms = hydrogens + oxygens
    // Each atom depends on itself and the next one.
    let neighbours = (0..<atoms).flatMap { [$0, ($0 + 1) % atoms] }.map(Int32.init)
    let all: [String: Tensor] = [
      "descriptors": .random([atoms, 6], seed: 6),
      "descriptors_H": .random([hydrogens, 6], seed: 1),
      "descriptors_O": .random([oxygens, 6], seed: 2),
      "structure_of_atom": Tensor([0, 0, 1, 0, 1] as [Int32]),
      "atom_counts": Tensor([3, 2] as [Double]),
      "reference_energies": Tensor([0.1, -0.2]),
      "total_charges": Tensor([1.0, 0]),
      "reference_charges": .random([atoms], seed: 3),
      "derivative_blocks": .random([2 * atoms, 3, 6], in: -0.2...0.2, seed: 4),
      "row_starts": Tensor((0...atoms).map { Int32(2 * $0) }),
      "neighbours": Tensor(neighbours),
      "reference_forces": .random([atoms, 3], in: -0.3...0.3, seed: 5),
    ]
    return Dictionary(
      uniqueKeysWithValues: try graph.nodes.filter { $0.operation is Placeholder }.map { node in
        (node.output, try #require(all[node.name], "\(node.name)"))
      })
  }

  private static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".graph") }.map { String($0.dropLast(6)) }.sorted()
      .filter { !parts.contains($0) }
  }

  @Test(arguments: try names()) func everyFileLoadsPlansDifferentiatesAndRuns(name: String) throws {
    let graph = try Self.graph(name)
    let target = graph.node(named: "loss") ?? graph.node(named: "energies")
    let output = try #require(target?.output)
    let feeds = try Self.feeds(graph)
    let variables = graph.variables.filter(\.isTrainable).map(\.value)
    let gradients = try graph.gradients(of: [output], withRespectTo: variables)
    let fetches = [output] + gradients.compactMap { $0 }
    #expect(fetches.count == variables.count + 1)
    let session = Session(graph)
    let plan = try session.plan(feeds: Array(feeds.keys), fetches: fetches).description
    #expect(plan.contains("MatMul") || plan.contains("FusedProduct"))
    try session.initializeVariables()
    for tensor in try session.run(fetches, feeds: feeds) {
      let isFinite = tensor.scalars(as: Double.self).allSatisfy { $0.isFinite }
      #expect(isFinite)
    }
    let again = try Graph(text: graph.text)
    #expect(firstDifference(graph, again) == nil)
  }

  @Test(arguments: potentials) func numbersMayBeSingle(name: String) throws {
    let graph = try Self.graph(name, ["real": "float", "hidden": "[3]", "species": "[\"C\"]"])
    #expect(graph.node(named: "energies")?.output.elementType == .float32)
    #expect(graph.node(named: "descriptors_C")?.output.shape == ["atoms_C", 6])
  }

  /// What the network of a species gives, computed plainly.
  private static func network(
    _ x: [Double], _ values: [String: [Double]], _ prefix: String, _ layer: String
  ) -> Double {
    func sums(_ x: [Double], _ name: String) -> [Double] {
      let (weights, biases) = (values["\(name)/weights"]!, values["\(name)/biases"]!)
      return biases.indices.map { column in
        x.indices.reduce(biases[column]) { $0 + x[$1] * weights[$1 * biases.count + column] }
      }
    }
    func activate(_ x: [Double], _ name: String) -> [Double] {
      switch layer {
      case "gaussian": return sums(x, "\(name)/sums").map { Foundation.exp(-$0 * $0) }
      case "relu": return sums(x, "\(name)/sums").map { Swift.max($0, 0) }
      case "tanh": return sums(x, "\(name)/sums").map(Foundation.tanh)
      case "residual":
        let inner = sums(x, "\(name)/tanh/sums").map(Foundation.tanh)
        return zip(inner, sums(inner, "\(name)/tanh_1/sums")).map { $0 + Foundation.tanh($1) }
      default:
        let centres = values["\(name)/centres"]!
        let units = centres.count / x.count
        return (0..<units).map { unit in
          Foundation.exp(
            -x.indices.reduce(0) {
              $0 + (x[$1] - centres[$1 * units + unit]) * (x[$1] - centres[$1 * units + unit])
            })
        }
      }
    }
    let hidden = activate(activate(x, "\(prefix)/h_1"), "\(prefix)/h_2")
    return sums(hidden, "\(prefix)/output")[0]
  }

  @Test(arguments: potentials) func energiesAreSumsOfNetworks(name: String) throws {
    let graph = try Self.graph(name)
    let feeds = try Self.feeds(graph)
    let session = Session(graph)
    try session.initializeVariables()
    var values: [String: [Double]] = [:]
    for variable in graph.variables {
      values[variable.name] = try session.value(of: variable).scalars(as: Double.self)
    }
    func row(_ symbol: String, _ atom: Int) throws -> [Double] {
      let rows = try #require(feeds[graph.node(named: "descriptors_\(symbol)")!.output])
      return Array(rows.scalars(as: Double.self)[(6 * atom)..<(6 * atom + 6)])
    }
    let atoms = [("H", 0), ("H", 1), ("H", 2), ("O", 0), ("O", 1)]
    var expected = [0.0, 0.0]
    for (index, atom) in atoms.enumerated() {
      expected[[0, 0, 1, 0, 1][index]] += Self.network(
        try row(atom.0, atom.1), values, "energies_\(atom.0)", name)
    }
    let found = try session.run([graph.node(named: "energies")!.output], feeds: feeds)[0]
    for (a, b) in zip(found.scalars(as: Double.self), expected) { #expect(abs(a - b) < 1e-12) }
  }

  @Test(arguments: losses.indices, [false, true])
  func lossesAreTheirFormulas(index: Int, perAtom: Bool) throws {
    let (name, formula) = Self.losses[index]
    var parameters = ["per_atom": "\(perAtom)"]
    if name.hasSuffix("forces") { parameters["forces_cost"] = "0.7" }
    let graph = try Self.graph(name, parameters)
    let feeds = try Self.feeds(graph)
    let session = Session(graph)
    try session.initializeVariables()
    func doubles(_ name: String) throws -> [Double] {
      try session.run([graph.node(named: name)!.output], feeds: feeds)[0].scalars(as: Double.self)
    }
    let counts = perAtom ? [3.0, 2] : [1.0, 1]
    let energies = zip(zip(try doubles("energies"), [0.1, -0.2]), counts).reduce(0) {
      $0 + ($1.0.0 - $1.0.1) * ($1.0.0 - $1.0.1) / ($1.1 * $1.1)
    }
    let forces = try name.hasSuffix("forces") ? forceErrors(graph, feeds, doubles("dE_dG")) : 0
    let loss = try doubles("loss")[0]
    #expect(abs(loss - formula(energies, forces)) < 1e-12 * abs(loss))
  }

  /// The sum of the squares of F - F(reference), from dE/dG by equation 17.
  private func forceErrors(
    _ graph: Graph, _ feeds: [Value: Tensor], _ gradient: [Double]
  ) throws -> Double {
    func feed(_ name: String) throws -> [Double] {
      try #require(feeds[graph.node(named: name)!.output]).scalars(as: Double.self)
    }
    let blocks = try feed("derivative_blocks")
    var forces = try feed("reference_forces").map { -$0 }
    for block in 0..<10 {
      let (atom, neighbour) = (block / 2, (block / 2 + block % 2) % 5)
      for axis in 0..<3 {
        for component in 0..<6 {
          forces[3 * neighbour + axis] -=
            blocks[(3 * block + axis) * 6 + component] * gradient[6 * atom + component]
        }
      }
    }
    return forces.reduce(0) { $0 + $1 * $1 }
  }

  @Test func theRegularisedLossAddsTheCostOfParameters() throws {
    let graph = try Self.graph("regularised", ["l1": "0.3", "l2": "0.5"])
    let session = Session(graph)
    try session.initializeVariables()
    let values = try graph.variables.flatMap {
      try session.value(of: $0).scalars(as: Double.self)
    }
    let expected = values.reduce(0) { $0 + 0.3 * abs($1) + 0.25 * $1 * $1 }
    let fetches = ["loss", "energy_total"].map { graph.node(named: $0)!.output }
    let found = try session.run(fetches, feeds: Self.feeds(graph)).map {
      $0.scalar(as: Double.self)
    }
    #expect(abs(found[0] - found[1] - expected) < 1e-12 * expected)
  }

  @Test func chargesAddUpToThoseOfTheStructures() throws {
    let graph = try Self.graph("charges")
    let session = Session(graph)
    try session.initializeVariables()
    let charges = try session.run(
      [graph.node(named: "charges")!.output], feeds: Self.feeds(graph))[0].scalars(as: Double.self)
    #expect(abs(charges[0] + charges[1] + charges[3] - 1) < 1e-14)
    #expect(abs(charges[2] + charges[4]) < 1e-14)
  }

  @Test func theExampleOfTheDescriptionRuns() throws {
    let readme = try String(
      contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
    let blocks = readme.components(separatedBy: "```")
    let example = try #require(blocks.first { $0.contains("# A comment.") })
    let graph = try Graph(text: example, parameters: ["hidden": "[5]"])
    let session = Session(graph)
    try session.initializeVariables()
    let x = graph.node(named: "x")!.output
    let gradient = graph.node(named: "dE_dx")!.output
    let found = try session.run(
      [gradient], feeds: [x: Tensor(shape: [1, 3], scalars: [0.1, 0.2, 0.3] as [Float])])
    #expect(found[0].shape == [1, 3])
    let mistake = try #require(blocks.first { $0.contains("net.graph:3:5") })
    let error = #expect(throws: GraphTextError.self) {
      try Graph(text: "x = placeholder(float[2])\n\ny = Tahn(x)", file: "net.graph")
    }
    #expect(mistake.contains(error?.description ?? "no error"))
  }

  @Test func filesOfOtherKindsAreRefused() {
    let error = #expect(throws: GraphError.self) {
      try GraphFile.read(URL(fileURLWithPath: "net.txt"))
    }
    #expect(error?.message == "net.txt: the name of a graph's file ends in .graph, .pb, .pbtxt")
  }

  @Test func errorsOfImportsNameTheFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(#"node { name: "y" op: "Tanhh" }"#, to: "net.pbtxt")
    let error = #expect(throws: FormatError.self) { try GraphFile.read(file) }
    #expect(error?.file == file.relativePath)
    #expect(error?.message.hasPrefix(#"Tanhh "y" (): there is no operation Tanhh"#) == true)
  }

  @Test func errorsOfIncludedFilesHaveTheirPlace() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write("function f(x) { return Tahn(x) }\n", to: "layers.graph")
    let text = "include \"layers.graph\"\nx = placeholder(float[2])\ny = f(x)\n"
    let file = try folder.write(text, to: "a.graph")
    let error = #expect(throws: GraphTextError.self) { try GraphFile.read(file) }
    #expect(error?.file == "layers.graph" && error?.line == 1 && error?.column == 24)
    let other = try folder.write("\ninclude \"other.graph\"\n", to: "b.graph")
    let missing = #expect(throws: GraphTextError.self) { try GraphFile.read(other) }
    #expect(missing?.message.hasSuffix("other.graph: cannot be read") == true)
    #expect(missing?.line == 2)
  }
}
