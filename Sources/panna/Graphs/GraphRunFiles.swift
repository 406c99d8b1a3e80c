import Foundation
import ProgramSupport

/// The files that a command line has a graph's run read and write, as the options name them.
struct GraphRunFiles {
  private struct Use {
    /// `--fetch y=y.npy`
    let words: String
    let file: URL

    init(_ option: String, _ text: String, _ path: String) {
      words = "\(option) \(text)"
      file = URL(fileURLWithPath: path)
    }
  }

  private let read: [Use]
  private let written: [Use]

  init(_ arguments: ParsedArguments) {
    func uses(_ options: String...) -> [Use] {
      options.flatMap { option in
        arguments.all(option).compactMap { text in
          text.splitAtEquals.1.map { Use(option, text, $0) }
        }
      }
    }
    let graph = arguments.operands.dropFirst().map { Use("FILE", $0, $0) }
    let output = arguments["--output"].map { [Use("--output", $0, $0)] } ?? []
    read = graph + uses("--feed", "--gradient")
    written = uses("--fetch", "--with-respect-to") + output
  }

  /// Checks that every result has a folder, and a file of its own, which nothing is read from.
  ///
  /// - Throws: `UsageError` with the option.
  func check() throws {
    for (index, use) in written.enumerated() {
      // Terminals and pipes take everything.
      let isSink = use.file.path.hasPrefix("/dev/")
      let other = (read + written[..<index]).first { $0.file.isSamePlace(as: use.file) }
      if let other, !isSink {
        throw UsageError(
          "\(use.words): \(other.words) has the same file, which would be lost:"
            + " name another one to write")
      }
      guard FolderListing.isFolder(use.file.deletingLastPathComponent()) else {
        throw UsageError("\(use.words): there is no such folder to write it to")
      }
      if FolderListing.isFolder(use.file) { throw UsageError("\(use.words): is a folder") }
    }
  }
}
