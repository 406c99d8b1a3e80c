import Tensors

/// Calculators that wait for work: each is made once for many structures, since they bring memory along.
final class CentrePool: Sendable {
  private let waiting = Guarded<[any CentreCalculator]>([])
  private let make: @Sendable () -> any CentreCalculator

  init(_ make: @escaping @Sendable () -> any CentreCalculator) { self.make = make }

  /// A calculator that nobody else uses until it is given back.
  func take() -> any CentreCalculator { waiting.withLock { $0.popLast() } ?? make() }

  func give(_ centre: any CentreCalculator) { waiting.withLock { $0.append(centre) } }
}
