import Foundation

/// A trajectory of CP2K, `NAME-pos-1.xyz`, and the files of forces and cells beside it.
enum CP2KTrajectory {
  static func read(
    _ url: URL, name: String, _ cell: Matrix3?, _ remark: (String) -> Void
  ) throws -> [ParsedConfiguration] {
    let (forceFile, cellFile) = companions(of: url)
    let (frames, isCut) = try frames(url, remark)
    let forces = try Companion(forceFile, of: "forces", each: "frame") { file in
      let (frames, isCut) = try self.frames(file, remark)
      return (
        frames.map { frame in (frame.step, Result { try frame.checkedVectors(file) }) }, isCut
      )
    }
    let cells = try Companion(cellFile, of: "cell", each: "line") { try self.cells($0, remark) }
    // A restarted run writes the steps after its restart file again, and goes on from these.
    let times = Dictionary(frames.map { ($0.step, 1) }, uniquingKeysWith: +)
    var later: Set<Int> = []
    let kept = frames.reversed().filter { later.insert($0.step).inserted }.reversed()
    if kept.count < frames.count {
      remark(
        "\(frames.count - kept.count) of \(frames.count) frames are left out: their steps come again, as"
          + " in restarted runs")
    }
    var found: [ParsedConfiguration] = []
    var leftOut = LeftOut()
    for frame in kept {
      let times = times[frame.step]!
      let ownForces = try forces?.value(frame.step, of: times, positionsAreCut: isCut)
      let ownCell = try cells?.value(frame.step, of: times, positionsAreCut: isCut)
      do {
        // A file of cells has that of the frame, or says nothing of it, and nor does another cell.
        guard let lattice = try ownCell?.get() ?? cell else {
          throw AtomisticsError(
            key: "cell of step \(frame.step)", found: "none",
            allowed: "\(cellFile.lastPathComponent) beside it, or --cell")
        }
        found.append(try frame.configuration(name, lattice, ownForces?.get(), url))
      } catch let error as AtomisticsError { leftOut.add(error) }
    }
    if let first = leftOut.first, found.isEmpty { throw first }
    if let line = leftOut.remark(of: kept.count, "frames") { remark(line) }
    return found
  }

  /// Where the forces and the cells of a trajectory's frames are, if they are anywhere.
  static func companions(of url: URL) -> (forces: URL, cells: URL) {
    let (folder, name) = (url.deletingLastPathComponent(), url.lastPathComponent)
    let project = name.components(separatedBy: "-pos-").first!
    return (
      folder.appendingPathComponent(name.replacingOccurrences(of: "-pos-", with: "-frc-")),
      folder.appendingPathComponent("\(project)-1.cell")
    )
  }

  /// What a file beside the positions has of their steps.
  private struct Companion<Value> {
    typealias Contents = (steps: [(step: Int, value: Result<Value, any Error>)], isCut: Bool)

    private let name: String
    private let what: String
    private let part: String
    private let steps: [Int: (last: Result<Value, any Error>, times: Int)]
    private let isCut: Bool

    /// Nil where there is no such file.
    init?(_ file: URL, of what: String, each part: String, read: (URL) throws -> Contents) throws {
      guard FileManager.default.fileExists(atPath: file.path) else { return nil }
      (name, self.what, self.part) = (file.lastPathComponent, what, part)
      let contents = try read(file)
      isCut = contents.isCut
      steps = Dictionary(contents.steps.map { ($0.step, ($0.value, 1)) }) { ($1.0, $0.1 + 1) }
    }

    /// The last of what there is of a step, a failure where there is none or it cannot be used: it may be written
    /// less often than positions are.
    ///
    /// - Parameter positionsAreCut: whether one more was to come.
    /// - Throws: `AtomisticsError` where it is there as many times as positions are not: what was written in one
    ///   run is not taken for another's. Of files that end early some may be missing.
    func value(
      _ step: Int, of times: Int, positionsAreCut: Bool
    ) throws -> Result<Value, any Error> {
      func fail(_ found: String, _ allowed: String) -> AtomisticsError {
        AtomisticsError(key: "\(what) of step \(step)", found: found, allowed: allowed)
      }
      guard let found = steps[step] else { return .failure(fail("none", "a \(part) of \(name)")) }
      guard found.times == times else {
        let error = fail("\(found.times) in \(name)", "\(times), as many as there are positions")
        guard found.times < times ? isCut : positionsAreCut else { throw error }
        return .failure(error)
      }
      return found.last
    }
  }

  private struct Frame {
    var step: Int
    var energy: Result<Double, AtomisticsError>
    var species: [String] = []
    var vectors: [SIMD3<Double>] = []
    /// What is no number among the vectors.
    var fault: AtomisticsError?

