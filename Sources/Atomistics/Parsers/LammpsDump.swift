import Foundation

/// The systems of units of LAMMPS that examples can be made of.
public enum LammpsUnits: String, Sendable, CaseIterable {
  /// eV and angstrom.
  case metal
  /// kcal/mol and angstrom.
  case real
  /// Hartree and bohr.
  case electron

  var length: LengthUnit { self == .electron ? .bohr : .angstrom }
  var energy: EnergyUnit { self == .electron ? .hartree : .electronVolt }
  /// The unit of energy in `energy`: 1 kcal/mol = 4184 J over Avogadro's constant and the electron's charge.
  var energyFactor: Double { self == .real ? 4184 / 6.02214076e23 / 1.602176634e-19 : 1 }
}

/// The text dumps of LAMMPS, all frames.
enum LammpsDump {
  struct Frame {
    var step: Int
    var configuration: ParsedConfiguration
  }

  /// Whether a text is a dump.
  static func isDump(_ data: Data) -> Bool { data.starts(with: Array("ITEM:".utf8)) }

  /// The frames, without those that cannot be read and a last one that the text ends within.
  ///
  /// - Parameters:
  ///   - types: the species of type 1, 2, …; needed where there is no column `element`.
  ///   - periodic: along which directions boxes repeat of which the dump does not say.
  ///   - remark: is told of an unfinished frame, and how many cannot be read.
  /// - Throws: `AtomisticsError` with the line, also where no frame is left.
  static func decode(
    _ data: Data, name: String, types: [String], _ units: LammpsUnits,
    periodic: () throws -> [Bool], remark: (String) -> Void = { _ in }
  ) throws -> [Frame] {
    var reader = DumpReader(lines: try TextLines(data), name: name, types: types, units: units)
    do { try reader.read(periodic) } catch let error as AtomisticsError where reader.lines.isCut {
      // A program that still writes, or was killed, leaves a frame unfinished.
      if reader.frames.isEmpty { throw reader.bad.first ?? error }
      remark("the last frame is not finished and left out: \(error)")
    }
    if let error = reader.bad.first, reader.frames.isEmpty { throw error }
    if let line = reader.bad.remark(of: reader.frames.count + reader.bad.count, "frames") {
      remark(line)
    }
    return reader.frames
  }
}

private struct DumpReader {
  var lines: TextLines
  let name: String
  let types: [String]
  let units: LammpsUnits
  private(set) var frames: [LammpsDump.Frame] = []
  private(set) var bad = LeftOut()

  init(lines: TextLines, name: String, types: [String], units: LammpsUnits) {
    (self.lines, self.name, self.types, self.units) = (lines, name, types, units)
  }

  mutating func read(_ periodic: () throws -> [Bool]) throws {
    var (step, count, box) = (0, 0, Optional(LammpsBox()))
    while let line = lines.next() {
      if line.allSatisfy(\.isWhitespace) { continue }
      guard line.hasPrefix("ITEM: ") else {
        throw lines.wrong("item", "\"\(line)\"", allowed: "ITEM: …")
      }
      let item = line.dropFirst(6)
      if item.hasPrefix("TIMESTEP") {
        step = try whole("TIMESTEP")
      } else if item.hasPrefix("NUMBER OF ATOMS") {
        count = try whole("NUMBER OF ATOMS")
      } else if item.hasPrefix("BOX BOUNDS") {
        box = try part(of: step) {
          try $0.readBox(ExtendedXYZ.fields(item.dropFirst(10)), periodic)
        }
      } else if item.hasPrefix("ATOMS") {
        guard let box else {
          // What is wrong with it has been said.
          skipItem()
          continue
        }
        let columns = ExtendedXYZ.fields(item.dropFirst(5)).map(String.init)
        let atoms = try part(of: step) { try $0.readAtoms(count, columns, box, step) }
        if let atoms { frames.append(.init(step: step, configuration: atoms)) }
      } else if item.hasPrefix("UNITS") {
        try checkUnits()
      } else {
        // TIME and the like have one line.
        _ = lines.next()
      }
    }
  }

