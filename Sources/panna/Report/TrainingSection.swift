import ProgramSupport

/// The errors of evaluated structures at one step of the training.
struct EvaluationPoint: Equatable {
  let step: Int
  let errors: GroupErrors
}

/// The learning curves.
struct TrainingSection: ReportSection {
  let key = "training"
  let highlights: [HTMLReport.Highlight] = []
  private let record: TrainingRecord
  private let history: [EvaluationPoint]

  /// How many of the last logged steps the closing numbers are taken of.
  private static let finalCount = 100
  /// How many points a curve of averages has.
  private static let averageCount = 100

  init(_ record: TrainingRecord, history: [EvaluationPoint]) {
    self.record = record
    self.history = history
  }

  func write(to page: inout HTMLReport) {
    page.section("Training")
    page.paragraph(lines.joined(separator: "\n"))
    let errors = [errorFigure(.energyRMSE), errorFigure(.forceRMSE)].compactMap { $0 }
    if !errors.isEmpty { page.figures(errors) }
    let others = [lossFigure, rateFigure].compactMap { $0 }
    if !others.isEmpty { page.figures(others) }
  }

  // MARK: Figures

  private func errorFigure(_ quantity: TrainingRecord.Quantity) -> HTMLReport.Figure? {
    guard let curve = record.curves[quantity] else { return nil }
    let isEnergy = quantity == .energyRMSE
    let title = isEnergy ? "Energy RMSE (meV/atom)" : "Force RMSE (eV/Å)"
    var plot = Plot(title, x: PlotAxis("step"), y: PlotAxis(title, scale: .logarithmic))
    plot.series = series(curve, "training batches", colour: 2, isRMS: true)
    let points = history.compactMap { point -> (Double, Double)? in
      let value = isEnergy ? point.errors.energy.rmse : point.errors.force?.rmse
      return value.map { (Double(point.step), $0) }
    }
    if !points.isEmpty {
      plot.series.append(
        PlotSeries(
          "evaluated structures", .marks, x: points.map(\.0), y: points.map(\.1), colour: 1))
    }
    let what = isEnergy ? "energy per atom" : "force components"
    return HTMLReport.Figure(plot, caption: "Root mean square error of the \(what) in training.")
  }

  /// All values in pale and averages over them, or the values alone where there are few.
  private func series(
    _ curve: TrainingRecord.Curve, _ name: String, colour: Int, isRMS: Bool
  ) -> [PlotSeries] {
    guard curve.values.count >= 3 * Self.averageCount else {
      return [PlotSeries(name, .line, x: curve.steps, y: curve.values, colour: colour)]
    }
    let average = curve.averaged(count: Self.averageCount, isRMS: isRMS)
    return [
      PlotSeries("", .faintLine, x: curve.steps, y: curve.values, colour: colour),
      PlotSeries("\(name), averaged", .line, x: average.steps, y: average.values, colour: colour),
    ]
  }

  private var lossFigure: HTMLReport.Figure? {
    var plot = Plot("Loss", x: PlotAxis("step"), y: PlotAxis("loss", scale: .logarithmic))
    if let curve = record.curves[.energyLoss] {
      plot.series += series(curve, "energies", colour: 2, isRMS: false)
    }
    if let curve = record.curves[.forceLoss] {
      plot.series += series(curve, "forces", colour: 3, isRMS: false)
    }
    if plot.series.isEmpty { return nil }
    return HTMLReport.Figure(plot, caption: "The parts of the loss that come from the data.")
  }

  private var rateFigure: HTMLReport.Figure? {
    guard let curve = record.curves[.learningRate] else { return nil }
    var plot = Plot(
      "Learning rate", x: PlotAxis("step"), y: PlotAxis("learning rate", scale: .logarithmic))
    plot.series = [PlotSeries("", .line, x: curve.steps, y: curve.values, colour: 0)]
    return HTMLReport.Figure(plot, caption: "Learning rate.")
  }

  // MARK: Numbers

  private func final(_ quantity: TrainingRecord.Quantity) -> Double? {
    let isRMS = quantity == .energyRMSE || quantity == .forceRMSE
    let count = quantity == .learningRate ? 1 : Self.finalCount
    return record.curves[quantity].map { $0.final(count, isRMS: isRMS) }
  }

  var lines: [String] {
    let count = min(Self.finalCount, record.curves.values.map(\.values.count).max() ?? 0)
    let parts = [
      final(.energyRMSE).map { "energy RMSE \(ErrorMeasure.energyRMSE.text($0))" },
      final(.forceRMSE).map { "force RMSE \(ErrorMeasure.forceRMSE.text($0))" },
    ].compactMap { $0 }
    let steps = "Training: \(ReportText.count(record.lastStep, "step", "steps"))"
    if parts.isEmpty { return [steps] }
    return ["\(steps); over the last \(count) logged: \(parts.joined(separator: ", "))"]
  }

  var numbers: ReportValue {
    var members = ["steps": ReportValue.number(Double(record.lastStep))]
    for quantity in TrainingRecord.Quantity.allCases {
      members[quantity.rawValue] = final(quantity).map { .number($0) }
    }
    return .members(members)
  }
}
