/// How many of some numbers lie where, as TensorBoard's histograms have it.
public struct Histogram: Sendable, Equatable {
  /// Of equal width from the least to the greatest number.
  private static let bucketCount = 30

  public let least: Double
  public let greatest: Double
  public let count: Int
  public let sum: Double
  public let sumOfSquares: Double
  /// Where each bucket ends; the first begins at the least number.
  public let limits: [Double]
  /// How many numbers each bucket holds.
  public let buckets: [Int]

  /// - Precondition: the numbers are finite.
  public init(_ numbers: [Double]) {
    let (least, greatest) = (numbers.min() ?? 0, numbers.max() ?? 0)
    let width = (greatest - least) / Double(Self.bucketCount)
    count = numbers.count
    sum = numbers.reduce(0, +)
    sumOfSquares = numbers.reduce(0) { $0 + $1 * $1 }
    self.least = least
    self.greatest = greatest
    guard width > 0 else {
      (limits, buckets) = ([greatest], [numbers.count])
      return
    }
    limits = (1..<Self.bucketCount).map { least + Double($0) * width } + [greatest]
    var buckets = Array(repeating: 0, count: Self.bucketCount)
    for number in numbers {
      buckets[min(Int((number - least) / width), Self.bucketCount - 1)] += 1
    }
    self.buckets = buckets
  }
}

extension EventWriter {
  /// Adds histograms of one step.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(_ histograms: [(tag: String, value: Histogram)], step: Int) throws {
    try write(step: step) { summary in
      for (tag, histogram) in histograms {
        summary.field(1) {
          $0.field(1, string: tag)
          $0.field(5) { $0.write(histogram) }
        }
      }
    }
  }

  /// Adds a text, which TensorBoard shows as Markdown.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(text: String, tag: String, step: Int) throws {
    try write(step: step) { summary in
      summary.field(1) {
        $0.field(1, string: tag)
        // A tensor of one string: type, shape and element.
        $0.field(8) {
          $0.field(1, varint: 7)
          $0.field(2) { $0.field(2) { $0.field(1, varint: 1) } }
          $0.field(8, string: text)
        }
        $0.field(9) { $0.field(1) { $0.field(1, string: "text") } }
      }
    }
  }
}

extension ProtobufWriter {
  /// TensorFlow's `HistogramProto`.
  fileprivate mutating func write(_ histogram: Histogram) {
    field(1, double: histogram.least)
    field(2, double: histogram.greatest)
    field(3, double: Double(histogram.count))
    field(4, double: histogram.sum)
    field(5, double: histogram.sumOfSquares)
    for (number, list) in [(6, histogram.limits), (7, histogram.buckets.map { Double($0) })] {
      field(number, length: 8 * list.count)
      for element in list { raw(element.bitPattern) }
    }
  }
}
