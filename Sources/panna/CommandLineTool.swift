import ProgramSupport

/// Finds the program that was asked for, runs it and turns errors into messages and exit statuses.
enum CommandLineTool {
  static let version = "0.1.0"

  static let programs: [any Program.Type] = [
    GvectCalculator.self, TFRPacker.self, Train.self, Tune.self, Evaluate.self,
    ExtractWeights.self, Predict.self, MD.self, Report.self,
    QEParser.self, EXYZParser.self, ANIParser.self, VaspParser.self, LammpsParser.self,
    CP2KParser.self, GvectParamCheck.self, GvectWriter.self, JSONToAXSF.self,
    GraphTool.self, Devices.self, Inspect.self,
  ]

  static var help: String {
    let width = programs.map { $0.name.count }.max()! + 2
    let list = programs.map { program in
      let padding = String(repeating: " ", count: width - program.name.count)
      return "  \(program.name)\(padding)\(program.summary)"
    }
    return """
      panna: properties of atomistic systems from artificial neural networks

      USAGE: panna PROGRAM [options]
             panna help PROGRAM

      PROGRAMS:
      \(list.joined(separator: "\n"))

      Exit status: 0 for success, 1 where the work failed, 2 for wrong usage.
      """
  }

  /// Runs what the arguments ask for.
  ///
  /// - Returns: the exit status.
  static func run(_ arguments: [String]) -> Int32 {
    do {
      try dispatch(arguments)
      return 0
    } catch let error as UsageError {
      warn("panna: \(error)")
      return 2
    } catch {
      warn("panna: \(error)")
      return 1
    }
  }

  private static func dispatch(_ arguments: [String]) throws {
    guard let first = arguments.first else {
      throw UsageError("which program? See panna --help")
    }
    switch first {
    case "--help", "-h": say(help)
    case "--version": say("panna \(version)")
    case "help":
      guard arguments.count > 1 else { return say(help) }
      say(try program(named: arguments[1]).help)
    default:
      let program = try program(named: first)
      let rest = Array(arguments.dropFirst())
      if rest.contains("--help") || rest.contains("-h") { return say(program.help) }
      try run(program, rest)
    }
  }

  private static func run(_ program: any Program.Type, _ arguments: [String]) throws {
    let parsed: ParsedArguments
    do {
      parsed = try program.options.parse(arguments)
    } catch let error as UsageError {
      let end = error.description.hasSuffix("?") ? "" : "."
      throw UsageError("\(program.name): \(error)\(end) See panna \(program.name) --help")
    }
    for remark in parsed.remarks { warn("\(program.name): \(remark)") }
    do {
      try program.run(parsed)
    } catch let error as UsageError {
      throw UsageError("\(program.name): \(error)")
    } catch {
      throw WorkError("\(program.name): \(error)")
    }
  }

  private static func program(named name: String) throws -> any Program.Type {
    if let program = programs.first(where: { $0.name == name }) { return program }
    let names = programs.map { $0.name }
    let hint = name.nearest(among: names).map { "; did you mean \($0)?" } ?? "."
    throw UsageError("unknown program \(name)\(hint) Programs: \(names.joined(separator: ", "))")
  }
}
