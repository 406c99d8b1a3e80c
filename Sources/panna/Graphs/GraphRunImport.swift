import Dataflow
import Foundation
import ProgramSupport

/// What a command line wants of a graph of TensorFlow's: a run imports only what it needs.
struct GraphRunImport {
  private let def: GraphDef
  private let arguments: ParsedArguments

  init(_ def: GraphDef, _ arguments: ParsedArguments) {
    self.def = def
    self.arguments = arguments
  }

  /// - Throws: `FormatError` for a file that is fed and cannot be read.
  var options: ImportOptions {
    get throws {
      ImportOptions(
        outputs: outputs, shapes: try shapes, feeds: names("--feed"),
        includesInitializers: arguments.has("--initialize"))
    }
  }

  private func names(_ options: String...) -> [String] {
    options.flatMap { arguments.all($0) }.map(\.splitAtEquals.0)
  }

  /// All that is named; nil, for all there is, where nothing is wanted or a name is none of the file's: importing may make a node
  /// of that name, or the graph says which are like it.
  private var outputs: [String]? {
    let wanted = names("--fetch", "--target", "--gradient", "--with-respect-to")
    let all = wanted + names("--feed")
    let nodes = Set(def.nodes.map(\.name))
    let isKnown = all.allSatisfy { name in
      nodes.contains(name.split(separator: ":", maxSplits: 1).first.map(String.init) ?? name)
    }
    return wanted.isEmpty || !isKnown ? nil : all
  }

  /// The shapes that are fed to placeholders whose number of dimensions the file does not say.
  private var shapes: [String: SymbolicShape] {
    get throws {
      let open = def.nodes.filter { node in
        guard ["Placeholder", "PlaceholderV2"].contains(node.op) else { return false }
        if case .shape(let shape)? = node.attributes["shape"] { return shape.sizes == nil }
        return true
      }
      if open.isEmpty { return [:] }
      let names = Set(open.map(\.name))
      var shapes: [String: SymbolicShape] = [:]
      for text in arguments.all("--feed") {
        let (tensor, file) = text.splitAtEquals
        let name = tensor.hasSuffix(":0") ? String(tensor.dropLast(2)) : tensor
        guard let file, names.contains(name) else { continue }
        shapes[name] = SymbolicShape(try NumPyFile.read(URL(fileURLWithPath: file)).shape)
      }
      return shapes
    }
  }
}