  /// A part of a frame, nil where something is wrong with it, for which the frame is left out.
  private mutating func part<Part>(
    of step: Int, _ read: (inout Self) throws -> Part
  ) throws -> Part? {
    do { return try read(&self) } catch let error as AtomisticsError where !lines.isCut {
      bad.add(error, "step \(step)")
      skipItem()
      return nil
    }
  }

  /// Passes over what there is before the next item.
  private mutating func skipItem() {
    var ahead = lines
    while let line = ahead.next(), !line.hasPrefix("ITEM: ") { lines = ahead }
  }

  private mutating func checkUnits() throws {
    let name = lines.next()?.trimmingCharacters(in: .whitespaces) ?? ""
    guard name == units.rawValue else {
      throw lines.wrong("UNITS", name, allowed: "\(units.rawValue), as the log or --units says")
    }
  }

  private mutating func whole(_ key: String) throws -> Int {
    guard let words = lines.words(), words.count == 1, let number = Int(words[0]), number >= 0
    else {
      throw lines.wrong(key, "no whole number", allowed: "a whole number")
    }
    return number
  }

  private mutating func readBox(
    _ words: [Substring], _ unsaid: () throws -> [Bool]
  ) throws -> LammpsBox {
    guard !words.contains("origin") else {
      throw lines.wrong(
        "BOX BOUNDS", "a general triclinic box", allowed: "a box along the axes, or xy xz yz")
    }
    let isTilted = words.prefix(3) == ["xy", "xz", "yz"]
    let rows = try (0..<3).map { _ in try lines.numbers(atLeast: isTilted ? 3 : 2, "BOX BOUNDS") }
    let flags = words.suffix(3)
    let periodic =
      flags.count == 3 && !isTilted || words.count == 6
      ? flags.map { $0 == "pp" } : try unsaid()
    return LammpsBox(
      bounds: rows, tilt: isTilted ? rows.map { $0[2] } : [0, 0, 0], periodic: periodic)
  }

  private mutating func readAtoms(
    _ count: Int, _ columns: [String], _ box: LammpsBox, _ step: Int
  ) throws -> ParsedConfiguration {
    let places = Dictionary(columns.enumerated().map { ($1, $0) }) { first, _ in first }
    func vector(_ names: [String]) -> [Int]? {
      let found = names.compactMap { places[$0] }
      return found.count == 3 ? found : nil
    }
    let cartesian = vector(["x", "y", "z"]) ?? vector(["xu", "yu", "zu"])
    let scaled = vector(["xs", "ys", "zs"]) ?? vector(["xsu", "ysu", "zsu"])
    guard let id = places["id"], let position = cartesian ?? scaled else {
      throw lines.wrong(
        "ATOMS", columns.joined(separator: " "),
        allowed: "id, and x y z or xs ys zs or unwrapped ones")
    }
    let force = vector(["fx", "fy", "fz"])
    var atoms: [(id: Int, species: String, position: SIMD3<Double>, force: SIMD3<Double>)] = []
    for _ in 0..<count {
      guard let fields = lines.words(), fields.count >= columns.count else {
        throw lines.wrong("ATOMS", "too few columns", allowed: columns.joined(separator: " "))
      }
      // Nobody knows the rest of the last number.
      guard !lines.isCut else {
        throw lines.wrong("ATOMS", "a line without an end", allowed: "a whole line")
      }
      func number(_ place: Int) throws -> Double {
        guard let number = Double(fields[place]), number.isFinite else {
          throw lines.wrong(columns[place], "\"\(fields[place])\"", allowed: "a number")
        }
        return number
      }
      func triple(_ places: [Int]) throws -> SIMD3<Double> {
        [try number(places[0]), try number(places[1]), try number(places[2])]
      }
      func identity() throws -> Int {
        guard let number = Int(exactly: try number(id)) else {
          throw lines.wrong("id", "\"\(fields[id])\"", allowed: "a whole number")
        }
        return number
      }
      let at = try triple(position)
      atoms.append(
        (
          try identity(), try species(fields, places),
          cartesian == nil ? box.cartesian(at) : at, try force.map(triple) ?? .zero
        ))
    }
    atoms.sort { $0.id < $1.id }
    if let (atom, _) = zip(atoms, atoms.dropFirst()).first(where: { $0.id == $1.id }) {
      throw lines.wrong("id", "\(atom.id) twice in step \(step)", allowed: "each atom once")
    }
    var result = ParsedConfiguration(name: "\(name)_\(step)")
    (result.lengthUnit, result.energyUnit) = (units.length, units.energy)
    result.species = atoms.map(\.species)
    result.positions = atoms.map(\.position)
    result.lattice = box.lattice
    if force != nil { result.forces = atoms.map { $0.force * units.energyFactor } }
    return result
  }

