import Foundation
import Testing

@testable import ProgramSupport

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Plots")
struct PlotTests {
  private func plot(_ series: PlotSeries...) -> Plot {
    var plot = Plot("A plot", x: PlotAxis("time (ps)"), y: PlotAxis("energy (eV)"))
    plot.series = series
    return plot
  }

  /// The `d` of each drawn series.
  private func paths(_ plot: Plot) throws -> [String] {
    try MarkupReader.root(plot.svg).all("g", class: "series").map {
      try #require($0.all("path").first?["d"])
    }
  }

  @Test("titles, ticks, legend and series are all there")
  func structure() throws {
    let root = try MarkupReader.root(
      plot(
        PlotSeries("reference", .line, x: [0, 1, 2], y: [1, 3, 2]),
        PlotSeries("network", .dots, x: [0, 1, 2], y: [1, 3.1, 2])
      ).svg)
    #expect(root.name == "svg")
    let texts = root.all("text").map { $0.stringValue ?? "" }
    #expect(texts.contains("time (ps)") && texts.contains("energy (eV)"))
    #expect(root.all("g", class: "legend").map { $0.stringValue } == ["reference", "network"])
    #expect(root.all("g", class: "series").count == 2)
    let ticks = root.all("text", class: "tick").map { $0.stringValue ?? "" }
    #expect(ticks == ["0.0", "0.5", "1.0", "1.5", "2.0", "1.0", "1.5", "2.0", "2.5", "3.0"])
    #expect(root.all("title").first?.stringValue == "A plot")
  }

  @Test("what is drawn stays within the field, the legend above it")
  func bounds() throws {
    let values = (0..<500).map { sin(Double($0) / 9) * Double($0) }
    let plot = plot(
      PlotSeries("one", .line, x: (0..<500).map(Double.init), y: values),
      PlotSeries("a second one with a long name", .dots, x: values, y: values),
      PlotSeries("a third one whose name is long too", .marks, x: [500], y: [500]),
      .histogram("a fourth", of: values, in: -500...500, bins: 30))
    let layout = PlotLayout(plot)
    for point in try paths(plot).flatMap(pathPoints) {
      #expect((layout.left - 0.1...layout.right + 0.1).contains(point.x))
      #expect((layout.top - 0.1...layout.bottom + 0.1).contains(point.y))
    }
    #expect(layout.legend.count == 4)
    #expect(Set(layout.legend.map(\.place.y)).count == 2)
    #expect(layout.legend.allSatisfy { $0.place.y < layout.top })
  }

  @Test("numbers go up and to the right")
  func directions() throws {
    let points = pathPoints(try paths(plot(PlotSeries("", .line, x: [1, 2], y: [1, 2])))[0])
    #expect(points.count == 2)
    #expect(points[0].x < points[1].x && points[0].y > points[1].y)
  }

  @Test("on logarithmic axes equal ratios are equal lengths")
  func logarithmic() throws {
    var plot = plot(PlotSeries("", .dots, x: [1, 2, 3], y: [1, 10, 100]))
    plot.y.scale = .logarithmic
    let points = pathPoints(try paths(plot)[0]).enumerated().filter { $0.offset % 2 == 0 }
      .map(\.element)
    #expect(points.count == 3)
    #expect(abs((points[0].y - points[1].y) - (points[1].y - points[2].y)) < 0.15)
  }

  @Test("numbers without a place are left out and interrupt lines")
  func leavesOut() throws {
    let broken = [1, .nan, 3, 4, .infinity, 6]
    var plot = plot(PlotSeries("", .line, x: [0, 1, 2, 3, 4, 5], y: broken))
    let path = try paths(plot)[0]
    #expect(path.filter { $0 == "M" }.count == 3)
    #expect(pathPoints(path).count == 2 + 2 + 2)
    plot.series = [PlotSeries("", .dots, x: [0, .nan, 2], y: [1, 2, -1])]
    plot.y.scale = .logarithmic
    #expect(try paths(plot)[0].filter { $0 == "M" }.count == 1)
    #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
  }

  @Test(
    "empty and constant data make a plot with ticks",
    arguments: [[], [0], [5, 5, 5], [-1e-9, -1e-9], [.nan], [1e300, 1e300]] as [[Double]],
    [PlotAxis.Scale.linear, .logarithmic])
  func degenerate(values: [Double], scale: PlotAxis.Scale) throws {
    for style in [PlotSeries.Style.line, .faintLine, .dots, .marks] {
      var plot = plot(PlotSeries("numbers", style, x: values, y: values))
      plot.y.scale = scale
      let root = try MarkupReader.root(plot.svg)
      #expect(root.all("text", class: "tick").count >= 4)
      #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
      let shown = values.filter { $0.isFinite && (scale == .linear || $0 > 0) }
      #expect(root.all("g", class: "series").count == (shown.isEmpty ? 0 : 1))
    }
  }