    func checkedVectors(_ file: URL) throws -> [SIMD3<Double>] {
      if let fault { throw fault.inFile(file.path) }
      return vectors
    }

    /// - Throws: `AtomisticsError` where it is none to train on.
    func configuration(
      _ name: String, _ lattice: Matrix3, _ forces: [SIMD3<Double>]?, _ file: URL
    ) throws -> ParsedConfiguration {
      var result = ParsedConfiguration(name: "\(name)_\(step)")
      result.species = species
      result.positions = try checkedVectors(file)
      result.energy = try energy.get() * Units.hartree
      result.lattice = lattice
      result.forces = forces?.map { $0 * CP2KOutput.forceUnit }
      return try result.checked()
    }
  }

  /// The frames, without a last one that the file ends within, and whether there is such a one.
  ///
  /// - Throws: `AtomisticsError` with file and line, also where the only frame is unfinished.
  private static func frames(
    _ url: URL, _ remark: (String) -> Void
  ) throws -> (frames: [Frame], isCut: Bool) {
    var lines = try TextLines(FileAccess.read(url))
    var frames: [Frame] = []
    do {
      while let words = lines.words() {
        if words.isEmpty { continue }
        frames.append(try frame(words, &lines, number: frames.count))
      }
    } catch let error as AtomisticsError {
      // A program that still writes, or was killed, leaves a frame unfinished.
      guard lines.isCut, !frames.isEmpty else { throw error.inFile(url.path) }
      remark(
        "the last frame of \(url.lastPathComponent) is not finished and left out: \(error)")
      return (frames, true)
    }
    return (frames, false)
  }

  /// The frame whose first line has these words.
  private static func frame(
    _ words: [Substring], _ lines: inout TextLines, number: Int
  ) throws -> Frame {
    guard words.count == 1, let count = Int(words[0]), count > 0, let comment = lines.next() else {
      throw lines.wrong(
        "number of atoms", words.joined(separator: " "), allowed: "a whole number")
    }
    let fields = comment.split { " ,=".contains($0) }
    func text(_ key: Substring) -> Substring? {
      fields.firstIndex(of: key).flatMap { $0 + 1 < fields.count ? fields[$0 + 1] : nil }
    }
    let step = text("i").map { Double($0).flatMap { Int(exactly: $0) } } ?? .some(number)
    guard let step else {
      throw lines.wrong("i", "\"\(comment)\"", allowed: "the number of the step")
    }
    var frame = Frame(step: step, energy: energy(text("E"), step, lines))
    for _ in 0..<count {
      guard let words = lines.words(), words.count >= 4 else {
        throw lines.wrong(
          "atoms", "too few columns", allowed: "\(count) lines with a symbol and three numbers")
      }
      // Nobody knows the rest of the last number.
      guard !lines.isCut else {
        throw lines.wrong("atoms", "a line without an end", allowed: "a whole line")
      }
      do { frame.vectors.append(try lines.vector(words[1...3], "step \(step)")) } catch {
        frame.fault = frame.fault ?? error
        frame.vectors.append(.zero)
      }
      frame.species.append(String(words[0]))
    }
    return frame
  }

  private static func energy(
    _ text: Substring?, _ step: Int, _ lines: TextLines
  ) -> Result<Double, AtomisticsError> {
    guard let text else {
      return .failure(
        AtomisticsError(
          key: "step \(step)", found: "no E = in the second line", allowed: "one"))
    }
    guard let energy = Double(text), energy.isFinite else {
      return .failure(lines.wrong("E of step \(step)", "\"\(text)\"", allowed: "a number"))
    }
    return .success(energy)
  }

  private static func cells(
    _ url: URL, _ remark: (String) -> Void
  ) throws -> Companion<Matrix3>.Contents {
    var lines = try TextLines(FileAccess.read(url))
    var cells: [(step: Int, value: Result<Matrix3, any Error>)] = []
    while let line = lines.next() {
      if line.drop(while: { $0 == " " }).hasPrefix("#") || line.allSatisfy(\.isWhitespace) {
        continue
      }
      if lines.isCut {
        remark("the last line of \(url.lastPathComponent) is not finished and left out")
        return (cells, true)
      }
      let words = ExtendedXYZ.fields(line)
      guard words.count >= 11, let number = Double(words[0]), let step = Int(exactly: number) else {
        throw lines.wrong("cell", "\"\(line)\"", allowed: "step, time and nine numbers").inFile(
          url.path)
      }
      let cell = Result { () throws -> Matrix3 in
        do {
          let rows = try [2, 5, 8].map { try lines.vector(words[$0..<$0 + 3], "cell") }
          return Matrix3(rows[0], rows[1], rows[2])
        } catch let error as AtomisticsError { throw error.inFile(url.path) }
      }
      cells.append((step, cell))
    }
    return (cells, false)
  }
}
