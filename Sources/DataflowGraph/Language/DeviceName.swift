/// Where something runs, each part left open if nil: `/job:worker/task:0/device:GPU:1`.
///
/// TensorFlow's device names; `CPU:0` and `/gpu:1` are short for `/device:CPU:0` and `/device:GPU:1`.
public struct DeviceName: Hashable, Sendable {
  public var job: String?
  public var replica: Int?
  public var task: Int?
  /// In capitals: `CPU`, `GPU`.
  public var type: String?
  public var index: Int?

  public init(
    job: String? = nil, replica: Int? = nil, task: Int? = nil, type: String? = nil,
    index: Int? = nil
  ) {
    self.job = job
    self.replica = replica
    self.task = task
    self.type = type?.uppercased()
    self.index = index
  }

  /// Whether nothing is said.
  public var isEmpty: Bool { self == DeviceName() }

  /// The name with what it leaves open taken from `other`; a type brings its own index.
  public func completed(by other: DeviceName) -> DeviceName {
    DeviceName(
      job: job ?? other.job, replica: replica ?? other.replica, task: task ?? other.task,
      type: type ?? other.type, index: index ?? (type == nil ? other.index : nil))
  }

  /// Whether a device of the full name `other` is what this name asks for.
  public func matches(_ other: DeviceName) -> Bool {
    func fits<T: Equatable>(_ wanted: T?, _ found: T?) -> Bool { wanted == nil || wanted == found }
    return fits(job, other.job) && fits(replica, other.replica) && fits(task, other.task)
      && fits(type, other.type) && fits(index, other.index)
  }
}

extension DeviceName {
  /// - Throws: `GraphError` that says which part of the name is not understood.
  public init(_ text: String) throws {
    self.init()
    let parts = text.split(separator: "/").map {
      $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    }
    for part in parts { try read(part, of: text) }
  }

  private mutating func read(_ part: [String], of text: String) throws {
    func number(_ text: String) throws -> Int? {
      if text == "*" { return nil }
      guard let number = Int(text), number >= 0 else { throw failure }
      return number
    }
    var failure: GraphError {
      GraphError(
        "device \"\(text)\": \"\(part.joined(separator: ":"))\" is not understood; allowed: "
          + "job:NAME, replica:N, task:N, device:TYPE:N, or a type such as CPU:0")
    }
    switch (part[0].lowercased(), part.count) {
    case ("job", 2): job = part[1]
    case ("replica", 2): replica = try number(part[1])
    case ("task", 2): task = try number(part[1])
    case ("device", 2...3): try readType(Array(part.dropFirst()), number, failure)
    case ("job", _), ("replica", _), ("task", _), ("device", _): throw failure
    case (_, 1...2): try readType(part, number, failure)
    default: throw failure
    }
  }

  private mutating func readType(
    _ part: [String], _ number: (String) throws -> Int?, _ failure: GraphError
  ) throws {
    guard let first = part[0].first, first.isLetter || part[0] == "*" else { throw failure }
    type = part[0] == "*" ? nil : part[0].uppercased()
    index = part.count == 2 ? try number(part[1]) : nil
  }
}

extension DeviceName: CustomStringConvertible, ExpressibleByStringLiteral {
  /// - Precondition: the literal is a device name.
  public init(stringLiteral value: String) {
    do { try self.init(value) } catch { fatalError("\(error)") }
  }

  /// `/job:worker/task:0/device:GPU:1`, without what is open.
  public var description: String {
    var text = ""
    if let job { text += "/job:\(job)" }
    if let replica { text += "/replica:\(replica)" }
    if let task { text += "/task:\(task)" }
    if type != nil || index != nil {
      text += "/device:\(type ?? "*"):\(index.map(String.init) ?? "*")"
    }
    return text
  }
}
