import Dataflow
import Foundation
import ProgramSupport

/// In which order structures are packed, and which are set aside for validation and test.
struct DataDivision {
  static let keys = ["shuffle", "seed", "validation_fraction", "test_fraction", "group"]

  /// One part of the data.
  struct Part: Equatable {
    /// Of its folder; empty where the data are not divided.
    let name: String
    let files: [URL]
  }

  private let shuffles: Bool
  private let seed: UInt64
  private let fractions: (validation: Double, test: Double)
  /// Finds in a structure's name what it has in common with those that it must stay together with.
  private let group: Regex<AnyRegexOutput>?

  /// - Parameter section: `[DIVISION]`; nil: all in their order.
  init(_ section: IniSection?) throws {
    guard let section else {
      (shuffles, seed, fractions, group) = (false, 0, (0, 0), nil)
      return
    }
    seed = UInt64(try section.int("seed", default: 0, in: 0...Int.max))
    shuffles = try section.bool("shuffle", default: true)
    fractions = (
      try section.double("validation_fraction", default: 0, atLeast: 0),
      try section.double("test_fraction", default: 0, atLeast: 0)
    )
    guard fractions.validation + fractions.test < 1 else {
      throw section.error(
        section.has("test_fraction") ? "test_fraction" : "validation_fraction",
        "fractions that leave something to train on")
    }
    guard section.has("group") else {
      group = nil
      return
    }
    do {
      group = try Regex(section.string("group"))
    } catch {
      throw section.error("group", "a regular expression: \(error)")
    }
  }

  /// The folders that are parts' alone, whether there is such a part or not; empty where data are not divided.
  var folders: [String] {
    fractions.validation > 0 || fractions.test > 0 ? ["train", "validation", "test"] : []
  }

  /// The parts of some files, in the order in which they are to be packed.
  ///
  /// Whole groups go to test, then to validation, until these have their fraction of the files; the rest is
  /// trained on.
  ///
  /// - Parameter files: in the order in which everyone else takes them.
  /// - Throws: `WorkError` for a file whose name has nothing of a group, or where a part gets nothing.
  func parts(_ files: [URL]) throws -> [Part] {
    var rest = try groups(files)
    var parts: [Part] = []
    func part(_ name: String, _ places: [Int]) {
      let sorted = places.sorted()
      let order = shuffles ? shuffled(sorted, epoch: 1) : sorted
      parts.append(Part(name: name, files: order.map { files[$0] }))
    }
    for (name, fraction) in [("test", fractions.test), ("validation", fractions.validation)]
    where fraction > 0 {
      var taken: [Int] = []
      let wanted = (fraction * Double(files.count)).rounded()
      while Double(taken.count) < wanted, let next = rest.popLast() { taken += next }
      guard !taken.isEmpty else {
        throw WorkError(
          "[DIVISION] \(name)_fraction = \(fraction) leaves nothing of \(files.count) structures for"
            + " \(name)")
      }
      part(name, taken)
    }
    guard !rest.isEmpty else {
      throw WorkError("[DIVISION] leaves nothing of \(files.count) structures to train on")
    }
    part(parts.isEmpty ? "" : "train", rest.flatMap(\.self))
    return parts.reversed()
  }

  /// The places of the files group by group; the groups in the order of their first files, drawn at random where
  /// there are parts.
  private func groups(_ files: [URL]) throws -> [[Int]] {
    var places: [String: [Int]] = [:]
    for (place, file) in files.enumerated() { places[try key(file), default: []].append(place) }
    let groups = places.values.sorted { $0[0] < $1[0] }
    let isDivided = fractions.validation > 0 || fractions.test > 0
    return isDivided ? shuffled(groups, epoch: 0) : groups
  }

  private func key(_ file: URL) throws -> String {
    let name = file.lastPathComponent
    guard let group else { return name }
    guard let match = name.firstMatch(of: group) else {
      throw WorkError("\(file.path): has nothing of [DIVISION] group in its name")
    }
    // The first pair of parentheses, or all that was found where there is none.
    return String((match.output.count > 1 ? match.output[1] : match.output[0]).substring ?? "")
  }

  private func shuffled<T>(_ list: [T], epoch: Int) -> [T] {
    guard !list.isEmpty else { return [] }
    var order = ShuffledOrder(count: list.count, seed: seed)
    return list.indices.map { list[order.index(at: epoch * list.count + $0)] }
  }
}
