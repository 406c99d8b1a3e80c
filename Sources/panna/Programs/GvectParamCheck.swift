import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// Draws what the parameters of descriptors mean, and says what they do not resolve.
enum GvectParamCheck: Program {
  static let name = "gvect_param_check"
  static let summary = "draws the functions of a descriptor file, says what they do not resolve"
  static let options = CommandLineOptions([
    .config, .set,
    .init(
      "--output", "-o", value: "DIR",
      help: "folder for radial.svg, angular.svg, mean_distance.svg (.)"),
    .init("--examples", "-e", value: "DIR", help: "structures (*.example) to look at"),
  ])
  static let details = """
    Draws, for descriptors of type mBP, the radial functions with their cutoff, the functions of the
    angle, and those of the mean distance of two neighbours. A distance or an angle is resolved where at
    least one centre answers with more than half its height (without the cutoff function); what is not
    resolved between the centres is said in words, and with --examples how many of the distances and
    angles that occur there lie in such gaps, which are drawn under the functions too.
    """
  static let example = """
      panna gvect_param_check --config gvect.ini --examples examples --output check
    """

  static func run(_ arguments: ParsedArguments) throws {
    let settings = try DescriptorConfiguration(arguments.configuration()).settings
    guard case .modified(let parameters) = settings else {
      throw UsageError("\(arguments["--config"]!): [SYMMETRY_FUNCTION] type = BP: expected mBP")
    }
    let folder = URL(fileURLWithPath: arguments["--output"] ?? ".")
    var histogram: GeometryHistogram?
    if let examples = arguments["--examples"] {
      var found = GeometryHistogram(parameters)
      for file in try DescriptorWork.files(in: URL(fileURLWithPath: examples)) {
        let structure = try ExampleFile.read(file) { warn($0) }
        do {
          _ = try structure.speciesIndices(in: parameters.species)
          try found.add(structure)
        } catch var error as AtomisticsError {
          error.file = error.file ?? file.path
          throw error
        }
      }
      histogram = found
    }
    try Folder.make(folder)
    for panel in ResolutionPanel.all(parameters, histogram) {
      let file = folder.appendingPathComponent("\(panel.name).svg")
      try FileAccess.write(Data(panel.plot.standaloneSVG.utf8), to: file)
      for line in panel.words { say(line) }
    }
  }
}

/// One of the three pictures, and what it says in words.
struct ResolutionPanel {
  let name: String
  let plot: Plot
  let words: [String]

  /// What a panel is made of.
  private struct Content {
    var name: String
    var title: String
    /// What the centres are places of.
    var quantity: String
    var unit: String
    var axis: String
    var range: ClosedRange<Double>
    var centres: [Double]
    /// From the axis' unit to the functions'.
    var scale: Double
    var value: (Double, Int) -> Double
    var best: (Double) -> Double
    var counts: [Int]?
    var binWidth: Double
  }

  static func all(
    _ parameters: DescriptorParameters, _ histogram: GeometryHistogram?
  ) -> [ResolutionPanel] {
    let functions = DescriptorResolution(parameters)
    let degree = Double.pi / 180
    let contents = [
      Content(
        name: "radial", title: "Radial functions", quantity: "distances", unit: "Å",
        axis: "distance (Å)", range: 0...parameters.radialCutoff, centres: parameters.radialCentres,
        scale: 1,
        value: {
          functions.radial($0, centre: $1)
            * DescriptorResolution.cutoffFunction($0, parameters.radialCutoff)
        }, best: functions.bestRadial, counts: histogram?.distances,
        binWidth: GeometryHistogram.distanceWidth),
      Content(
        name: "angular", title: "Functions of the angle", quantity: "angles", unit: "°",
        axis: "angle (°)", range: 0...180, centres: parameters.angles.map { $0 / degree },
        scale: degree, value: { functions.angular($0, centre: $1) }, best: functions.bestAngular,
        counts: histogram?.angles, binWidth: GeometryHistogram.angleWidth / degree),
      Content(
        name: "mean_distance", title: "Functions of the mean distance", quantity: "mean distances",
        unit: "Å", axis: "mean distance of two neighbours (Å)", range: 0...parameters.angularCutoff,
        centres: parameters.angularCentres, scale: 1,
        value: {
          let cutoff = DescriptorResolution.cutoffFunction($0, parameters.angularCutoff)
          return functions.meanDistance($0, centre: $1) * cutoff * cutoff
        }, best: functions.bestMeanDistance, counts: histogram?.meanDistances,
        binWidth: GeometryHistogram.distanceWidth),
    ]
    return contents.map { ResolutionPanel($0) }
  }

