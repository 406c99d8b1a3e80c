import Foundation

/// Where an axis is marked, and what stands there.
struct PlotTicks: Equatable {
  var values: [Double]
  var labels: [String]
  /// Lighter grid lines without labels.
  var minor: [Double] = []

  /// Multiples of 1, 2 or 5 times a power of ten within a range, with at most `count` intervals.
  static func linear(_ range: ClosedRange<Double>, count: Int) -> PlotTicks {
    let step = niceStep((range.upperBound - range.lowerBound) / Double(count))
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    let values = stride(from: first, through: last, by: 1).map { $0 * step }
    return PlotTicks(values: values, labels: labels(values, step: step))
  }

  /// The least of 1, 2 and 5 times a power of ten that is not below a number above 0.
  static func niceStep(_ minimum: Double) -> Double {
    let power = pow(10, log10(minimum).rounded(.down))
    let factor = [1.0, 2, 5, 10].first { $0 * power >= minimum * (1 - 1e-9) } ?? 10
    return factor * power
  }

  /// Powers of ten within a range above 0; where it holds fewer than three of them, their multiples too.
  static func logarithmic(_ range: ClosedRange<Double>, count: Int) -> PlotTicks {
    let low = Int((log10(range.lowerBound) - 1e-9).rounded(.up))
    let high = Int((log10(range.upperBound) + 1e-9).rounded(.down))
    guard high - low >= 2 else { return withinDecades(range, count: count) }
    let exponents = low...high
    let stride = (exponents.count + count) / (count + 1)
    let marked = exponents.filter { $0.isMultiple(of: stride) }
    let isPlain = marked.allSatisfy { (-3...4).contains($0) }
    return PlotTicks(
      values: marked.map { pow(10, Double($0)) },
      labels: marked.map {
        isPlain ? plain(pow(10, Double($0)), decimals: max(0, -$0)) : power($0)
      },
      minor: stride == 1 ? multiples([2, 3, 4, 5, 6, 7, 8, 9], in: range) : [])
  }

  /// The ticks of a logarithmic axis of hardly more than two decades.
  private static func withinDecades(_ range: ClosedRange<Double>, count: Int) -> PlotTicks {
    let values = multiples([1, 2, 5], in: range)
    guard values.count > 2 else { return linear(range, count: count) }
    let texts = values.map { labels([$0], step: pow(10, (log10($0) + 1e-9).rounded(.down)))[0] }
    return PlotTicks(
      values: values, labels: texts, minor: multiples([3, 4, 6, 7, 8, 9], in: range))
  }

  /// Some multiples of powers of ten, in ascending order.
  private static func multiples(
    _ factors: [Double], in range: ClosedRange<Double>
  ) -> [Double] {
    let first = Int(log10(range.lowerBound).rounded(.down))
    let last = Int(log10(range.upperBound).rounded(.down))
    return (first...last).flatMap { exponent in factors.map { $0 * pow(10, Double(exponent)) } }
      .filter { range.contains($0) }
  }
}

extension PlotTicks {
  /// Numbers with the digits that tell multiples of `step` apart, all in the same form.
  static func labels(_ values: [Double], step: Double) -> [String] {
    let largest = values.map { abs($0) }.max() ?? 0
    let decimals = -Int((log10(step) + 1e-9).rounded(.down))
    guard largest > 0, largest >= 1e5 || step < 1e-4 else {
      return values.map { plain($0, decimals: max(0, decimals)) }
    }
    let exponent = Int((log10(largest) + 1e-9).rounded(.down))
    return values.map { value in
      let mantissa = value / pow(10, Double(exponent))
      let number = plain(mantissa, decimals: max(0, decimals + exponent))
      return value == 0 ? "0" : "\(number)×\(power(exponent))"
    }
  }

  private static func plain(_ value: Double, decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", abs(value))
    return value < 0 && text.contains { ("1"..."9").contains($0) } ? "−" + text : text
  }

  private static func power(_ exponent: Int) -> String {
    let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let raised = String(abs(exponent)).map { digits[$0.wholeNumberValue!] }
    return "10" + (exponent < 0 ? "⁻" : "") + String(raised)
  }
}
