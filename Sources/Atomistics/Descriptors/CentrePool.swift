import Tensors

/// Calculators that wait for work: each is made once for many structures, since they bring memory along.
final class CentrePool: Sendable {
  private let waiting = Guarded<[any CentreCalculator]>([])
  private let make: @Sendable () -> any CentreCalculator

  /// Calculators of the descriptors with some settings.
  ///
  /// - Throws: `AtomisticsError` for parameters that make no sense.
  init(_ settings: DescriptorSettings) throws {
    try settings.validate()
    switch settings {
    case .behlerParrinello(let parameters):
      make = { BehlerParrinelloCentre(parameters) }
    case .modified(let parameters):
      let constants = DescriptorConstants(parameters)
      make = { CentreDescriptor(constants) }
    }
  }

  /// A calculator that nobody else uses until it is given back.
  func take() -> any CentreCalculator { waiting.withLock { $0.popLast() } ?? make() }

  func give(_ centre: any CentreCalculator) { waiting.withLock { $0.append(centre) } }
}
