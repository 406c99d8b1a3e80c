import Foundation

/// The `OUTCAR` of VASP: every ionic step, cartesian, in eV and angstrom.
public enum VaspOutcar {
  /// Reads a file, plain or in gzip's form; a step without energy or forces is left out, as is one that the file
  /// ends within, or whose numbers are none. One that was stopped hard, or took as many electronic steps as it might
  /// (NELM) and does not say that EDIFF is reached, has not converged.
  ///
  /// - Parameter remark: is told how many steps are a machine-learned force field's, and left out, and how many
  ///   cannot be read, and why the first cannot.
  /// - Throws: `AtomisticsError` with the file, where there is no good step.
  public static func read(
    _ url: URL, energy: VaspXML.Energy = .withoutEntropy, remark: (String) -> Void = { _ in }
  ) throws -> [ParsedConfiguration] {
    do {
      var reader = OutcarReader(
        try TextLines(FileAccess.readUncompressed(url)), FileAccess.key(of: url), energy)
      let steps = try reader.read()
      if reader.learnedSteps > 0 {
        remark("\(reader.learnedSteps) steps of a machine-learned force field are left out")
      }
      if let line = reader.bad.remark(of: reader.stepCount, "ionic steps") { remark(line) }
      return steps
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }
}

private struct OutcarReader {
  private var lines: TextLines
  private let name: String
  private let kind: VaspXML.Energy
  private var species = OutcarSpecies()
  private var lattice: Matrix3?
  /// Why there is none.
  private var latticeFault: AtomisticsError?
  /// The step whose forces are known, and not yet its energy.
  private var open: ParsedConfiguration?
  /// NELM, and the number of the last electronic step.
  private var (mostElectronicSteps, electronicStep) = (Int.max, 0)
  /// What the file says of the end of the electronic steps, if it does.
  private var saidConverged: Bool?
  private var steps: [ParsedConfiguration] = []
  /// How many steps have forces that a machine-learned force field predicts.
  private(set) var learnedSteps = 0
  private(set) var bad = LeftOut()

  /// How many steps there are so far, without those of a force field.
  var stepCount: Int { steps.count + bad.count }

  init(_ lines: TextLines, _ name: String, _ kind: VaspXML.Energy) {
    (self.lines, self.name, self.kind) = (lines, name, kind)
  }

  mutating func read() throws -> [ParsedConfiguration] {
    var ending: AtomisticsError?
    do {
      while let line = lines.next() {
        // Most lines have nothing but numbers.
        if line.utf8.contains(where: { $0 >= UInt8(ascii: "A") }) { try take(line) }
      }
    } catch let error as AtomisticsError where lines.isCut {
      // The file of a run that goes on, or was interrupted, ends within a step.
      ending = error
    }
    guard !steps.isEmpty else {
      let found =
        learnedSteps > 0
        ? "\(learnedSteps) steps of a machine-learned force field, and no other"
        : "no ionic step with forces and energy"
      throw bad.first ?? ending
        ?? AtomisticsError(key: "TOTAL-FORCE", found: found, allowed: "at least one")
    }
    return steps
  }

  private mutating func take(_ line: Substring) throws {
    try species.take(line, of: &lines)
    if line.contains("direct lattice vectors") {
      // The step that follows has none.
      lattice = nil
      do { lattice = try readLattice() } catch let error as AtomisticsError where !lines.isCut {
        latticeFault = error
      }
    } else if line.contains("NELM   =") {
      let count = line.split(separator: "=").dropFirst().first?.prefix { $0 != ";" } ?? ""
      mostElectronicSteps = Int(count.trimmingCharacters(in: .whitespaces)) ?? .max
    } else if line.contains("- Iteration"), let number = line.split(separator: "(").last {
      electronicStep = Int(number.prefix { $0 != ")" }.drop { $0 == " " }) ?? 0
      saidConverged = nil
      // What was interrupted before its energy has none in the run that follows it.
      open = nil
    } else if line.contains("aborting loop because") {
      saidConverged = line.contains("EDIFF is reached")
    } else if line.contains("TOTAL-FORCE (eV/Angst)") {
      open = nil
      if line.contains("(ML)") {
        learnedSteps += 1
      } else {
        try takeStep { $0.open = try $0.readForces() }
      }
    } else if var step = open, !lines.isCut {
      try takeStep {
        guard let energy = try $0.energy(line) else { return }
        $0.open = nil
        step.energy = energy
        step.isConverged = $0.isConverged
        $0.steps.append(try step.checked())
      }
    }
  }

