import Tensors

/// How TensorFlow writes an operation where that differs from here: what is an attribute here and an
/// input there, and which attributes name the types.
public struct TensorFlowForm: Sendable {
  /// An attribute that is a tensor of whole numbers in TensorFlow.
  public struct Operand: Sendable {
    public enum Kind: Sendable {
      /// A vector of whole numbers, an `ints` attribute: axes, a permutation.
      case ints
      /// A scalar, an `int` attribute: an axis.
      case int
      /// A vector of sizes, a `shape` attribute.
      case sizes
      /// A vector of whole numbers, negative ones too, an `ints` attribute, or a `shape` where there are
      /// sizes among them: places.
      case places
      /// A scalar size, a `shape` attribute of one dimension.
      case size
      /// A matrix of pairs of sizes, as `Pad` takes them: attributes `before` and `after`.
      case pairs
    }

    public let attribute: String
    /// Its place among TensorFlow's inputs; from the back where negative.
    public let position: Int
    public let kind: Kind
    /// The attribute that names the operand's type, such as `Tidx`.
    public let typeAttribute: String?

    public init(
      _ attribute: String, at position: Int, _ kind: Kind, type typeAttribute: String? = nil
    ) {
      self.attribute = attribute
      self.position = position
      self.kind = kind
      self.typeAttribute = typeAttribute
    }
  }

  /// Where the type that an attribute names comes from.
  public enum TypeSource: Sendable {
    case input(Int)
    case output(Int)
    /// A list, of the inputs from a place on.
    case inputs(from: Int)
    case outputs
    case fixed(ElementType)
  }

  public var operands: [Operand]
  /// TensorFlow's type attributes that are not attributes here.
  public var types: [String: TypeSource]
  /// The attribute that says how many inputs there are, such as `N` of `AddN`.
  public var count: String?
  /// TensorFlow's attributes that change what is computed and are none here, with the values that are
  /// computed.
  public var allowed: [String: [AttributeValue]]
  /// Attributes here that TensorFlow's operation does not have.
  public var own: Set<String>
  /// Whether TensorFlow has the operation at all.
  public var isKnownToTensorFlow = true

  public init(
    operands: [Operand] = [], types: [String: TypeSource] = ["T": .input(0)], count: String? = nil,
    allowed: [String: [AttributeValue]] = [:], own: Set<String> = []
  ) {
    self.operands = operands
    self.types = types
    self.count = count
    self.allowed = allowed
    self.own = own
  }

  /// For each input the first of those that must have one type with it.
  ///
  /// Those that a type attribute names have a type of their own, such as indices; all others have that of `T`.
  func inputsOfOneType(_ count: Int) -> [Int] {
    let named = types.mapValues { source in
      if case .input(let place) = source { place < 0 ? place + count : place } else { 0 }
    }
    return (0..<count).map { named.values.contains($0) ? $0 : named["T"] ?? 0 }
  }

  /// Indices outside are errors, not left out.
  static let strictIndices = [
    "bad_indices_policy": ["", "DEFAULT", "ERROR"].map(AttributeValue.string)
  ]

  /// The form of an operation that TensorFlow does not have.
  public static var none: TensorFlowForm {
    var form = TensorFlowForm(types: [:])
    form.isKnownToTensorFlow = false
    return form
  }
}
