/// The best value so far, and when to give up waiting for a better one.
public struct EarlyStopping: Sendable, Equatable {
  /// How many values in a row may be no better than the one waited from; 0 for any number.
  public let patience: Int
  /// By how much a value must be smaller for the waiting to begin anew.
  public let minimumGain: Double
  /// The smallest value so far and its step; nil before the first.
  public private(set) var best: (step: Int, value: Double)?
  /// The last value that was better by the gain; nil before the first.
  public private(set) var waitingFrom: Double?
  /// How many values came since.
  public private(set) var waited: Int

  public init(
    patience: Int, minimumGain: Double, best: (step: Int, value: Double)? = nil,
    waitingFrom: Double? = nil, waited: Int = 0
  ) {
    self.patience = patience
    self.minimumGain = minimumGain
    self.best = best
    self.waitingFrom = waitingFrom
    self.waited = waited
  }

  /// Takes a value and tells whether it is the best so far.
  ///
  /// - Parameter isAwaited: false for one out of turn, which may be the best but neither ends nor prolongs the waiting.
  public mutating func add(_ value: Double, step: Int, isAwaited: Bool = true) -> Bool {
    if isAwaited { wait(after: value) }
    if let best, !(value < best.value) { return false }
    best = (step, value)
    return true
  }

  private mutating func wait(after value: Double) {
    if let waitingFrom, !(value < waitingFrom - minimumGain) {
      waited += 1
    } else {
      (waitingFrom, waited) = (value, 0)
    }
  }

  public var shouldStop: Bool { patience > 0 && waited >= patience }

  public static func == (a: Self, b: Self) -> Bool {
    a.patience == b.patience && a.minimumGain == b.minimumGain && a.waited == b.waited
      && a.waitingFrom == b.waitingFrom && a.best?.step == b.best?.step
      && a.best?.value == b.best?.value
  }
}
