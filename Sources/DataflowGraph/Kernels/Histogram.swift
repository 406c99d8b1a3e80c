import ProtobufWire

/// How often numbers fall between limits that grow by a tenth each, as TensorFlow's histograms do.
package struct Histogram: Sendable {
  package private(set) var minimum = Double.infinity
  package private(set) var maximum = -Double.infinity
  package private(set) var count = 0.0
  package private(set) var sum = 0.0
  package private(set) var squares = 0.0
  private var counts: [Double]

  /// Upper limits: 1e-12 times powers of 1.1 up to 1e20, their negatives, and the largest number.
  package static let limits: [Double] = {
    var positive: [Double] = []
    var limit = 1e-12
    while limit < 1e20 {
      positive.append(limit)
      limit *= 1.1
    }
    positive.append(Double.greatestFiniteMagnitude)
    return positive.reversed().map { -$0 } + [0] + positive
  }()

  package init() { counts = Array(repeating: 0, count: Self.limits.count) }

  /// - Precondition: `value` is finite.
  package mutating func add(_ value: Double) {
    (minimum, maximum) = (Swift.min(minimum, value), Swift.max(maximum, value))
    count += 1
    sum += value
    squares += value * value
    counts[Self.bucket(of: value)] += 1
  }

  /// The first bucket whose limit is above the value, the last one for the largest number.
  private static func bucket(of value: Double) -> Int {
    var (low, high) = (0, limits.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if limits[middle] > value { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Limits and counts, a row of empty buckets as one.
  package var buckets: [(limit: Double, count: Double)] {
    var result: [(limit: Double, count: Double)] = []
    for (limit, count) in zip(Self.limits, counts) {
      if count == 0, let last = result.last, last.count == 0 {
        result[result.count - 1].limit = limit
      } else {
        result.append((limit, count))
      }
    }
    // Nothing is above the last number.
    if result.count > 1, result.last?.count == 0 { result.removeLast() }
    return result
  }

  /// The fields of TensorFlow's `HistogramProto`.
  package func write(to message: inout ProtobufWriter) {
    message.field(1, double: count > 0 ? minimum : 0)
    message.field(2, double: count > 0 ? maximum : 0)
    message.field(3, double: count)
    message.field(4, double: sum)
    message.field(5, double: squares)
    message.field(6, doubles: buckets.map(\.limit))
    message.field(7, doubles: buckets.map(\.count))
  }
}
