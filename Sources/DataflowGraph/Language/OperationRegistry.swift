import Synchronization

/// Every operation by its name.
public enum OperationRegistry {
  /// One line an operation: nothing else names them all.
  public static let builtIn: [any Operation.Type] = [
    Abs.self,
    Acos.self,
    Acosh.self,
    AddN.self,
    AddV2.self,
    ApplyAdam.self,
    Asin.self,
    Asinh.self,
    Assign.self,
    Atan.self,
    Atan2.self,
    Atanh.self,
    BiasAdd.self,
    BindSizes.self,
    BlockSparseOuterProduct.self,
    BlockSparseProduct.self,
    BlockSparseTransposedProduct.self,
    BroadcastTo.self,
    Cast.self,
    Ceil.self,
    ClipByValue.self,
    ConcatV2.self,
    Const.self,
    Cos.self,
    Cosh.self,
    Div.self,
    DivNoNan.self,
    Elu.self,
    Equal.self,
    Erf.self,
    Erfc.self,
    Exp.self,
    Expm1.self,
    Floor.self,
    FloorDiv.self,
    FloorMod.self,
    GatherV2.self,
    Greater.self,
    GreaterEqual.self,
    Identity.self,
    If.self,
    Inv.self,
    IsFinite.self,
    IsInf.self,
    IsNan.self,
    LeakyRelu.self,
    Less.self,
    LessEqual.self,
    Log.self,
    Log1p.self,
    LogicalAnd.self,
    LogicalNot.self,
    LogicalOr.self,
    MatMul.self,
    Maximum.self,
    Merge.self,
    Minimum.self,
    Mod.self,
    Mul.self,
    Neg.self,
    NoOp.self,
    NotEqual.self,
    Pad.self,
    Placeholder.self,
    Pow.self,
    RealDiv.self,
    Reciprocal.self,
    Relu.self,
    Relu6.self,
    Reshape.self,
    Rint.self,
    Round.self,
    Rsqrt.self,
    SelectV2.self,
    Selu.self,
    Sigmoid.self,
    Sign.self,
    Sin.self,
    Sinh.self,
    Slice.self,
    Softplus.self,
    Softsign.self,
    Sqrt.self,
    Square.self,
    SquaredDifference.self,
    StackPopV2.self,
    StackPushV2.self,
    StackV2.self,
    StopGradient.self,
    Sub.self,
    Sum.self,
    Switch.self,
    Tan.self,
    Tanh.self,
    TruncateDiv.self,
    TruncateMod.self,
    UnsortedSegmentSum.self,
    VariableV2.self,
    While.self,
    Xdivy.self,
    Xlogy.self,
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
