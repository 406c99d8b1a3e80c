import Foundation

extension Plot {
  /// The drawing as an `svg` element for an HTML page.
  ///
  /// Colours and fonts come from the page's style sheet: `HTMLReport` has one, with the classes `frame`,
  /// `grid`, `minor`, `tick`, `guide` and for the series `c0` to `c5`.
  public var svg: String {
    let layout = PlotLayout(self)
    let content = [
      Markup.text("title", [:], title), grid(layout), guideLines(layout),
      series.enumerated().map { drawing(of: $1, at: $0, layout) }.joined(separator: "\n"),
      frame(layout), tickLabels(layout), axisTitles(layout), legend(layout),
    ]
    return Markup.element(
      "svg",
      [
        "viewBox": "0 0 \(number(layout.width)) \(number(layout.height))", "role": "img",
        "class": "plot",
      ], "\n" + content.filter { !$0.isEmpty }.joined(separator: "\n") + "\n")
  }

  /// The drawing as a file of its own, with the colours and fonts that a page gives it in daylight.
  public var standaloneSVG: String {
    let layout = PlotLayout(self)
    let size = "width=\"\(number(layout.width))\" height=\"\(number(layout.height))\""
    let style =
      "<style>\(HTMLReport.plotStyles)</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    let opened = svg.replacing(
      "<svg ", with: "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) ", maxReplacements: 1)
    guard let end = opened.firstIndex(of: ">") else { return opened }
    return opened[...end] + "\n" + style + opened[opened.index(after: end)...] + "\n"
  }

  // MARK: Axes

  private func grid(_ layout: PlotLayout) -> String {
    func lines(_ values: [Double], isX: Bool) -> String {
      values.map { value in
        isX
          ? "M\(number(layout.x.position(value))) \(number(layout.top))V\(number(layout.bottom))"
          : "M\(number(layout.left)) \(number(layout.y.position(value)))H\(number(layout.right))"
      }.joined()
    }
    let minor = lines(layout.x.ticks.minor, isX: true) + lines(layout.y.ticks.minor, isX: false)
    let major = lines(layout.x.ticks.values, isX: true) + lines(layout.y.ticks.values, isX: false)
    return [("minor", minor), ("grid", major)].filter { !$0.1.isEmpty }
      .map { Markup.element("path", ["class": $0.0, "d": $0.1]) }.joined(separator: "\n")
  }

  private func guideLines(_ layout: PlotLayout) -> String {
    var path = guides.filter { x.shows($0) && layout.x.range.contains($0) }.map {
      "M\(number(layout.x.position($0))) \(number(layout.top))V\(number(layout.bottom))"
    }.joined()
    if showsIdentity {
      let (from, to) = (layout.x.range.lowerBound, layout.x.range.upperBound)
      path += "M\(number(layout.x.position(from))) \(number(layout.y.position(from)))"
      path += "L\(number(layout.x.position(to))) \(number(layout.y.position(to)))"
    }
    return path.isEmpty ? "" : Markup.element("path", ["class": "guide", "d": path])
  }

  private func frame(_ layout: PlotLayout) -> String {
    Markup.element(
      "path",
      [
        "class": "frame",
        "d": "M\(number(layout.left)) \(number(layout.top))V\(number(layout.bottom))"
          + "H\(number(layout.right))",
      ])
  }

  private func tickLabels(_ layout: PlotLayout) -> String {
    let horizontal = zip(layout.x.ticks.values, layout.x.ticks.labels).map { value, label in
      Markup.text(
        "text",
        [
          "class": "tick", "text-anchor": "middle", "x": number(layout.x.position(value)),
          "y": number(layout.bottom + 18),
        ], label)
    }
    let vertical = zip(layout.y.ticks.values, layout.y.ticks.labels).map { value, label in
      Markup.text(
        "text",
        [
          "class": "tick", "text-anchor": "end", "x": number(layout.left - 7),
          "y": number(layout.y.position(value) + 4),
        ], label)
    }
    return (horizontal + vertical).joined(separator: "\n")
  }

  private func axisTitles(_ layout: PlotLayout) -> String {
    let middle = (layout.top + layout.bottom) / 2
    return [
      Markup.text(
        "text",
        [
          "text-anchor": "middle", "x": number((layout.left + layout.right) / 2),
          "y": number(layout.height - 8),
        ], x.title),
      Markup.text(
        "text",
        [
          "text-anchor": "middle", "x": "15", "y": number(middle),
          "transform": "rotate(-90 15 \(number(middle)))",
        ], y.title),
    ].joined(separator: "\n")
  }

  // MARK: Legend

  private func legend(_ layout: PlotLayout) -> String {
    layout.legend.map { entry in
      let style = entry.style == .steps ? "line" : "\(entry.style)"
      let swatch = entry.style == .dots || entry.style == .marks ? "h0" : "h18"
      let start = entry.place.x + (swatch == "h0" ? 9 : 0)
      return Markup.element(
        "g", ["class": "legend"],
        Markup.element(
          "path",
          [
            "class": "\(style == "dots" ? "marks" : style) c\(entry.colour)",
            "d": "M\(number(start)) \(number(entry.place.y - 4))\(swatch)",
          ])
          + Markup.text(
            "text", ["x": number(entry.place.x + 25), "y": number(entry.place.y)], entry.name))
    }.joined(separator: "\n")
  }

  // MARK: Series

  private func drawing(of series: PlotSeries, at index: Int, _ layout: PlotLayout) -> String {
    let colour = "c\((series.colour ?? index) % 6)"
    let path =
      switch series.style {
      case .line, .faintLine: linePath(series, layout)
      case .dots, .marks: dotsPath(series, layout)
      case .steps: stepsPath(series, layout)
      }
    guard !path.isEmpty else { return "" }
    let isSparse = series.style == .dots && series.x.count < 1000
    let style = isSparse ? "dots few" : "\(series.style)"
    return Markup.element(
      "g", ["class": "series"],
      Markup.element("path", ["class": "\(style) \(colour)", "d": path]))
  }

  /// The points with a place on both axes, in runs that nothing interrupts.
  private func runs(_ series: PlotSeries, _ layout: PlotLayout) -> [[PlotPoint]] {
    var runs: [[PlotPoint]] = [[]]
    for (x, y) in zip(series.x, series.y) {
      if self.x.shows(x) && self.y.shows(y) {
        runs[runs.count - 1].append(
          PlotPoint(x: layout.x.position(x), y: layout.y.position(y)))
      } else if !runs[runs.count - 1].isEmpty {
        runs.append([])
      }
    }
    return runs.filter { !$0.isEmpty }
  }

  private func linePath(_ series: PlotSeries, _ layout: PlotLayout) -> String {
    runs(series, layout).map { run in
      let points = PlotDecimation.line(run)
      let first = "M\(number(points[0].x)) \(number(points[0].y))"
      guard points.count > 1 else { return first + "h0" }
      return first + "L"
        + points.dropFirst().map { "\(number($0.x)) \(number($0.y))" }.joined(separator: " ")
    }.joined()
  }

  private func dotsPath(_ series: PlotSeries, _ layout: PlotLayout) -> String {
    let points = runs(series, layout).flatMap { $0 }
    let shown = series.style == .dots ? PlotDecimation.dots(points, spacing: 1.5) : points
    return shown.map { "M\(number($0.x)) \(number($0.y))h0" }.joined()
  }

  private func stepsPath(_ series: PlotSeries, _ layout: PlotLayout) -> String {
    guard let first = series.x.first, let last = series.x.last else { return "" }
    let base =
      y.scale == .linear
      ? layout.y.position(max(0, layout.y.range.lowerBound)) : layout.bottom
    let bars = zip(series.y, series.x.dropFirst()).map { height, edge in
      let top = y.shows(height) ? layout.y.position(height) : base
      return "V\(number(top))H\(number(layout.x.position(edge)))"
    }
    return "M\(number(layout.x.position(first))) \(number(base))\(bars.joined())V\(number(base))"
      + "H\(number(layout.x.position(last)))"
  }
}

/// A place in the drawing to a tenth of a unit, which is finer than any screen.
private func number(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  let sign = tenths < 0 ? "-" : ""
  let (whole, rest) = abs(tenths).quotientAndRemainder(dividingBy: 10)
  return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
}
