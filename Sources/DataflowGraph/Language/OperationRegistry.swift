import Synchronization

/// Every operation by its name.
public enum OperationRegistry {
  /// One line an operation: nothing else names them all.
  public static let builtIn: [any Operation.Type] = [
    Abs.self,
    AddN.self,
    AddV2.self,
    ApplyAdam.self,
    Assign.self,
    BiasAdd.self,
    BindSizes.self,
    BlockSparseOuterProduct.self,
    BlockSparseProduct.self,
    BlockSparseTransposedProduct.self,
    BroadcastTo.self,
    Cast.self,
    ConcatV2.self,
    Const.self,
    Equal.self,
    Exp.self,
    GatherV2.self,
    Greater.self,
    GreaterEqual.self,
    Identity.self,
    If.self,
    Less.self,
    LessEqual.self,
    Log.self,
    MatMul.self,
    Maximum.self,
    Merge.self,
    Minimum.self,
    Mul.self,
    Neg.self,
    NoOp.self,
    NotEqual.self,
    Pad.self,
    Placeholder.self,
    RealDiv.self,
    Reciprocal.self,
    Relu.self,
    Reshape.self,
    SelectV2.self,
    Sign.self,
    Slice.self,
    Sqrt.self,
    Square.self,
    StackPopV2.self,
    StackPushV2.self,
    StackV2.self,
    StopGradient.self,
    Sub.self,
    Sum.self,
    Switch.self,
    Tanh.self,
    UnsortedSegmentSum.self,
    VariableV2.self,
    While.self,
  ]

  private static let registered = Mutex<[String: any Operation.Type]>(
    Dictionary(uniqueKeysWithValues: builtIn.map { ($0.name, $0) }))

  /// Adds an operation that is defined elsewhere; it then behaves like a built-in one.
  ///
  /// - Throws: `GraphError` where another operation has its name.
  public static func register(_ operation: any Operation.Type) throws {
    try registered.withLock { operations in
      if let other = operations[operation.name], other != operation {
        throw GraphError("there is an operation named \(operation.name) already: \(other)")
      }
      operations[operation.name] = operation
    }
  }

  /// The operation of that name.
  public static func operation(named name: String) -> (any Operation.Type)? {
    registered.withLock { $0[name] }
  }

  /// Every operation's name, sorted.
  public static var names: [String] { registered.withLock { $0.keys.sorted() } }
}
