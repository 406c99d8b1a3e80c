import Dataflow
import TestSupport
import Testing

/// A graph on the device that tests run on, beside the same on the processor.
enum DeviceComparison {
  static func session(_ graph: Graph, isOptimized: Bool = true) -> Session {
    var options = SessionOptions()
    options.placement = TestDevice.placement
    options.isOptimized = isOptimized
    return Session(graph, options: options)
  }

  /// Whole numbers are equal; a NaN is close to another one.
  static func isClose(_ found: Tensor, _ expected: Tensor, _ tolerance: Double) -> Bool {
    guard found.shape == expected.shape, found.elementType == expected.elementType else {
      return false
    }
    guard found.elementType.isFloatingPoint else { return found == expected }
    func numbers(_ tensor: Tensor) -> [Double] {
      tensor.elementType == .float32
        ? tensor.scalars(as: Float.self).map { Double($0) } : tensor.scalars(as: Double.self)
    }
    return zip(numbers(found), numbers(expected)).allSatisfy { a, b in
      a == b || abs(a - b) <= tolerance * max(1, abs(b)) || (a.isNaN && b.isNaN)
    }
  }

  static func compare(
    _ graph: Graph, _ fetches: [Value], _ feeds: [Value: Tensor], _ tolerance: Double,
    _ what: Comment
  ) throws {
    let expected = try Session(graph).run(fetches, feeds: feeds)
    let found = try session(graph).run(fetches, feeds: feeds)
    for (number, (a, b)) in zip(found, expected).enumerated() {
      #expect(isClose(a, b, tolerance), "\(what), fetch \(number)")
    }
  }

  /// Compares, and checks that the device computed all operations of the names.
  static func compare(
    _ graph: Graph, _ fetches: [Value], _ feeds: [Value: Tensor], _ tolerance: Double,
    onDevice operations: String...
  ) throws {
    let names = operations.joined(separator: ", ")
    try compare(graph, fetches, feeds, tolerance, "\(names)")
    let plan = try session(graph, isOptimized: false).plan(
      feeds: Array(feeds.keys), fetches: fetches)
    for operation in operations {
      #expect(plan.description.contains("\(TestDevice.device!.name.short) \(operation) "))
    }
  }
}
