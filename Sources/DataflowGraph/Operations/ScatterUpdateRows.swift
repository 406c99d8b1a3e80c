import Tensors

/// Gives the rows of a variable that indices name other contents; of one that is named twice the last
/// ones stay. TensorFlow's `ScatterUpdate`.
public struct ScatterUpdateRows: ScatterUpdate {
  public static let name = "ScatterUpdate"
  public static let function: BinaryFunction? = nil

  public init() {}
}
