import Foundation
import ProgramSupport

/// Shows what is in a file.
enum Inspect: Program {
  static let name = "inspect"
  static let summary = "shows what is in a file of data, weights, events or a checkpoint"
  static let options = CommandLineOptions(
    [
      .init("--json", help: "as JSON: one object, or a list of them for several files"),
      .init("--values", help: "arrays with all their elements"),
    ], operands: "FILE...")
  static let details = """
    FILE is one of: a NumPy array (*.npy), descriptors (*.bin), TFRecord (*.tfrecord), an event file
    (*tfevents*), a TensorFlow checkpoint (its common name, or one of its files), a training's
    checkpoint (*.panna), a folder of saved networks. Checksums are verified where there are some.

    Without --values an array is its type, its shape, its least and greatest element and the mean,
    and how many of its elements are NaN, where there are some; these are left out of the others.
    Half precision is shown in single precision. In JSON, "nan", "inf" and "-inf" are strings.

    Of several files those that cannot be read are told of at the end, and the exit status is 1.
    """
  static let example = "  panna inspect --json --values saved_networks train/model.ckpt-10"

  static func run(_ arguments: ParsedArguments) throws {
    guard !arguments.operands.isEmpty else { throw UsageError("which files?") }
    let showsValues = arguments.has("--values")
    var (found, failures) = ([Inspection](), [any Error]())
    for path in arguments.operands {
      do { found.append(try FileInspector.inspect(URL(fileURLWithPath: path))) } catch {
        failures.append(error)
      }
    }
    let count = arguments.operands.count
    if count == 1, let error = failures.first { throw error }
    if arguments.has("--json") {
      say((count == 1 ? found[0] : .list(found)).json(showsValues: showsValues))
    } else if !found.isEmpty {
      say(found.map { $0.text(showsValues: showsValues) }.joined(separator: "\n\n"))
    }
    if failures.isEmpty { return }
    for error in failures { warn("\(error)") }
    throw WorkError("\(failures.count) of \(count) files are not shown, for the reasons above")
  }
}
