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

  /// Along which vectors of their cells structures may repeat at all.
  public var periodic: Periodicity {
    get {
      switch self {
      case .behlerParrinello(let parameters): parameters.periodic
      case .modified(let parameters): parameters.periodic
      }
    }
    set {
      switch self {
      case .behlerParrinello(var parameters):
        parameters.periodic = newValue
        self = .behlerParrinello(parameters)
      case .modified(var parameters):
        parameters.periodic = newValue
        self = .modified(parameters)
      }
    }
  }

  /// Beyond which neighbours are in no angle, in angstrom.
  var angularCutoff: Double {
    switch self {
    case .behlerParrinello(let parameters): parameters.angularCutoff
    case .modified(let parameters): parameters.angularCutoff
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
