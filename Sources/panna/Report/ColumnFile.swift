import Foundation
import ProgramSupport

/// A text file of columns of numbers below a first line that names them.
///
/// The first column may hold names; successive lines of the same name make up a group.
struct ColumnFile {
  /// Successive lines whose first column is the same.
  struct Group: Equatable {
    let name: String
    var rows: Range<Int>
  }

  let path: String
  /// What follows the columns' names in the first line.
  let remark: String
  /// The groups of lines; empty where all columns hold numbers.
  private(set) var groups: [Group] = []
  /// The numbers column by column, the names' column left out.
  private(set) var columns: [[Double]]

  private let titles: [String]
  private let namesFirst: Bool
  private let unchecked: String?

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - header: what the first line must be or, up to a blank, begin with.
  ///   - namesFirst: whether the first column holds names.
  ///   - unchecked: a column whose numbers need not be finite.
  /// - Throws: `WorkError` with file, line and column.
  init(
    _ file: URL, header: String, namesFirst: Bool = false, unchecked: String? = nil
  ) throws {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw WorkError("\(file.path): cannot be read")
    }
    path = file.path
    self.namesFirst = namesFirst
    self.unchecked = unchecked
    titles = header.drop { $0 == "#" }.split(separator: " ").map(String.init)
    columns = Array(repeating: [], count: titles.count - (namesFirst ? 1 : 0))
    let bytes = [UInt8](data)
    let firstEnd = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    let first = String(decoding: bytes[..<firstEnd], as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard first == header || first.hasPrefix(header + " ") else {
      throw WorkError("\(path):1: found \"\(first.prefix(100))\"; expected \"\(header)\"")
    }
    remark = first.dropFirst(header.count).trimmingCharacters(in: .whitespaces)
    try readLines(bytes, from: min(firstEnd + 1, bytes.count))
  }

  /// How many lines of numbers there are.
  var rowCount: Int { columns[0].count }

  /// The line in the file, counted from 1, that a row of numbers stands in.
  func line(ofRow row: Int) -> Int { row + 2 }

  /// An error about one line.
  func error(inRow row: Int, _ message: String) -> WorkError {
    WorkError("\(path):\(line(ofRow: row)): \(message)")
  }

  private mutating func readLines(_ bytes: [UInt8], from start: Int) throws {
    var end = bytes.endIndex
    while end > start, isBlank(bytes[end - 1]) || bytes[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    var position = start
    var words: [Range<Int>] = []
    while position < end {
      let stop = bytes[position..<end].firstIndex(of: UInt8(ascii: "\n")) ?? end
      split(bytes, position..<stop, into: &words)
      try readLine(bytes, words)
      position = stop + 1
    }
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }

  private func split(_ bytes: [UInt8], _ line: Range<Int>, into words: inout [Range<Int>]) {
    words.removeAll(keepingCapacity: true)
    var position = line.lowerBound
    while position < line.upperBound {
      while position < line.upperBound, isBlank(bytes[position]) { position += 1 }
      let start = position
      while position < line.upperBound, !isBlank(bytes[position]) { position += 1 }
      if start < position { words.append(start..<position) }
    }
  }

  private mutating func readLine(_ bytes: [UInt8], _ words: [Range<Int>]) throws {
    let row = rowCount
    guard words.count == titles.count else {
      throw error(
        inRow: row,
        "found \(words.count) columns; expected \(titles.count): \(titles.joined(separator: " "))")
    }
    let first = namesFirst ? 1 : 0
    if namesFirst { addName(String(decoding: bytes[words[0]], as: UTF8.self), row) }
    for index in first..<words.count {
      let text = String(decoding: bytes[words[index]], as: UTF8.self)
      guard let number = Double(text), number.isFinite || titles[index] == unchecked else {
        throw error(inRow: row, "\(titles[index]): found \"\(text)\"; expected a finite number")
      }
      columns[index - first].append(number)
    }
  }

  private mutating func addName(_ name: String, _ row: Int) {
    if groups.last?.name == name {
      groups[groups.count - 1].rows = groups[groups.count - 1].rows.lowerBound..<row + 1
    } else {
      groups.append(Group(name: name, rows: row..<row + 1))
    }
  }
}