  private func species(_ fields: [Substring], _ places: [String: Int]) throws -> String {
    let type = places["type"].map { fields[$0] }
    // Otherwise it is a label, which `dump_modify types labels` prints.
    let isNumber = type.map { Int($0) != nil } ?? false
    if isNumber, !types.isEmpty { return try lines.species(ofType: type!, types) }
    if let place = places["element"] { return String(fields[place]) }
    if let type, !isNumber {
      if Elements.number(of: String(type)) != nil { return String(type) }
      return try lines.species(ofType: type, types)
    }
    throw lines.wrong(
      "ATOMS", "no column element",
      allowed: "one, or labels of types, or --types with the species of type 1, 2, …")
  }
}

extension TextLines {
  func species(ofType text: Substring, _ types: [String]) throws -> String {
    guard let type = Int(text), (1...max(1, types.count)).contains(type), !types.isEmpty else {
      let known = types.isEmpty ? "none" : "1 to \(types.count)"
      throw wrong("type", "\"\(text)\"", allowed: "\(known), those that --types names")
    }
    return types[type - 1]
  }
}

/// A box of LAMMPS: along the axes, or tilted.
struct LammpsBox {
  var origin = SIMD3<Double>.zero
  /// All three vectors.
  private var vectors = Matrix3.zero
  private var periodic = [true, true, true]

  init() {}

  /// - Parameter bounds: lowest and highest coordinates, of a tilted box those of the box around it.
  init(bounds: [[Double]], tilt: [Double], periodic: [Bool]) {
    let (xy, xz, yz) = (tilt[0], tilt[1], tilt[2])
    let low = SIMD3(
      bounds[0][0] - min(0, xy, xz, xy + xz), bounds[1][0] - min(0, yz), bounds[2][0])
    let high = SIMD3(
      bounds[0][1] - max(0, xy, xz, xy + xz), bounds[1][1] - max(0, yz), bounds[2][1])
    self.init(low: low, high: high, tilt: tilt, periodic: periodic)
  }

  init(
    low: SIMD3<Double>, high: SIMD3<Double>, tilt: [Double], periodic: [Bool]
  ) {
    let edges = high - low
    origin = low
    vectors = Matrix3(
      [edges.x, 0, 0], [tilt[0], edges.y, 0], [tilt[1], tilt[2], edges.z])
    self.periodic = periodic
  }

  /// The vectors along which the structure repeats, zero for the others.
  var lattice: Matrix3 {
    func row(_ k: Int) -> SIMD3<Double> { periodic[k] ? vectors[k] : .zero }
    return Matrix3(row(0), row(1), row(2))
  }

  /// The place that is given in units of the vectors, from the origin.
  func cartesian(_ scaled: SIMD3<Double>) -> SIMD3<Double> { origin + scaled * vectors }
}
