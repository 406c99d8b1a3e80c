import Foundation

/// The output of CP2K, and the trajectories it writes beside it; in eV and angstrom, converted from hartree
/// and bohr.
public enum CP2KOutput {
  /// Reads an output: each energy with the forces after it, at the coordinates before it, with the vectors
  /// along which the structure repeats. Of a trajectory, `NAME-pos-1.xyz`, also `NAME-frc-1.xyz` and
  /// `NAME-1.cell` where they are; of steps that come again, as in restarted runs, the last time. Steps with
  /// anything that is no number, those that a file ends within, and frames whose step a file beside them lacks
  /// are left out.
  ///
  /// - Parameters:
  ///   - cell: three vectors in angstrom for trajectories without a file of cells, zero for molecules.
  ///   - remark: is told of cells with few digits, and of what is left out.
  /// - Throws: `AtomisticsError` with the file, where no step is left.
  public static func read(
    _ url: URL, name: String, cell: Matrix3?, remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    do {
      if url.pathExtension == "xyz" {
        return try CP2KTrajectory.read(url, name: name, cell, remark)
      }
      var reader = OutputReader(try TextLines(FileAccess.readUncompressed(url)), name)
      let found = try reader.read()
      remark("the cell is known to as many digits as the output prints")
      for line in reader.remarks { remark(line) }
      return found
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }

  /// What is read beside a file, where it is there.
  public static func companions(of url: URL) -> [URL] {
    guard url.pathExtension == "xyz" else { return [] }
    let companions = CP2KTrajectory.companions(of: url)
    return [companions.forces, companions.cells]
  }

  static let forceUnit = Units.hartree / Units.bohr
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
  /// What is no number in the step so far.
  private var fault: AtomisticsError?
  private var found: [ParsedConfiguration] = []
  private var leftOut = LeftOut()
  /// How the file ends within a step, if it does.
  private var ending: AtomisticsError?
  private var stale = 0
  private var hasConverged = true
  /// Whether the program that wrote the last energy came to its end.
  private var hasEnded = false

  /// What was left out.
  var remarks: [String] {
    var remarks: [String] = []
    if stale > 0 {
      remarks.append(
        "\(stale) energies have no coordinates of their own and are left out: read the trajectory,"
          + " NAME-pos-1.xyz")
    }
    if let line = leftOut.remark(of: found.count + leftOut.count, "steps") { remarks.append(line) }
    if let ending { remarks.append("the last step is not finished and left out: \(ending)") }
    return remarks
  }

  init(_ lines: TextLines, _ name: String) {
    self.lines = lines
    self.name = name
  }

  mutating func read() throws -> [ParsedConfiguration] {
    do { try readLines() } catch let error as AtomisticsError where lines.isCut { ending = error }
    guard !found.isEmpty else {
      throw leftOut.first ?? ending
        ?? AtomisticsError(
          key: "ENERGY|", found: "no energy", allowed: "Total FORCE_EVAL energies after coordinates"
        )
    }
    return found
  }

  private mutating func readLines() throws {
    while let line = lines.next() {
      // Nobody knows the rest of the last number.
      if lines.isCut { break }
      let bare = line.drop { $0 == " " }
      if bare.hasPrefix("CELL| Vector") {
        try readVector(bare)
      } else if bare.hasPrefix("CELL| Periodicity") {
        periodicity.cell = try readPeriodicity(bare)
      } else if bare.hasPrefix("POISSON| Periodicity") {
        periodicity.poisson = try readPeriodicity(bare)
      } else if bare.uppercased().contains("ATOMIC COORDINATES IN ANGSTROM") {
        // They are the next energy's.
        try finish(forces: nil)
        readCoordinates()
      } else if bare.hasPrefix("ENERGY| Total FORCE_EVAL") {
        try finish(forces: nil)
        let isHartree = ["a.u.", "hartree"].contains { unit in
          bare.contains("[\(unit)]") || bare.contains("(\(unit))")
        }
        guard isHartree else {
          throw lines.wrong("ENERGY|", "\"\(line)\"", allowed: "a number in a.u. or hartree")
        }
        let word = ExtendedXYZ.fields(bare).last!
        let number = Double(word) ?? .nan
        if !number.isFinite {
          fault = fault ?? lines.wrong("ENERGY|", "\"\(word)\"", allowed: "a number")
        }
        energy = number
        hasEnded = false
      } else if bare.contains("PROGRAM ENDED AT") {
        hasEnded = true
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
    try end()
  }

  /// What the file ends with is a step, or part of one.
  private mutating func end() throws {
    // Without an end of the program there might have been forces.
    if hasEnded || !areNew { try finish(forces: nil) }
    if energy != nil {
      ending = lines.wrong(
        "forces", "the end of the file", allowed: "forces, or PROGRAM ENDED AT after the energy")
    } else if areNew {
      ending = lines.wrong("ENERGY|", "the end of the file", allowed: "an energy")
    }
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
  private mutating func readCoordinates() {
    (species, positions, areNew, fault) = ([], [], true, nil)
    while let words = lines.words(), !lines.isCut {
      guard words.count >= 7, Int(words[0]) == species.count + 1 else {
        if species.isEmpty { continue }
        return
      }
      species.append(String(words[2]))
      positions.append(vector(words[4...6], "coordinates"))
    }
  }

  /// Lines of one form or the other: number, kind, symbol, force; or `FORCES|`, number, force.
  private mutating func readForces() throws -> [SIMD3<Double>] {
    var forces: [SIMD3<Double>] = []
    while forces.count < species.count {
      guard let words = lines.words(), !lines.isCut else {
        throw lines.wrong("forces", "\(forces.count) atoms", allowed: "\(species.count) atoms")
      }
      let isNew = words.first == "FORCES|"
      let place = isNew ? 2 : 3
      guard words.count >= place + 3, Int(words[isNew ? 1 : 0]) == forces.count + 1 else {
        continue
      }
      forces.append(vector(words[place..<place + 3], "forces") * CP2KOutput.forceUnit)
    }
    return forces
  }

  /// Three words as a vector, zero where one is no number, which is the step's fault.
  private mutating func vector(_ words: ArraySlice<Substring>, _ key: String) -> SIMD3<Double> {
    do { return try lines.vector(words, key) } catch {
      fault = fault ?? error
      return .zero
    }
  }

  /// Ends a configuration whose energy is known.
  private mutating func finish(forces: [SIMD3<Double>]?) throws {
    guard let energy else { return }
    self.energy = nil
    defer { fault = nil }
    guard !species.isEmpty else {
      throw lines.wrong("ENERGY|", "an energy before coordinates", allowed: "coordinates before it")
    }
    guard areNew else {
      stale += 1
      return
    }
    areNew = false
    if let fault { return leftOut.add(fault) }
    guard let a = rows[0], let b = rows[1], let c = rows[2] else {
      throw lines.wrong("CELL|", "no cell", allowed: "three vectors")
    }
    // What is left out counts, so that the others have the names that they would have with it.
    let number = found.count + leftOut.count + 1
    var result = ParsedConfiguration(name: number == 1 ? name : "\(name)_\(number)")
    (result.species, result.positions, result.forces) = (species, positions, forces)
    result.lattice = Matrix3(a, b, c)
    if let letters = periodicity.cell ?? periodicity.poisson {
      for (k, letter) in "XYZ".enumerated() where !letters.contains(letter) {
        result.lattice[k] = .zero
      }
    }
    result.energy = energy * Units.hartree
    result.isConverged = hasConverged
    do { found.append(try result.checked()) } catch let error as AtomisticsError {
      leftOut.add(error)
    }
  }
}
