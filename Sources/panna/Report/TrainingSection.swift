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
    let deviation = final(.energyDeviation).map {
      " Over the last \(ReportText.count(finalCount, "logged step", "logged steps")) the"
        + " \(Self.deviationPhrase) is \(ErrorMeasure.energyRMSE.text($0)): \(Self.deviationMeaning)."
    }
    page.paragraph(
      "The training took \(ReportText.count(record.lastStep, "step", "steps")).\(waiting)"
        + (deviation ?? ""))
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
    let isEnergy = quantity == .energyRMSE
    let deviation = isEnergy ? record.curves[.energyDeviation] : nil
    guard let curve = record.curves[quantity] ?? deviation else { return nil }
    let title = isEnergy ? "Energy RMSE (meV/atom)" : "Force RMSE (eV/Å)"
    var plot = Plot(title, x: PlotAxis("step"), y: PlotAxis(title, scale: .logarithmic))
    let name = "training batches" + (deviation == nil ? "" : ", standard deviation")
    plot.series = curve.series(name, colour: 2, isRMS: true)
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
    let remark =
      deviation == nil
      ? "" : " Of the training batches the \(Self.deviationPhrase): \(Self.deviationMeaning)."
    return HTMLReport.Figure(
      plot, caption: "Root mean square error of the \(what) in training.\(remark)")
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

  private static let deviationPhrase = "standard deviation of the energy errors"
  private static let deviationMeaning =
    "an error that all have in common is not in it, but energy_rescale is"

  /// A validation whose error is the smallest.
  private struct Best {
    let step: Double
    let value: Double
    let measure: ErrorMeasure
  }

  /// The validations of the smallest energy and force errors, the first of each.
  private var best: [Best] {
    let quantities: [(TrainingRecord.Quantity, ErrorMeasure)] = [
      (.validationEnergyRMSE, .energyRMSE), (.validationForceRMSE, .forceRMSE),
    ]
    return quantities.compactMap { quantity, measure in
      record.curves[quantity].flatMap { curve in
        zip(curve.steps, curve.values).filter { $1.isFinite }
          .min { ($0.1, $0.0) < ($1.1, $1.0) }
          .map { Best(step: $0.0, value: $0.1, measure: measure) }
      }
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
      for step in Set(best.map(\.step)).sorted() where step != last {
        let what = best.filter { $0.step == step }.map(\.measure.phrase).joined(separator: " and ")
        let values = Self.validation.map { record.curves[$0]?.value(at: step) }
        rows.append(("validation after step \(Int(step)), the smallest \(what)", values))
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
    let deviation = final(.energyDeviation).map {
      "\(Self.deviationPhrase) \(ErrorMeasure.energyRMSE.text($0)) (\(Self.deviationMeaning))"
    }
    let errors = [describe(Self.training), deviation ?? ""].filter { !$0.isEmpty }
      .joined(separator: ", ")
    let steps = "Training: \(ReportText.count(record.lastStep, "step", "steps"))"
    let training =
      errors.isEmpty ? steps : "\(steps); over the last \(finalCount) logged: \(errors)"
    guard let last = record.curves[.validationEnergyRMSE]?.steps.last else { return [training] }
    let smallest = best.map {
      "; the smallest \($0.measure.phrase) is \($0.measure.text($0.value)) after step \(Int($0.step))"
    }
    return [
      training,
      "Validation: after step \(Int(last)) \(describe(Self.validation))\(smallest.joined())",
    ]
  }

  var numbers: ReportValue {
    var members = ["steps": ReportValue.number(Double(record.lastStep))]
    for quantity in TrainingRecord.Quantity.allCases {
      members[quantity.rawValue] = final(quantity).map { .number($0) }
    }
    for best in best {
      let name = "validation_best_\(best.measure.rawValue)"
      members[name] = .number(best.value)
      // Its name from when energies' were the only ones.
      if best.measure == .energyRMSE { members["validation_best_step"] = .number(best.step) }
      members["\(name)_step"] = .number(best.step)
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
