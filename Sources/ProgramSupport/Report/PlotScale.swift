import Foundation

/// Turns the numbers of one axis into places in the drawing.
struct PlotScale: Equatable {
  /// The numbers at the axis's two ends.
  let range: ClosedRange<Double>
  let kind: PlotAxis.Scale
  let ticks: PlotTicks
  /// Where the ends lie in the drawing.
  var start = 0.0
  var end = 1.0

  /// - Parameter tickCount: how many intervals between ticks there may be.
  init(_ axis: PlotAxis, showing values: some Sequence<Double>, tickCount: Int) {
    kind = axis.scale
    let found = Self.extent(values.lazy.filter(axis.shows))
    switch axis.scale {
    case .linear:
      range = Self.linearRange(found, includesZero: axis.includesZero)
      ticks = .linear(range, count: tickCount)
    case .logarithmic:
      range = Self.logarithmicRange(found)
      ticks = .logarithmic(range, count: tickCount)
    }
  }

  private static func extent(_ values: some Sequence<Double>) -> ClosedRange<Double>? {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values { (low, high) = (min(low, value), max(high, value)) }
    return low <= high ? low...high : nil
  }

  /// What was found with a margin; around a single number as much as makes it readable.
  private static func linearRange(
    _ found: ClosedRange<Double>?, includesZero: Bool
  ) -> ClosedRange<Double> {
    guard let found else { return 0...1 }
    let low = includesZero ? min(0, found.lowerBound) : found.lowerBound
    let high = includesZero ? max(0, found.upperBound) : found.upperBound
    let largest = max(abs(low), abs(high))
    // What is smaller than ticks could tell apart is a single number, or 0.
    let smallest = 1 / PlotAxis.largest
    guard high - low > max(1e-12 * largest, smallest) else {
      let margin = largest <= smallest ? 1 : 0.1 * largest
      return low - margin...high + margin
    }
    let margin = 0.04 * (high - low)
    return (includesZero && low == 0 ? 0 : low - margin)...(high + margin)
  }

  private static func logarithmicRange(_ found: ClosedRange<Double>?) -> ClosedRange<Double> {
    guard let found else { return 0.1...10 }
    guard found.upperBound / found.lowerBound > 1 + 1e-9 else {
      return found.lowerBound / 2...found.upperBound * 2
    }
    let margin = min(pow(found.upperBound / found.lowerBound, 0.05), 1e6)
    return found.lowerBound / margin...found.upperBound * margin
  }

  /// The place of a number that the axis shows.
  func position(_ value: Double) -> Double { start + fraction(value) * (end - start) }

  private func fraction(_ value: Double) -> Double {
    switch kind {
    case .linear: (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    case .logarithmic:
      (log(value) - log(range.lowerBound)) / (log(range.upperBound) - log(range.lowerBound))
    }
  }
}
