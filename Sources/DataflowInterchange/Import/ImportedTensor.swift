import DataflowGraph
import Tensors

/// An output of a node of TensorFlow's, as it stands in the graph.
struct ImportedTensor {
  /// What computes it; an error where that is asked for and cannot be.
  var result: Result<Value, GraphError>
  /// Its elements, as far as they are whole numbers that are known without a run.
  var sizes: SizeTensor?
  /// The stack that the value is a handle of, by the name of the node that made it.
  var stack: String?
  /// Values that are computed in the same runs, empty for what every run computes.
  var conditions: [Value] = []
  /// What runs before it because of control inputs on the way to it, the node itself where there is one: TensorFlow puts
  /// control inputs on constants alone, and whoever takes such a constant for an attribute waits in its place.
  var waits: [Node] = []

  init(_ value: Value, sizes: SizeTensor? = nil) {
    result = .success(value)
    self.sizes = sizes
  }

  init(_ error: GraphError, sizes: SizeTensor? = nil) {
    result = .failure(error)
    self.sizes = sizes
  }

  /// The value.
  ///
  /// - Throws: `GraphError` with the reason why there is none.
  var value: Value {
    get throws { try result.get() }
  }

  /// The shape, as far as it is known.
  var shape: SymbolicShape? {
    if case .success(let value) = result { return value.shape }
    return sizes.map { SymbolicShape($0.shape) }
  }
}
