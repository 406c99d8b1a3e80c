import Foundation

/// How a simulation of `md` goes on, as pairs `key=value` in the first line of its thermodynamic file: what tells its
/// files from those of another run of the same name.
struct MDRecord: CustomStringConvertible {
  private let pairs: [(key: String, value: String)]

  /// What decides the numbers of a run and of its files; a bath's friction where there is one.
  ///
  /// - Throws: where the run's structure cannot be made.
  init(_ configuration: MDConfiguration, _ run: MDConfiguration.Run) throws {
    let dynamics = configuration.dynamics
    let phases = dynamics.preparation(run.temperature)
    let production = dynamics.production(run.temperature)
    let friction = (phases + [production]).compactMap(\.friction).first
    var pairs = [
      ("steps", "\(dynamics.steps)"), ("time_step", "\(dynamics.timeStep)"),
      ("temperature", "\(run.temperature)"), ("ensemble", dynamics.ensemble.rawValue),
      ("seed", "\(dynamics.seed)"),
    ]
    pairs += phases.map { ("\($0.name)_steps", "\($0.steps)") }
    for phase in phases where phase.name == "melt" {
      pairs.append(("melt_temperature", "\(phase.temperature)"))
    }
    if let friction { pairs.append(("friction", "\(friction)")) }
    let structure = try configuration.beginning(of: run).structure
    pairs.append(("structure", "\(ContentChecksum(structure))"))
    pairs.append(("potential", "\(ContentChecksum(configuration.potential))"))
    let output = configuration.output
    let intervals = [
      ("thermo_every", output.thermoEvery), ("trajectory_every", output.trajectoryEvery),
      ("example_every", output.exampleEvery), ("rdf_every", output.distributionEvery),
    ]
    pairs += intervals.filter { $0.1 > 0 }.map { ($0.0, "\($0.1)") }
    if output.distributionEvery > 0 {
      pairs.append(("rdf_maximum", "\(output.distributionMaximum)"))
      pairs.append(("rdf_bins", "\(output.distributionBins)"))
    }
    self.pairs = pairs
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
    guard let key = keys.first(where: { was[$0] != now[$0] }) else { return nil }
    // Of these there are checksums alone, and earlier programs wrote none.
    if ["structure", "potential"].contains(key) {
      return was[key] == nil ? "no word of its \(key)" : "another \(key)"
    }
    return "\(key) = \(was[key] ?? "nothing"), now it is \(now[key] ?? "nothing")"
  }

  private var values: [String: String] {
    Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }
}
