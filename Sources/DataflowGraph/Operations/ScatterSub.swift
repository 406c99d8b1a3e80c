import Tensors

/// Subtracts from the rows of a variable that indices name; one that is named twice changes twice. TensorFlow's
/// `ScatterSub`.
public struct ScatterSub: ScatterUpdate {
  public static let name = "ScatterSub"
  public static let function: BinaryFunction? = .subtract

  public init() {}
}
