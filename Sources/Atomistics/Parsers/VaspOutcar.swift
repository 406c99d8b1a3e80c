import Foundation

/// The `OUTCAR` of VASP: every ionic step, cartesian, in eV and angstrom.
public enum VaspOutcar {
  /// Reads a file, plain or in gzip's form; a step without energy or forces is left out, one that took as many
  /// electronic steps as it might (NELM) and does not say that EDIFF is reached has not converged.
  ///
  /// - Throws: `AtomisticsError` with the file, where there is no finished step.
  public static func read(
    _ url: URL, energy: VaspXML.Energy = .withoutEntropy
  ) throws -> [ParsedConfiguration] {
    do {
      var reader = OutcarReader(
        try TextLines(FileAccess.readUncompressed(url)), FileAccess.key(of: url), energy)
      return try reader.read()
    } catch let error as AtomisticsError {
      throw error.inFile(url.path)
    }
  }
}

private struct OutcarReader {
  private var lines: TextLines
  private let name: String
  private let kind: VaspXML.Energy
  private var symbols: [String] = []
  private var counts: [Int] = []
  private var lattice: Matrix3?
  private var open: ParsedConfiguration?
  /// NELM, and the number of the last electronic step.
  private var (mostElectronicSteps, electronicStep) = (Int.max, 0)
  private var hasConverged = false
  private var steps: [ParsedConfiguration] = []

  init(_ lines: TextLines, _ name: String, _ kind: VaspXML.Energy) {
    (self.lines, self.name, self.kind) = (lines, name, kind)
  }

  mutating func read() throws -> [ParsedConfiguration] {
    while let line = lines.next() {
      if line.contains("VRHFIN =") {
        let symbol = line.split(separator: "=").last?.prefix { $0 != ":" } ?? ""
        symbols.append(symbol.trimmingCharacters(in: .whitespaces))
      } else if line.contains("ions per type =") {
        counts = line.split(separator: "=").last?.split(separator: " ").compactMap { Int($0) } ?? []
      } else if line.contains("direct lattice vectors") {
        lattice = try readLattice()
      } else if line.contains("NELM   =") {
        let count = line.split(separator: "=").dropFirst().first?.prefix { $0 != ";" } ?? ""
        mostElectronicSteps = Int(count.trimmingCharacters(in: .whitespaces)) ?? .max
      } else if line.contains("- Iteration"), let number = line.split(separator: "(").last {
        electronicStep = Int(number.prefix { $0 != ")" }.drop { $0 == " " }) ?? 0
        hasConverged = false
      } else if line.contains("aborting loop because EDIFF is reached") {
        hasConverged = true
      } else if line.contains("TOTAL-FORCE (eV/Angst)") {
        open = try readForces()
      } else if open != nil, let energy = try energy(line) {
        open?.energy = energy
        open?.isConverged =
          hasConverged || mostElectronicSteps <= 1 || electronicStep < mostElectronicSteps
        steps.append(try open!.checked())
        open = nil
      }
    }
    guard !steps.isEmpty else {
      throw AtomisticsError(
        key: "TOTAL-FORCE", found: "no ionic step with forces and energy", allowed: "at least one")
    }
    return steps
  }

  private mutating func readLattice() throws -> Matrix3 {
    var rows: [SIMD3<Double>] = []
    for _ in 0..<3 {
      let numbers = try lines.numbers(atLeast: 3, "direct lattice vectors")
      rows.append([numbers[0], numbers[1], numbers[2]])
    }
    return Matrix3(rows[0], rows[1], rows[2])
  }

  private mutating func readForces() throws -> ParsedConfiguration {
    guard symbols.count >= counts.count, !counts.isEmpty, let lattice else {
      throw AtomisticsError(
        line: lines.number, key: "TOTAL-FORCE", found: "forces before species and cell",
        allowed: "VRHFIN, ions per type and direct lattice vectors before them")
    }
    var result = ParsedConfiguration(name: "\(name)_\(VaspXML.number(steps.count + 1))")
    result.species = zip(symbols, counts).flatMap { Array(repeating: $0, count: $1) }
    result.lattice = lattice
    _ = lines.next()
    var forces: [SIMD3<Double>] = []
    for _ in result.species {
      let numbers = try lines.numbers(atLeast: 6, "TOTAL-FORCE")
      result.positions.append([numbers[0], numbers[1], numbers[2]])
      forces.append([numbers[3], numbers[4], numbers[5]])
    }
    result.forces = forces
    return result
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
    switch kind {
    case .free: return try number(after: "free  energy   TOTEN")
    case .withoutEntropy:
      return line.contains("energy(sigma->0)") ? try number(after: "without entropy") : nil
    case .extrapolated: return try number(after: "energy(sigma->0)")
    }
  }
}
