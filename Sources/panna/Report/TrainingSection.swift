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

  init(_ record: TrainingRecord, history: [EvaluationPoint]) {
    self.record = record
    self.history = history
  }

  func write(to page: inout HTMLReport) {
    page.section("Training")
    let rows = errorRows
    let waiting = final(.waiting).map { " " + InputWatch.summary($0) } ?? ""
    page.paragraph(
      "The training took \(ReportText.count(record.lastStep, "step", "steps")).\(waiting)")
    if !rows.isEmpty {
      page.table(
        HTMLReport.Table(
          columns: ["errors"] + Self.measures.map(\.tableTitle),
          rows: rows.map { row in
            [row.title] + zip(Self.measures, row.values).map { $0.number($1) }
          }))
    }
    let errors = [
      errorFigure(.energyRMSE, validation: .validationEnergyRMSE),
      errorFigure(.forceRMSE, validation: .validationForceRMSE),
    ].compactMap { $0 }
    if !errors.isEmpty { page.figures(errors) }
    let others = [lossFigure, rateFigure].compactMap { $0 }
    if !others.isEmpty { page.figures(others) }
  }

  // MARK: Figures

  private func errorFigure(
    _ quantity: TrainingRecord.Quantity, validation: TrainingRecord.Quantity
  ) -> HTMLReport.Figure? {
    guard let curve = record.curves[quantity] else { return nil }
    let isEnergy = quantity == .energyRMSE
    let title = isEnergy ? "Energy RMSE (meV/atom)" : "Force RMSE (eV/Å)"
    var plot = Plot(title, x: PlotAxis("step"), y: PlotAxis(title, scale: .logarithmic))
    plot.series = curve.series("training batches", colour: 2, isRMS: true)
    if let curve = record.curves[validation] {
      plot.series.append(
        PlotSeries("validation", .line, x: curve.steps, y: curve.values, colour: 4))
    }
    let points = history.compactMap { point -> (Double, Double)? in
      let value = isEnergy ? point.errors.energy?.rmse : point.errors.force?.rmse
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

  private var lossFigure: HTMLReport.Figure? {
    var plot = Plot("Loss", x: PlotAxis("step"), y: PlotAxis("loss", scale: .logarithmic))
    if let curve = record.curves[.energyLoss] {
      plot.series += curve.series("energies", colour: 2, isRMS: false)
    }
    if let curve = record.curves[.forceLoss] {
      plot.series += curve.series("forces", colour: 3, isRMS: false)
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

  private static let measures: [ErrorMeasure] = [.energyRMSE, .energyMAE, .forceRMSE, .forceMAE]
  private static let training: [TrainingRecord.Quantity] = [
    .energyRMSE, .energyMAE, .forceRMSE, .forceMAE,
  ]
  private static let validation: [TrainingRecord.Quantity] = [
    .validationEnergyRMSE, .validationEnergyMAE, .validationForceRMSE, .validationForceMAE,
  ]

  private func final(_ quantity: TrainingRecord.Quantity) -> Double? {
    record.curves[quantity].map {
      $0.final(quantity.isExact ? 1 : Self.finalCount, isRMS: quantity.isRMS)
    }
  }

  /// How many steps the closing numbers of the training are of.
  private var finalCount: Int {
    let curves = record.curves.filter { !$0.key.isExact }.values
    return min(Self.finalCount, curves.map(\.values.count).max() ?? 0)
  }

  /// The validation of the smallest energy error, the first of them.
  private var best: (step: Double, value: Double)? {
    record.curves[.validationEnergyRMSE].flatMap { curve in
      zip(curve.steps, curve.values).filter { $1.isFinite }
        .min { ($0.1, $0.0) < ($1.1, $1.0) }.map { (step: $0.0, value: $0.1) }
    }
  }

  /// The errors of `measures`; nil for those that are not known.
  private var errorRows: [(title: String, values: [Double?])] {
    var rows: [(title: String, values: [Double?])] = [
      (
        "training batches, last \(ReportText.count(finalCount, "logged step", "logged steps"))",
        Self.training.map { final($0) }
      )
    ]
    if let last = record.curves[.validationEnergyRMSE]?.steps.last {
      rows.append(("validation after step \(Int(last))", Self.validation.map { final($0) }))
      if let best, best.step != last {
        let values = Self.validation.map { record.curves[$0]?.value(at: best.step) }
        rows.append(("validation after step \(Int(best.step)), the best", values))
      }
    }
    return rows.filter { $0.values.contains { $0 != nil } }
  }

  /// The quantities that are there, in words.
  private func describe(_ quantities: [TrainingRecord.Quantity]) -> String {
    zip(quantities, Self.measures).compactMap { quantity, measure in
      final(quantity).map { "\(measure.phrase) \(measure.text($0))" }
    }.joined(separator: ", ")
  }

  var lines: [String] {
    let errors = describe(Self.training)
    let steps = "Training: \(ReportText.count(record.lastStep, "step", "steps"))"
    let training =
      errors.isEmpty ? steps : "\(steps); over the last \(finalCount) logged: \(errors)"
    guard let best, let last = record.curves[.validationEnergyRMSE]?.steps.last else {
      return [training]
    }
    return [
      training,
      "Validation: after step \(Int(last)) \(describe(Self.validation)); the smallest energy RMSE is"
        + " \(ErrorMeasure.energyRMSE.text(best.value)) after step \(Int(best.step))",
    ]
  }

  var numbers: ReportValue {
    var members = ["steps": ReportValue.number(Double(record.lastStep))]
    for quantity in TrainingRecord.Quantity.allCases {
      members[quantity.rawValue] = final(quantity).map { .number($0) }
    }
    if let best {
      members["validation_best_step"] = .number(best.step)
      members["validation_best_energy_rmse"] = .number(best.value)
    }
    return .members(members)
  }
}

extension TrainingRecord.Curve {
  /// How many points a curve of averages has.
  private static let averageCount = 100

  /// All values in pale and averages over them, or the values alone where there are few.
  func series(_ name: String, colour: Int, isRMS: Bool) -> [PlotSeries] {
    guard values.count >= 3 * Self.averageCount else {
      return [PlotSeries(name, .line, x: steps, y: values, colour: colour)]
    }
    let average = averaged(count: Self.averageCount, isRMS: isRMS)
    return [
      PlotSeries("", .faintLine, x: steps, y: values, colour: colour),
      PlotSeries("\(name), averaged", .line, x: average.steps, y: average.values, colour: colour),
    ]
  }
}
