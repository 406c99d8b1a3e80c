import Tensors

/// A function that the language has by itself, beside the operations.
struct LanguageFunction: Sendable {
  let name: String
  /// How it is called, for messages.
  let usage: String
  let body: @Sendable (LanguageCall) throws -> LanguageValue

  static let all: [String: LanguageFunction] = Dictionary(
    uniqueKeysWithValues: (graphFunctions + tensorFunctions + listFunctions).map { ($0.name, $0) })

  private static let graphFunctions = [
    LanguageFunction(name: "placeholder", usage: "placeholder(float[n, 3])") { call in
      try call.expect(1)
      let spec = try call.spec(0)
      if let given = try call.givenPlaceholder(spec) { return .value(given) }
      return .node(
        try call.graph.add(
          Placeholder(elementType: spec.elementType, shape: spec.shape),
          name: call.naming.nodeName(Placeholder.name)))
    },
    LanguageFunction(name: "variable", usage: "variable(initial, trainable: true)") { call in
      try call.expect(1, labels: ["trainable", "initializer"])
      return try call.variable()
    },
    LanguageFunction(name: "capture", usage: "capture(value)") { call in
      try call.expect(1)
      return .value(try call.captured())
    },
    LanguageFunction(name: "gradient", usage: "gradient(y, x, from: dy)") { call in
      try call.expect(2, labels: ["from"])
      return try call.gradient()
    },
    LanguageFunction(name: "trainable_variables", usage: "trainable_variables()") { call in
      try call.expect(0)
      return .list(call.graph.variables.filter(\.isTrainable).map { .value($0.value) })
    },
  ]

  private static let tensorFunctions = [
    LanguageFunction(name: "zeros", usage: "zeros(float[2, 3])") { call in
      try call.expect(1)
      return try call.filled(.int(0))
    },
    LanguageFunction(name: "ones", usage: "ones(float[2, 3])") { call in
      try call.expect(1)
      return try call.filled(.int(1))
    },
    LanguageFunction(name: "fill", usage: "fill(float[2, 3], 0.5)") { call in
      try call.expect(2)
      return try call.filled(call.arguments.positional[1].value)
    },
    LanguageFunction(name: "uniform", usage: "uniform(float[2, 3], low: -1, high: 1, seed: 1)") {
      call in
      try call.expect(1, labels: ["low", "high", "seed"])
      let (low, high) = (try call.number("low", 0), try call.number("high", 1))
      return .tensor(try call.random { low + (high - low) * $0.uniform() })
    },
    LanguageFunction(name: "normal", usage: "normal(float[2, 3], mean: 0, stddev: 1, seed: 1)") {
      call in
      try call.expect(1, labels: ["mean", "stddev", "seed"])
      let (mean, deviation) = (try call.number("mean", 0), try call.number("stddev", 1))
      return .tensor(try call.random { mean + deviation * $0.normal() })
    },
    LanguageFunction(
      name: "truncated_normal",
      usage: "truncated_normal(float[2, 3], mean: 0, stddev: 1, seed: 1)"
    ) { call in
      try call.expect(1, labels: ["mean", "stddev", "seed"])
      let (mean, deviation) = (try call.number("mean", 0), try call.number("stddev", 1))
      return .tensor(try call.random { mean + deviation * $0.truncatedNormal() })
    },
  ]

  private static let listFunctions = [
    LanguageFunction(name: "size", usage: "size(x, 0)") { call in
      try call.expect(2)
      let shape = try call.value(0).shape
      let size = shape[try shape.axis(try call.int(1))]
      return size.known.map { .int($0) } ?? .size(size)
    },
    LanguageFunction(name: "axes", usage: "axes(x)") { call in
      try call.expect(1)
      return .list((0..<(try call.value(0)).shape.rank).map { .int($0) })
    },
    LanguageFunction(name: "type", usage: "type(x)") { call in
      try call.expect(1)
      return .type(try call.value(0).elementType)
    },
    LanguageFunction(name: "count", usage: "count(list)") { call in
      try call.expect(1)
      guard case .list(let elements) = call.arguments.positional[0].value else {
        throw GraphError("count: expected a list, found \(call.arguments.positional[0].value.kind)")
      }
      return .int(elements.count)
    },
    LanguageFunction(name: "range", usage: "range(n) or range(first, end)") { call in
      try call.expect(call.arguments.positional.count == 1 ? 1 : 2)
      let last = call.arguments.positional.count - 1
      let (first, end) = (last == 0 ? 0 : try call.int(0), try call.int(last))
      if end <= first { return .list([]) }
      let (count, overflow) = end.subtractingReportingOverflow(first)
      guard !overflow, count <= 1_000_000 else {
        throw GraphError("range: \(first) to \(end) are more than a million numbers")
      }
      return .list((0..<count).map { .int(first + $0) })
    },
  ]
}
