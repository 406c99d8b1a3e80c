/// One axis of a plot.
public struct PlotAxis: Sendable, Equatable {
  /// The largest number with a place on an axis, which has room for margins around it.
  public static let largest = 1e300

  /// How numbers become lengths.
  public enum Scale: Sendable {
    /// Equal differences are equal lengths.
    case linear
    /// Equal ratios are equal lengths; numbers below 1 / `largest` are left out.
    case logarithmic
  }

  /// What is shown, with its unit.
  public var title: String
  /// How numbers become lengths.
  public var scale: Scale
  /// Whether a linear axis begins at 0 although no number does.
  public var includesZero: Bool

  /// An axis as long as its numbers need.
  public init(_ title: String, scale: Scale = .linear, includesZero: Bool = false) {
    self.title = title
    self.scale = scale
    self.includesZero = includesZero
  }

  /// Whether a number has a place on the axis.
  func shows(_ value: Double) -> Bool {
    abs(value) <= Self.largest && (scale == .linear || value >= 1 / Self.largest)
  }
}

/// Numbers that are drawn in one colour.
public struct PlotSeries: Sendable, Equatable {
  /// How the numbers are drawn.
  public enum Style: Sendable {
    /// A line from point to point, interrupted where a number has no place on its axis.
    case line
    /// A thin pale line, behind the others.
    case faintLine
    /// Small dots; where they lie closer than they can be told apart, some of them.
    case dots
    /// Large dots.
    case marks
    /// Bars without gaps: `y[i]` between `x[i]` and `x[i + 1]`.
    case steps
  }

  /// What the legend says; empty for no entry.
  public var name: String
  /// How the numbers are drawn.
  public var style: Style
  /// Where the numbers lie.
  public var x: [Double]
  /// The numbers; as many as places, for steps one fewer.
  public var y: [Double]
  /// Which of the colours, counted from 0; nil for the series' own place among the plot's.
  public var colour: Int?

  /// - Precondition: as many numbers as places; for steps one fewer, or none of both.
  public init(_ name: String, _ style: Style, x: [Double], y: [Double], colour: Int? = nil) {
    let isRight = style == .steps && !x.isEmpty ? x.count == y.count + 1 : x.count == y.count
    precondition(isRight, "\(name): \(x.count) places, \(y.count) numbers")
    self.name = name
    self.style = style
    self.x = x
    self.y = y
    self.colour = colour
  }

  /// How many of some numbers lie in each of equally wide bins.
  ///
  /// - Parameters:
  ///   - values: numbers; those outside the range do not count.
  ///   - range: from the first bin's lower to the last bin's upper end, which belongs to it.
  public static func histogram(
    _ name: String, of values: [Double], in range: ClosedRange<Double>, bins: Int
  ) -> PlotSeries {
    let width = (range.upperBound - range.lowerBound) / Double(bins)
    var counts = [Double](repeating: 0, count: bins)
    for value in values where range.contains(value) {
      counts[min(bins - 1, Int((value - range.lowerBound) / width))] += 1
    }
    let edges = (0...bins).map { range.lowerBound + Double($0) * width }
    return PlotSeries(name, .steps, x: edges, y: counts)
  }
}

/// A plot of some series over two axes, drawn as SVG.
///
///     var plot = Plot("Loss", x: PlotAxis("step"), y: PlotAxis("loss", scale: .logarithmic))
///     plot.series.append(PlotSeries("training", .line, x: steps, y: losses))
///     let text = plot.svg
public struct Plot: Sendable, Equatable {
  /// What is shown, for those who cannot see it.
  public var title: String
  /// The horizontal axis.
  public var x: PlotAxis
  /// The vertical axis.
  public var y: PlotAxis
  /// What is drawn, the first below the others.
  public var series: [PlotSeries] = []
  /// Whether both axes are equal, with the line where x is y.
  public var showsIdentity = false
  /// Whether the axes are equally long.
  public var isSquare = false
  /// Places on the horizontal axis with a dashed vertical line.
  public var guides: [Double] = []

  /// A plot without series.
  public init(_ title: String, x: PlotAxis, y: PlotAxis) {
    self.title = title
    self.x = x
    self.y = y
  }
}
