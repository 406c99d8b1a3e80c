import DataflowFormats
import DataflowGraph

extension GraphDef {
  /// The operations that an import has nothing for, sorted; whoever registers them can import the graph.
  ///
  /// Those that compute nothing but sizes, such as `ConcatOffset`, are not among them: where they are asked for sizes
  /// that are known they are imported.
  public var unknownOperations: [String] {
    let bodies = library.functions.flatMap(\.nodes)
    return Set((nodes + bodies).map(\.op)).filter { !Self.isKnown($0) }.sorted()
  }

  private static func isKnown(_ name: String) -> Bool {
    if loopOperations.contains(name) || SizeFunction.named[name] != nil { return true }
    // Where several operations take its place, they are among the built-in ones.
    if let rule = ImportRule.named[name], rule.operation == nil { return true }
    let here = ImportRule.named[name]?.operation ?? name
    return OperationRegistry.operation(named: here) != nil
  }

  /// The operations that a loop consists of, which becomes one `While`.
  private static let loopOperations: Set<String> = [
    "Enter", "RefEnter", "Exit", "RefExit", "NextIteration", "RefNextIteration", "LoopCond",
  ]
}
