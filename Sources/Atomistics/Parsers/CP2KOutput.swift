import Foundation

/// The output of CP2K, and the trajectories it writes beside it; in eV and angstrom, converted from hartree
/// and bohr.
public enum CP2KOutput {
  /// Reads an output: each energy with the forces after it, at the coordinates before it, with the vectors
  /// along which the structure repeats. Of a trajectory, `NAME-pos-1.xyz`, also `NAME-frc-1.xyz` and
  /// `NAME-1.cell` where they are; of steps that come again, as in restarted runs, the last time.
  ///
  /// - Parameters:
  ///   - cell: three vectors in angstrom for trajectories without a file of cells, zero for molecules.
  ///   - remark: is told of cells with few digits, and of what is left out.
  /// - Throws: `AtomisticsError` with the file.
  public static func read(
    _ url: URL, name: String, cell: Matrix3?, remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    do {
      if url.pathExtension == "xyz" { return try trajectory(url, name: name, cell, remark) }
      var reader = OutputReader(try TextLines(FileAccess.readUncompressed(url)), name)
      let found = try reader.read()
      remark("the cell is known to as many digits as the output prints")
      for line in reader.remarks { remark(line) }
      return found
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  static let forceUnit = Units.hartree / Units.bohr

  // MARK: Trajectories

  private static func trajectory(
    _ url: URL, name: String, _ cell: Matrix3?, _ remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let folder = url.deletingLastPathComponent()
    let project = url.lastPathComponent.components(separatedBy: "-pos-").first!
    let frames = try xyz(url)
    let forceFile = folder.appendingPathComponent(
      url.lastPathComponent.replacingOccurrences(of: "-pos-", with: "-frc-"))
    let forces = try Companion(forceFile, of: "forces", each: "frame") { file in
      try xyz(file).map { ($0.step, $0.vectors) }
    }
    let cellFile = folder.appendingPathComponent("\(project)-1.cell")
    let cells = try Companion(cellFile, of: "cell", each: "line", read: self.cells)
    // A restarted run writes the steps after its restart file again, and goes on from these.
    let times = Dictionary(frames.map { ($0.step, 1) }, uniquingKeysWith: +)
    var later: Set<Int> = []
    let kept = frames.reversed().filter { later.insert($0.step).inserted }.reversed()
    if kept.count < frames.count {
      remark(
        "\(frames.count - kept.count) of \(frames.count) frames are left out: their steps come again, as"
          + " in restarted runs")
    }
    return try kept.map { frame in
      var result = ParsedConfiguration(name: "\(name)_\(frame.step)")
      result.species = frame.species
      result.positions = frame.vectors
      guard let energy = frame.energy else {
        throw AtomisticsError(
          key: "step \(frame.step)", found: "no E = in the second line", allowed: "one")
      }
      result.energy = energy * Units.hartree
      // A file of cells has that of every frame, or is another run's.
      guard let lattice = try cells?.value(frame.step, of: times[frame.step]!) ?? cell else {
        throw AtomisticsError(
          key: "cell of step \(frame.step)", found: "none",
          allowed: "\(cellFile.lastPathComponent) beside it, or --cell")
      }
      result.lattice = lattice
      result.forces = try forces?.value(frame.step, of: times[frame.step]!).map { $0 * forceUnit }
      return try result.checked()
    }
  }

  /// What a file beside the positions has of their steps.
  private struct Companion<Value> {
    private let name: String
    private let what: String
    private let part: String
    private let steps: [Int: (last: Value, times: Int)]

    /// Nil where there is no such file.
    init?(
      _ file: URL, of what: String, each part: String,
      read: (URL) throws -> [(step: Int, value: Value)]
    ) throws {
      guard FileManager.default.fileExists(atPath: file.path) else { return nil }
      (name, self.what, self.part) = (file.lastPathComponent, what, part)
      steps = Dictionary(try read(file).map { ($0.step, ($0.value, 1)) }) { ($1.0, $0.1 + 1) }
    }

    /// The last of what there is of a step, if that is there as many times as there are positions: what was
    /// written in one run is not taken for another's.
    func value(_ step: Int, of times: Int) throws -> Value {
      func fail(_ found: String, _ allowed: String) -> AtomisticsError {
        AtomisticsError(key: "\(what) of step \(step)", found: found, allowed: allowed)
      }
      guard let found = steps[step] else { throw fail("none", "a \(part) of \(name)") }
      guard found.times == times else {
        throw fail("\(found.times) in \(name)", "\(times), as many as there are positions")
      }
      return found.last
    }
  }

  private struct Frame {
    var step: Int
    var energy: Double?
    var species: [String] = []
    var vectors: [SIMD3<Double>] = []
  }

  private static func xyz(_ url: URL) throws -> [Frame] {
    var lines = try TextLines(FileAccess.read(url))
    var frames: [Frame] = []
    while let words = lines.words() {
      if words.isEmpty { continue }
      guard words.count == 1, let count = Int(words[0]), count > 0, let comment = lines.next()
      else {
        throw lines.wrong(
          "number of atoms", words.joined(separator: " "), allowed: "a whole number"
        ).inFile(url.path)
      }
      let fields = comment.split { " ,=".contains($0) }
      func value(_ key: Substring) -> Double? {
        fields.firstIndex(of: key).flatMap { $0 + 1 < fields.count ? Double(fields[$0 + 1]) : nil }
      }
      let step = value("i").map { Int(exactly: $0) } ?? frames.count
      guard let step else {
        throw lines.wrong("i", "\"\(comment)\"", allowed: "the number of the step").inFile(url.path)
      }
      var frame = Frame(step: step, energy: value("E"))
      for _ in 0..<count {
        guard let words = lines.words(), words.count >= 4 else {
          throw lines.wrong(
            "atoms", "too few columns", allowed: "\(count) lines with a symbol and three numbers"
          ).inFile(url.path)
        }
        let numbers = words[1...3].map { Double($0) ?? .nan }
        frame.species.append(String(words[0]))
        frame.vectors.append([numbers[0], numbers[1], numbers[2]])
      }
      frames.append(frame)
    }
    return frames
  }

  private static func cells(_ url: URL) throws -> [(step: Int, value: Matrix3)] {
    var lines = try TextLines(FileAccess.read(url))
    var cells: [(step: Int, value: Matrix3)] = []
    while let line = lines.next() {
      if line.drop(while: { $0 == " " }).hasPrefix("#") || line.allSatisfy(\.isWhitespace) {
        continue
      }
      let n = ExtendedXYZ.fields(line).compactMap { Double($0) }
      guard n.count >= 11, n.allSatisfy(\.isFinite), let step = Int(exactly: n[0]) else {
        throw lines.wrong("cell", "\"\(line)\"", allowed: "step, time and nine numbers").inFile(
          url.path)
      }
      let cell = Matrix3([n[2], n[3], n[4]], [n[5], n[6], n[7]], [n[8], n[9], n[10]])
      cells.append((step, cell))
    }
    return cells
  }
}

private struct OutputReader {
  private var lines: TextLines
  private let name: String
  private var rows: [SIMD3<Double>?] = [nil, nil, nil]
  /// The letters of the vectors along which structures repeat, as the cell says, and as electrostatics do.
  private var periodicity: (cell: Substring?, poisson: Substring?)
  private var species: [String] = []
  private var positions: [SIMD3<Double>] = []
  /// Whether the coordinates were printed for the next energy, not for an earlier one.
  private var areNew = false
  private var energy: Double?
  private var found: [ParsedConfiguration] = []
  private var stale = 0
  private var hasConverged = true

  /// What was left out.
  var remarks: [String] {
    stale == 0
      ? []
      : [
        "\(stale) energies have no coordinates of their own and are left out: read the trajectory,"
          + " NAME-pos-1.xyz"
      ]
  }

  init(_ lines: TextLines, _ name: String) {
    self.lines = lines
    self.name = name
  }

  mutating func read() throws -> [ParsedConfiguration] {
    while let line = lines.next() {
      let bare = line.drop { $0 == " " }
      if bare.hasPrefix("CELL| Vector") {
        try readVector(bare)
      } else if bare.hasPrefix("CELL| Periodicity") {
        periodicity.cell = try readPeriodicity(bare)
      } else if bare.hasPrefix("POISSON| Periodicity") {
        periodicity.poisson = try readPeriodicity(bare)
      } else if bare.uppercased().contains("ATOMIC COORDINATES IN ANGSTROM") {
        try readCoordinates()
      } else if bare.hasPrefix("ENERGY| Total FORCE_EVAL") {
        try finish(forces: nil)
        let isHartree = ["a.u.", "hartree"].contains { unit in
          bare.contains("[\(unit)]") || bare.contains("(\(unit))")
        }
        guard isHartree, let number = ExtendedXYZ.fields(bare).last.flatMap({ Double($0) }) else {
          throw lines.wrong("ENERGY|", "\"\(line)\"", allowed: "a number in a.u. or hartree")
        }
        energy = number
      } else if bare.contains("SCF run NOT converged") {
        hasConverged = false
      } else if bare.contains("*** SCF run converged") {
        hasConverged = true
      } else if bare.hasPrefix("ATOMIC FORCES in") || bare.hasPrefix("FORCES| Atomic forces") {
        guard bare.contains("[a.u.]") || bare.contains("[hartree/bohr]") else {
          throw lines.wrong("forces", "\"\(bare)\"", allowed: "a.u. or hartree/bohr")
        }
        try finish(forces: readForces())
      }
    }
    try finish(forces: nil)
    guard !found.isEmpty else {
      throw AtomisticsError(
        key: "ENERGY|", found: "no energy", allowed: "Total FORCE_EVAL energies after coordinates")
    }
    return found
  }

  /// `CELL| Vector a [angstrom]: x y z |a| = …`
  private mutating func readVector(_ line: Substring) throws {
    let words = ExtendedXYZ.fields(line)
    guard let start = words.firstIndex(where: { $0.hasSuffix("]:") || $0.hasSuffix("]") }),
      words.count > start + 3, let axis = ["a", "b", "c"].firstIndex(of: words[2])
    else { throw lines.wrong("CELL|", "\"\(line)\"", allowed: "a vector in angstrom") }
    let numbers = words[(start + 1)...(start + 3)].compactMap { Double($0) }
    guard numbers.count == 3, line.contains("angstrom") else {
      throw lines.wrong("CELL|", "\"\(line)\"", allowed: "a vector in angstrom")
    }
    rows[axis] = [numbers[0], numbers[1], numbers[2]]
  }

  /// `CELL| Periodicity XYZ`, or some of these letters, or `NONE`.
  private func readPeriodicity(_ line: Substring) throws -> Substring {
    let word = ExtendedXYZ.fields(line).last!
    guard word == "NONE" || word.allSatisfy("XYZ".contains) else {
      throw lines.wrong("Periodicity", "\(word)", allowed: "some of the letters XYZ, or NONE")
    }
    return word
  }

  /// Lines with number, kind, symbol, atomic number and place, after a heading.
  private mutating func readCoordinates() throws {
    (species, positions, areNew) = ([], [], true)
    while let words = lines.words() {
      guard words.count >= 7, Int(words[0]) == species.count + 1 else {
        if species.isEmpty { continue }
        return
      }
      let numbers = words[4...6].map { Double($0) ?? .nan }
      species.append(String(words[2]))
      positions.append([numbers[0], numbers[1], numbers[2]])
    }
  }

  /// Lines of one form or the other: number, kind, symbol, force; or `FORCES|`, number, force.
  private mutating func readForces() throws -> [SIMD3<Double>] {
    var forces: [SIMD3<Double>] = []
    while forces.count < species.count {
      guard let words = lines.words() else {
        throw lines.wrong("forces", "\(forces.count) atoms", allowed: "\(species.count) atoms")
      }
      let isNew = words.first == "FORCES|"
      let place = isNew ? 2 : 3
      guard words.count >= place + 3, Int(words[isNew ? 1 : 0]) == forces.count + 1 else {
        continue
      }
      let numbers = words[place..<place + 3].map { Double($0) ?? .nan }
      forces.append(SIMD3(numbers[0], numbers[1], numbers[2]) * CP2KOutput.forceUnit)
    }
    return forces
  }

  /// Ends a configuration whose energy is known.
  private mutating func finish(forces: [SIMD3<Double>]?) throws {
    guard let energy else { return }
    self.energy = nil
    guard !species.isEmpty else {
      throw lines.wrong("ENERGY|", "an energy before coordinates", allowed: "coordinates before it")
    }
    guard areNew else {
      stale += 1
      return
    }
    areNew = false
    guard let a = rows[0], let b = rows[1], let c = rows[2] else {
      throw lines.wrong("CELL|", "no cell", allowed: "three vectors")
    }
    var result = ParsedConfiguration(name: found.isEmpty ? name : "\(name)_\(found.count + 1)")
    (result.species, result.positions, result.forces) = (species, positions, forces)
    result.lattice = Matrix3(a, b, c)
    if let letters = periodicity.cell ?? periodicity.poisson {
      for (k, letter) in "XYZ".enumerated() where !letters.contains(letter) {
        result.lattice[k] = .zero
      }
    }
    result.energy = energy * Units.hartree
    result.isConverged = hasConverged
    found.append(try result.checked())
  }
}
