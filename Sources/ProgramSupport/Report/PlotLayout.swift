/// Where the parts of a plot lie: the legend above, the axes' titles and labels outside the field.
struct PlotLayout {
  struct LegendEntry {
    let name: String
    let style: PlotSeries.Style
    let colour: Int
    var place: PlotPoint
  }

  let width = 560.0
  let height: Double
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double
  private(set) var x: PlotScale
  private(set) var y: PlotScale
  let legend: [LegendEntry]

  init(_ plot: Plot) {
    (x, y) = Self.scales(plot)
    let labels = y.ticks.labels.map(Self.textWidth).max() ?? 0
    left = 24 + labels + 9
    right = width - 16 - (x.ticks.labels.last.map { Self.textWidth($0) / 4 } ?? 0)
    legend = Self.legend(plot, from: left, to: right)
    top = (legend.last?.place.y ?? 4) + 10
    bottom = plot.isSquare ? top + (right - left) : 332
    height = bottom + 46
    x.start = left
    x.end = right
    y.start = bottom
    y.end = top
  }

  private static func scales(_ plot: Plot) -> (PlotScale, PlotScale) {
    // A number without a place on the other axis is not drawn and needs no room.
    var (xs, ys) = ([Double](), [Double]())
    for series in plot.series {
      if series.style == .steps {
        xs += series.x
        ys += series.y
      } else {
        for (x, y) in zip(series.x, series.y) where plot.x.shows(x) && plot.y.shows(y) {
          xs.append(x)
          ys.append(y)
        }
      }
    }
    if plot.showsIdentity {
      let both = PlotScale(plot.x, showing: xs + ys, tickCount: 7)
      return (both, both)
    }
    return (
      PlotScale(plot.x, showing: xs, tickCount: 8), PlotScale(plot.y, showing: ys, tickCount: 6)
    )
  }

  /// The entries in lines from the left, each as wide as its text needs.
  private static func legend(_ plot: Plot, from left: Double, to right: Double) -> [LegendEntry] {
    var place = PlotPoint(x: left, y: 18)
    var entries: [LegendEntry] = []
    for (index, series) in plot.series.enumerated() where !series.name.isEmpty {
      let width = 25 + textWidth(series.name) + 20
      if place.x > left && place.x + width > right {
        place = PlotPoint(x: left, y: place.y + 20)
      }
      entries.append(
        LegendEntry(
          name: series.name, style: series.style, colour: (series.colour ?? index) % 6,
          place: place))
      place.x += width
    }
    return entries
  }

  /// How wide a text is at most at the size that plots are lettered in.
  private static func textWidth(_ text: String) -> Double {
    text.reduce(0) { $0 + ($1.isLetter && $1.isUppercase || $1 == "m" || $1 == "w" ? 10 : 7.4) }
  }
}
