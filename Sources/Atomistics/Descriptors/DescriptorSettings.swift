/// Which descriptors, and what defines them.
public enum DescriptorSettings: Sendable, Equatable {
  /// Equations 3 and 4 of the paper (`BP`).
  case behlerParrinello(BehlerParrinelloParameters)
  /// Equations 3 and 5 of the paper (`mBP`).
  case modified(DescriptorParameters)

  /// The species in the order of their indices and blocks.
  public var species: [String] {
    switch self {
    case .behlerParrinello(let parameters): parameters.species
    case .modified(let parameters): parameters.species
    }
  }

  /// The number of components.
  public var size: Int {
    switch self {
    case .behlerParrinello(let parameters): parameters.size
    case .modified(let parameters): parameters.size
    }
  }

  /// The larger cutoff in angstrom.
  var cutoff: Double {
    switch self {
    case .behlerParrinello(let parameters): parameters.cutoff
    case .modified(let parameters): parameters.cutoff
    }
  }
}