  /// Whether the electronic steps before this line have ended as they should.
  private var isConverged: Bool {
    saidConverged ?? (mostElectronicSteps <= 1 || electronicStep < mostElectronicSteps)
  }

  /// Takes a part of a step, which is left out if something is wrong with it.
  private mutating func takeStep(_ part: (inout Self) throws -> Void) throws {
    do { try part(&self) } catch let error as AtomisticsError where !lines.isCut {
      open = nil
      bad.add(error, "step \(stepCount + 1)")
    }
  }

  private mutating func readLattice() throws -> Matrix3 {
    var rows: [SIMD3<Double>] = []
    for _ in 0..<3 {
      let numbers = try lines.numbers(
        atLeast: 3, "direct lattice vectors", columns: (width: 13, start: 3))
      rows.append([numbers[0], numbers[1], numbers[2]])
    }
    return Matrix3(rows[0], rows[1], rows[2])
  }

  private mutating func readForces() throws -> ParsedConfiguration {
    guard !species.ofIons.isEmpty, let lattice else {
      throw latticeFault
        ?? AtomisticsError(
          line: lines.number, key: "TOTAL-FORCE", found: "forces before species and cell",
          allowed: "VRHFIN or POTCAR:, ions per type and direct lattice vectors before them")
    }
    var result = ParsedConfiguration(name: "\(name)_\(VaspXML.number(stepCount + 1))")
    result.species = species.ofIons
    result.lattice = lattice
    _ = lines.next()
    var forces: [SIMD3<Double>] = []
    for _ in result.species {
      let numbers = try readIon()
      result.positions.append([numbers[0], numbers[1], numbers[2]])
      forces.append([numbers[3], numbers[4], numbers[5]])
    }
    result.forces = forces
    return result
  }

  /// The position of an ion and the force on it, whose numbers touch each other where they fill their columns:
  /// `3F13.5,3X,3F14.6`.
  private mutating func readIon() throws -> [Double] {
    var row = lines
    do { return try lines.numbers(atLeast: 6, "TOTAL-FORCE") } catch {
      let line = row.next() ?? ""
      let columns = line.prefix(39).columns(of: 13, from: 0) + line.columns(of: 14, from: 42)
      let numbers = columns.compactMap { Double($0) }
      guard columns.count == 6, numbers.count == 6, numbers.allSatisfy(\.isFinite) else {
        throw error
      }
      return numbers
    }
  }

  /// The energy that is asked for, where the line has it.
  private func energy(_ line: Substring) throws -> Double? {
    func number(after mark: String) throws -> Double? {
      guard let range = line.range(of: mark) else { return nil }
      let rest = line[range.upperBound...].drop { $0 == " " || $0 == "=" }
      let word = rest.prefix { $0 != " " }
      guard let number = Double(word), number.isFinite else {
        throw AtomisticsError(
          line: lines.number, key: mark, found: "\"\(word)\"", allowed: "a number")
      }
      return number
    }
    // Electronic steps have fewer spaces there.
    if kind == .free { return try number(after: "free  energy   TOTEN") }
    guard line.contains("energy  without entropy") else { return nil }
    return try number(after: kind == .extrapolated ? "energy(sigma->0)" : "without entropy")
  }
}
