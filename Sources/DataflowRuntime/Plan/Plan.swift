import DataflowGraph
import Tensors

/// What a session does for one choice of feeds, fetches and targets: steps in order, and the buffers
/// they read and write.
public struct Plan {
  /// One node that runs.
  struct Step {
    let node: Node
    /// Indices into `values`.
    let inputs: [Int]
    let outputs: [Int]
    /// The input whose buffer the first output took over.
    let overwrites: Int?
  }

  /// A tensor: a view of a buffer.
  struct PlannedValue {
    let spec: TensorSpec
    let name: String
    var buffer: Int
  }

  /// Memory that one or more values lie in.
  struct Buffer {
    enum Home {
      /// Planned memory, from the first step that writes it to the last that reads it.
      case arena
      /// The caller's tensor, by its position among the feeds.
      case feed(Int)
      case constant(Tensor)
      case variable(Node)
    }

    let home: Home
    let byteCount: Dimension
    var firstStep: Int
    var lastStep: Int
  }

  let feeds: [Value]
  /// The index in `values` of each fed value, nil where nothing reads it.
  let feedValues: [Int?]
  /// The index in `values` of each fetched value.
  let fetchValues: [Int]
  let values: [PlannedValue]
  let buffers: [Buffer]
  let steps: [Step]
  /// Variables that must hold something before the run.
  let variablesRead: [Node]
  /// Variables that hold something after it.
  let variablesAssigned: [Node]

  /// - Throws: `GraphError` where a value belongs to another graph or writes are not ordered.
  init(graph: Graph, feeds: [Value], fetches: [Value], targets: [Node]) throws {
    for value in feeds + fetches where value.graph !== graph {
      throw GraphError("\(value.name) belongs to another graph")
    }
    let nodes = prune(graph, outputs: fetches, targets: targets, feeds: Set(feeds))
    var builder = PlanBuilder(nodes: try order(nodes), feeds: feeds, fetches: fetches)
    builder.build()
    self.feeds = feeds
    feedValues = feeds.map { builder.indices[$0] }
    fetchValues = fetches.map { builder.indices[$0]! }
    values = builder.values
    buffers = builder.buffers
    steps = builder.steps
    variablesRead = builder.variablesRead
    variablesAssigned = builder.variablesAssigned
  }
}

extension Plan: CustomStringConvertible {
  /// One line a step: index, operation, name, result and where it lies.
  public var description: String {
    steps.enumerated().map { index, step in
      let results = step.outputs.map { output in
        "\(values[output].spec) in \(place(of: values[output].buffer))"
      }
      let overwritten = step.overwrites.map { " over input \($0)" } ?? ""
      let result = results.isEmpty ? "" : " -> " + results.joined(separator: ", ")
      return "\(index) \(step.node.operationName) \(step.node.name)\(result)\(overwritten)"
    }.joined(separator: "\n")
  }

  private func place(of buffer: Int) -> String {
    switch buffers[buffer].home {
    case .arena: "#\(buffer)"
    case .feed(let index): "feed \(feeds[index].name)"
    case .constant: "constant"
    case .variable(let node): "variable \(node.name)"
    }
  }
}
