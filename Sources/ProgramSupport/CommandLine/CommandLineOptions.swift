/// The options that a program takes, for parsing and for `--help`.
public struct CommandLineOptions: Sendable {
  /// One option.
  public struct Option: Sendable {
    /// With its dashes, such as `--config`.
    public let name: String
    /// With its dash, such as `-c`.
    public let short: String?
    /// Other names that are understood, not shown in the help.
    public let aliases: [String]
    /// What the value is called in the help; nil for a switch.
    public let value: String?
    /// What it does, in a few words.
    public let help: String
    /// Whether leaving it out is an error.
    public let isRequired: Bool
    /// Whether it may be given more than once.
    public let isRepeatable: Bool
    /// Whether a switch may be followed by True or False.
    public let takesTruth: Bool
    fileprivate let standing: Standing

    /// What becomes of an option that is given.
    fileprivate enum Standing {
      case obeyed
      case withoutEffect(String)
      case refused(String)
    }

    /// An option with a value of that name, or a switch.
    public init(
      _ name: String, _ short: String? = nil, aliases: [String] = [], value: String? = nil,
      help: String, isRequired: Bool = false, isRepeatable: Bool = false, takesTruth: Bool = false
    ) {
      self.init(
        name: name, short: short, aliases: aliases, value: value, help: help,
        isRequired: isRequired, isRepeatable: isRepeatable, takesTruth: takesTruth,
        standing: .obeyed)
    }

    private init(
      name: String, short: String?, aliases: [String], value: String?, help: String,
      isRequired: Bool, isRepeatable: Bool, takesTruth: Bool, standing: Standing
    ) {
      self.name = name
      self.short = short
      self.aliases = aliases
      self.value = value
      self.help = help
      self.isRequired = isRequired
      self.isRepeatable = isRepeatable
      self.takesTruth = takesTruth
      self.standing = standing
    }

    /// An option of another program that changes nothing here, which is said where it is given; not in the
    /// help.
    public static func withoutEffect(_ name: String, value: String? = nil, _ reason: String) -> Self
    {
      unused(name, value, .withoutEffect(reason))
    }

    /// An option of another program that cannot be obeyed here; an error with the reason, not in the help.
    public static func refused(_ name: String, value: String? = nil, _ reason: String) -> Self {
      unused(name, value, .refused(reason))
    }

    private static func unused(_ name: String, _ value: String?, _ standing: Standing) -> Self {
      Self(
        name: name, short: nil, aliases: [], value: value, help: "", isRequired: false,
        isRepeatable: true, takesTruth: true, standing: standing)
    }

    /// Whether the help shows it: it has an effect.
    public var isInHelp: Bool {
      if case .obeyed = standing { return true }
      return false
    }

    fileprivate func isCalled(_ name: String) -> Bool {
      self.name == name || short == name || aliases.contains(name)
    }

    fileprivate var usage: String {
      let names = [short, name].compactMap { $0 }.joined(separator: ", ")
      return value.map { "\(names) \($0)" } ?? names
    }
  }

  /// In the order of the help.
  public let options: [Option]
  /// What stands for arguments without dashes in the help; nil where there may be none.
  public let operands: String?

  /// The options of a program, and what its other arguments are called.
  public init(_ options: [Option], operands: String? = nil) {
    self.options = options
    self.operands = operands
  }

  /// Takes arguments apart: `--name value`, `--name=value`, `-n value`; all after `--` are operands.
  ///
  /// - Throws: `UsageError` for what is unknown, missing or given twice.
  public func parse(_ arguments: [String]) throws -> ParsedArguments {
    var result = ParsedArguments()
    var rest = arguments[...]
    var onlyOperands = false
    while let argument = rest.popFirst() {
      if argument == "--" && !onlyOperands {
        onlyOperands = true
        continue
      }
      guard !onlyOperands, argument.hasPrefix("-"), argument.count > 1 else {
        guard operands != nil else { throw UsageError("unexpected argument \(argument)") }
        result.operands.append(argument)
        continue
      }
      let (name, attached) = split(argument)
      guard let option = options.first(where: { $0.isCalled(name) }) else {
        let names = options.filter(\.isInHelp).map(\.name)
        let hint = name.nearest(among: names).map { "; did you mean \($0)?" } ?? ""
        throw UsageError("unknown option \(name)\(hint)")
      }
      switch option.standing {
      case .obeyed: break
      case .withoutEffect(let reason): result.remarks.append("\(name) has no effect: \(reason)")
      case .refused(let reason): throw UsageError("\(name): \(reason)")
      }
      guard let value = try self.value(of: option, attached, &rest) else { continue }
      if let earlier = result.values[option.name], !option.isRepeatable {
        throw UsageError("\(option.name) is given twice: \(earlier[0]) and \(value)")
      }
      result.values[option.name, default: []].append(value)
    }
    for option in options where option.isRequired && result.values[option.name] == nil {
      throw UsageError("\(option.usage) is missing")
    }
    return result
  }

  private func split(_ argument: String) -> (String, String?) {
    guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else {
      return (argument, nil)
    }
    return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
  }

  /// - Returns: nil for a switch that is off.
  private func value(
    of option: Option, _ attached: String?, _ rest: inout ArraySlice<String>
  ) throws -> String? {
    guard let name = option.value else {
      guard option.takesTruth else {
        if let attached { throw UsageError("\(option.name) takes no value, got \(attached)") }
        return "true"
      }
      if let truth = (attached ?? rest.first).flatMap(IniSection.truth) {
        if attached == nil { rest.removeFirst() }
        return truth ? "true" : nil
      }
      if let attached { throw UsageError("\(option.name)=\(attached): expected True or False") }
      return "true"
    }
    guard let value = attached ?? rest.popFirst() else {
      throw UsageError("\(option.name) needs a value: \(name)")
    }
    return value
  }

  /// The options one a line.
  public var help: String {
    let shown = options.filter(\.isInHelp)
    let width = (shown.map(\.usage.count).max() ?? 0) + 2
    return shown.map { option in
      let padding = String(repeating: " ", count: width - option.usage.count)
      let notes = [
        option.isRequired ? "required" : nil, option.isRepeatable ? "may be repeated" : nil,
      ].compactMap { $0 }.joined(separator: ", ")
      return "  \(option.usage)\(padding)\(option.help)\(notes.isEmpty ? "" : " (\(notes))")"
    }.joined(separator: "\n")
  }
}

/// What was given on a command line.
public struct ParsedArguments: Sendable, Equatable {
  fileprivate(set) var values: [String: [String]] = [:]
  /// The arguments without dashes.
  public fileprivate(set) var operands: [String] = []
  /// What is to be said of options that have no effect.
  public fileprivate(set) var remarks: [String] = []

  /// The value of an option, nil where it was not given.
  public subscript(name: String) -> String? { values[name]?.last }

  /// All values of an option that may be repeated.
  public func all(_ name: String) -> [String] { values[name] ?? [] }

  /// Whether a switch was given.
  public func has(_ name: String) -> Bool { values[name] != nil }

  /// A whole number, nil where the option was not given.
  ///
  /// - Throws: `UsageError` where it is no whole number or out of range.
  public func int(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = self[name] else { return nil }
    guard let number = Int(text), range.contains(number) else {
      let upper = range.upperBound == .max ? "" : " to \(range.upperBound)"
      throw UsageError("\(name) \(text): expected a whole number from \(range.lowerBound)\(upper)")
    }
    return number
  }
}
