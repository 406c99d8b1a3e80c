import Foundation

/// How a simulation of `md` goes on, as pairs `key=value` in the first line of its thermodynamic file: what tells its
/// files from those of another run of the same name.
struct MDRecord: CustomStringConvertible {
  private let pairs: [(key: String, value: String)]

  /// What decides the numbers of a run at a temperature; a bath's friction where there is one.
  init(_ dynamics: MDDynamics, temperature: Double) {
    let phases = dynamics.preparation(temperature)
    let production = dynamics.production(temperature)
    let friction = (phases + [production]).compactMap(\.friction).first
    pairs =
      [
        ("steps", "\(dynamics.steps)"), ("time_step", "\(dynamics.timeStep)"),
        ("temperature", "\(temperature)"), ("ensemble", dynamics.ensemble.rawValue),
        ("seed", "\(dynamics.seed)"),
      ] + phases.map { ("\($0.name)_steps", "\($0.steps)") }
      + phases.filter { $0.name == "melt" }.map { ("melt_temperature", "\($0.temperature)") }
      + (friction.map { [("friction", "\($0)")] } ?? [])
  }

  /// What a thermodynamic file says; nil where it says nothing of it, as those of older programs.
  init?(in file: URL) {
    guard let handle = try? FileHandle(forReadingFrom: file) else { return nil }
    defer { try? handle.close() }
    guard let start = try? handle.read(upToCount: 4096) else { return nil }
    let line = String(decoding: start, as: UTF8.self).prefix { $0 != "\n" }
    pairs = line.split(separator: " ").compactMap { word in
      let parts = word.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0] != "atoms" else { return nil }
      return (String(parts[0]), String(parts[1]))
    }
    guard line.hasPrefix("#"), !pairs.isEmpty else { return nil }
  }

  var description: String { pairs.map { "\($0.key)=\($0.value)" }.joined(separator: " ") }

  /// In words: the first that an older one has and this one has not.
  func difference(from old: Self) -> String? {
    let (was, now) = (old.values, values)
    let keys = (pairs + old.pairs).map(\.key)
    return keys.first { was[$0] != now[$0] }.map {
      "\($0) = \(was[$0] ?? "nothing"), now it is \(now[$0] ?? "nothing")"
    }
  }

  private var values: [String: String] {
    Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }
}
