import DataflowFormats
import DataflowGraph

extension ImportRule {
  /// Queues, whose elements' shapes are known here to what takes them out too.
  static let queues: [String: ImportRule] = {
    var rules: [String: ImportRule] = [:]
    for name in ["FIFOQueueV2", "PaddingFIFOQueueV2", "RandomShuffleQueueV2"] {
      rules[name] = ImportRule(as: name) { node in
        try node.add(name, extra: ["shapes": .shapes(try node.elementShapes())]).outputs
      }
    }
    for name in ["QueueDequeueV2", "QueueDequeueManyV2", "QueueDequeueUpToV2"] {
      rules[name] = ImportRule(as: name) { node in
        let queue = try node.queue()
        let pads = queue is PaddingFIFOQueueV2
        return try node.add(name, extra: ["shapes": .shapes(queue.shapes), "pads": .bool(pads)])
          .outputs
      }
    }
    return rules
  }()
}

extension NodeImport {
  /// The shapes of a queue's elements; those sizes have names that are not known.
  fileprivate func elementShapes() throws -> [SymbolicShape] {
    guard case .list(let list)? = def.attributes["shapes"], !list.shapes.isEmpty else {
      throw GraphError("attribute shapes is missing or empty; expected one for each component")
    }
    return try list.shapes.enumerated().map { component, proto in
      guard let sizes = proto.sizes else {
        throw GraphError(
          "attribute shapes: how many dimensions shape \(component) has is not known")
      }
      return SymbolicShape(sizes, naming: "\(sizeStem)_\(component)")
    }
  }

  /// The queue that the first input is a handle of.
  fileprivate func queue() throws -> any QueueOperation {
    var source = try value(0).node
    while source.operation is Identity || source.operation is Switch {
      source = source.inputs[0].node
    }
    guard let queue = source.operation as? any QueueOperation else {
      throw GraphError("input 0 comes from \(source.name), expected a queue of this graph")
    }
    return queue
  }
}

extension NodeImport {
  /// What the names of the node's sizes begin with.
  var sizeStem: String {
    String(def.name.map { $0 == "/" || $0 == "." || $0 == "-" ? "_" : $0 })
  }
}

extension SymbolicShape {
  /// Sizes, of which those that are not known get names: `stem_0`, `stem_1` … by their axes.
  init(_ sizes: [Int?], naming stem: String) {
    self.init(
      sizes.enumerated().map { axis, size in
        size.map { Dimension($0) } ?? Dimension(symbol: "\(stem)_\(axis)")
      })
  }
}
