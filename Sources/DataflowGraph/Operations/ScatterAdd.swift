import Tensors

/// Adds to the rows of a variable that indices name; one that is named twice changes twice. TensorFlow's
/// `ScatterAdd`.
public struct ScatterAdd: ScatterUpdate {
  public static let name = "ScatterAdd"
  public static let function: BinaryFunction? = .add

  public init() {}
}