  @Test(
    "numbers at the limits are drawn or left out",
    arguments: [
      [-Double.greatestFiniteMagnitude, 1, .greatestFiniteMagnitude], [-1e300, 1e300],
      [0, .leastNonzeroMagnitude], [1e-300, 1e300], [0, 2e-300],
      [.leastNormalMagnitude / 4, 1e-305], [1, 1e305],
    ] as [[Double]], [PlotAxis.Scale.linear, .logarithmic])
  func limits(values: [Double], scale: PlotAxis.Scale) throws {
    for style in [PlotSeries.Style.line, .dots] {
      var plot = plot(PlotSeries("numbers", style, x: values, y: values))
      plot.x.scale = scale
      plot.y.scale = scale
      #expect(try MarkupReader.root(plot.svg).all("text", class: "tick").count >= 4)
      plot.showsIdentity = true
      #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
    }
  }

  @Test("a plot without series has axes and no legend")
  func empty() throws {
    let root = try MarkupReader.root(plot().svg)
    #expect(root.all("g").isEmpty)
    #expect(root.all("path", class: "frame").count == 1)
  }

  @Test("parity plots are square, with the diagonal")
  func identity() throws {
    var plot = plot(PlotSeries("", .dots, x: [1, 9], y: [2, 4]))
    plot.showsIdentity = true
    plot.isSquare = true
    let layout = PlotLayout(plot)
    #expect(layout.right - layout.left == layout.bottom - layout.top)
    #expect(layout.x.range == layout.y.range)
    let guide = try #require(MarkupReader.root(plot.svg).all("path", class: "guide").first?["d"])
    let ends = pathPoints(guide)
    #expect(abs(ends[0].x - layout.left) < 0.1 && abs(ends[0].y - layout.bottom) < 0.1)
    #expect(abs(ends[1].x - layout.right) < 0.1 && abs(ends[1].y - layout.top) < 0.1)
  }

  @Test("guides stand where they belong, and only within the axis")
  func guides() throws {
    var plot = plot(PlotSeries("", .line, x: [0, 10], y: [0, 1]))
    plot.guides = [5, 20]
    let guide = try #require(MarkupReader.root(plot.svg).all("path", class: "guide").first?["d"])
    let layout = PlotLayout(plot)
    #expect(guide.filter { $0 == "M" }.count == 1)
    #expect(abs(pathPoints(guide)[0].x - (layout.left + layout.right) / 2) < 0.1)
  }

  @Test("histograms count every number once, the last end included")
  func histogram() throws {
    let values = [0, 0.4, 1, 1.5, 3, 4, -1, 4.1, .nan]
    let series = PlotSeries.histogram("", of: values, in: 0...4, bins: 4)
    #expect(series.x == [0, 1, 2, 3, 4])
    #expect(series.y == [2, 2, 0, 2])
    var plot = plot(series)
    plot.y.scale = .logarithmic
    let layout = PlotLayout(plot)
    let points = pathPoints(try paths(plot)[0])
    // The empty bin lies on the axis.
    #expect(
      points.contains { abs($0.y - layout.bottom) < 0.1 && $0.x > layout.left + 250 })
  }

  @Test("texts are escaped")
  func escaping() throws {
    var plot = plot(PlotSeries("<b> & \"c\" \u{1}", .line, x: [0, 1], y: [0, 1]))
    plot.title = "a < b"
    plot.x.title = "x & y"
    let root = try MarkupReader.root(plot.svg)
    #expect(root.all("g", class: "legend").first?.stringValue == "<b> & \"c\" \u{FFFD}")
    #expect(root.all("title").first?.stringValue == "a < b")
    #expect(root.all("text").contains { $0.stringValue == "x & y" })
  }
}

@Suite("Decimation of plots")
struct PlotDecimationTests {
  @Test("of a column's points the first, lowest, highest and last stay, in their order")
  func line() {
    let points = [3.0, 9, 1, 5, 7, 2].enumerated().map {
      PlotPoint(x: 10 + Double($0) / 10, y: $1)
    }
    #expect(PlotDecimation.line(points).map(\.y) == [3, 9, 1, 2])
    let few = Array(points.prefix(4))
    #expect(PlotDecimation.line(few) == few)
  }

  @Test("a line of a million points is as short as the picture is wide, and as high")
  func longLine() {
    let points = (0..<1_000_000).map {
      PlotPoint(x: Double($0) / 2000, y: sin(Double($0 * $0 % 10_007)))
    }
    let shown = PlotDecimation.line(points)
    #expect(shown.count <= 4 * 500)
    #expect(shown.map(\.y).max() == points.map(\.y).max())
    #expect(shown.map(\.y).min() == points.map(\.y).min())
    #expect(shown.first == points.first && shown.last == points.last)
  }

  @Test("dots are thinned where they are dense, never where they lie alone")
  func dots() {
    let dense = (0..<10_000).map { PlotPoint(x: Double($0 % 100) / 20, y: Double($0 / 100) / 20) }
    let alone = [PlotPoint(x: 300, y: 7), PlotPoint(x: -40, y: 200)]
    let shown = PlotDecimation.dots(dense + alone, spacing: 1.5)
    #expect(shown.count == 16 + 2)
    #expect(shown.suffix(2) == alone[...])
    #expect(PlotDecimation.dots(dense + alone, spacing: 1.5) == shown)
  }
}