  private init(_ content: Content) {
    name = content.name
    plot = Self.draw(content)
    words = Self.describe(content)
  }

  private static func draw(_ content: Content) -> Plot {
    var plot = Plot(
      content.title, x: PlotAxis(content.axis), y: PlotAxis("value", includesZero: true))
    let (low, high) = (content.range.lowerBound, content.range.upperBound)
    // The bins are too narrow to be seen one by one.
    let group = 4
    let bars = content.counts.map { counts in
      stride(from: 0, to: counts.count, by: group).map {
        counts[$0..<min($0 + group, counts.count)].reduce(0, +)
      }
    }
    if let counts = bars, let most = counts.max(), most > 0 {
      let width = content.binWidth * Double(group)
      let edges = (0...counts.count).map { min(high, Double($0) * width) }
      plot.series.append(
        PlotSeries(
          "how often in the data", .steps, x: edges, y: counts.map { Double($0) / Double(most) },
          colour: 0))
    }
    let places = (0...600).map { low + (high - low) * Double($0) / 600 }
    for centre in content.centres.indices {
      plot.series.append(
        PlotSeries(
          "", .line, x: places, y: places.map { content.value($0 * content.scale, centre) }))
    }
    return plot
  }

  /// The ranges between the first and the last centre, and those of the data, that no centre resolves.
  private static func describe(_ content: Content) -> [String] {
    func text(_ number: Double) -> String { String(format: "%.2f", number) }
    func isGap(_ place: Double) -> Bool { content.best(place * content.scale) < 0.5 }
    let (first, last) = (content.centres.min() ?? 0, content.centres.max() ?? 0)
    var lines = [
      "\(content.title.lowercased()): \(content.centres.count) centres from \(text(first)) to "
        + "\(text(last)) \(content.unit)"
    ]
    let steps = 2000
    let inside = (0...steps).map { first + (last - first) * Double($0) / Double(steps) }
    let gaps = ranges(inside.map { ($0, isGap($0)) }).map { "\(text($0))–\(text($1))" }
    lines.append(
      gaps.isEmpty
        ? "  every one of the \(content.quantity) between them is resolved"
        : "  not resolved between them: \(gaps.joined(separator: ", ")) \(content.unit)")
    guard let counts = content.counts else { return lines }
    let total = counts.reduce(0, +)
    guard total > 0, let low = counts.firstIndex(where: { $0 > 0 }),
      let high = counts.lastIndex(where: { $0 > 0 })
    else { return lines + ["  the structures have no \(content.quantity) within the cutoff"] }
    let bins = counts.indices.map {
      (place: (Double($0) + 0.5) * content.binWidth, count: counts[$0])
    }
    let missed = bins.filter { $0.count > 0 && isGap($0.place) }
    let share = 100 * Double(missed.reduce(0) { $0 + $1.count }) / Double(total)
    lines.append(
      "  the structures have \(content.quantity) from \(text(Double(low) * content.binWidth)) to "
        + "\(text(Double(high + 1) * content.binWidth)) \(content.unit)"
        + (missed.isEmpty
          ? ", all of them resolved" : String(format: "; %.1f %% are not resolved:", share)))
    let half = content.binWidth / 2
    for (from, to) in ranges(bins.map { ($0.place, isGap($0.place)) }) {
      let own = missed.filter { from...to ~= $0.place }.reduce(0) { $0 + $1.count }
      if own == 0 { continue }
      lines.append(
        "    \(text(from - half))–\(text(to + half)) \(content.unit): \(own) of \(total)")
    }
    return lines
  }

  /// The stretches of places of which something holds.
  private static func ranges(_ places: [(Double, Bool)]) -> [(Double, Double)] {
    var found: [(Double, Double)] = []
    var start: Double?
    var previous = 0.0
    for (place, holds) in places {
      if holds && start == nil { start = place }
      if !holds, let begin = start {
        found.append((begin, previous))
        start = nil
      }
      previous = place
    }
    if let start { found.append((start, previous)) }
    return found
  }
}
