import Atomistics
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// Descriptors as text and as pictures, structures as animations.
@Suite struct SmallToolTests {
  private let fixture: ProgramFixture

  init() throws { fixture = try ProgramFixture() }

  /// Words of two texts that are equal, numbers to within their printed digits.
  private func differences(_ a: String, _ b: String, tolerance: Double) -> [String] {
    func words(_ text: String) -> [[Substring]] {
      text.split(separator: "\n").map { $0.split(separator: " ") }
    }
    let (first, second) = (words(a), words(b))
    if first.map(\.count) != second.map(\.count) { return ["other numbers of words"] }
    return zip(first.joined(), second.joined()).compactMap { x, y in
      if x == y { return nil }
      guard let p = Double(x), let q = Double(y),
        abs(p - q) <= tolerance * max(abs(p), abs(q), 1e-9)
      else { return "\(x) \(y)" }
      return nil
    }
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func descriptorsAreWrittenAsTheOriginalDoes() throws {
    let examples = Golden.url("panna/tests/gvector/examples").path
    try GvectCalculator.run(
      GvectCalculator.options.parse([
        "--config", Golden.url("panna/golden/sparse.ini").path, "--set",
        "IO_INFORMATION.input_json_dir=\(examples)", "--set",
        "IO_INFORMATION.output_gvect_dir=\(fixture.path("bin"))", "--set",
        "IO_INFORMATION.log_dir=\(fixture.path("log"))",
      ]))
    try fixture.run(GvectWriter.self, "-s", fixture.path("bin"), "-o", fixture.path("out"))
    try fixture.run(
      GvectWriter.self, "-s", fixture.path("bin"), "-o", fixture.path("out"), "-a", "4")
    #expect(
      try fixture.names(in: "out")
        == ["1.bin_plain.dat", "2.bin_plain.dat", "3.bin_plain.dat", "average_g.dat"])
    for name in try fixture.names(in: "out") {
      let golden = try String(
        contentsOf: Golden.url("panna/golden/tools/gvector_writer/\(name)"), encoding: .utf8)
      // The descriptors agree to single precision.
      #expect(
        try differences(fixture.text("out/\(name)"), golden, tolerance: 1e-6) == [], "\(name)")
    }
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func animationsAreWrittenAsTheOriginalDoes() throws {
    try fixture.run(
      JSONToAXSF.self, "-i", Golden.url("panna/tests/gvector/examples").path, "-o",
      fixture.path("out"))
    let golden = try String(
      contentsOf: Golden.url("panna/golden/tools/axsf_mol/animation.axsf"), encoding: .utf8)
    // The format has the keyword once, and readers such as ASE's end at a second one, but the original repeats
    // it before every frame.
    let first = try #require(golden.firstRange(of: "CRYSTAL\n")).upperBound
    let once = golden[..<first] + golden[first...].replacing("CRYSTAL\n", with: "")
    // The original knows the bohr to six digits only.
    #expect(
      try differences(
        fixture.text("out/animation.axsf"), String(once), tolerance: 4e-7) == [])
  }

  private func example(_ name: String, energy: Double, cell: Cell = .none) throws {
    let structure = Structure(
      name: name, species: ["O", "H"], positions: [.zero, [0.5, 0, 0]], cell: cell, energy: energy)
    try fixture.write(try ExampleFile.encode(structure), to: "examples/\(name).example")
  }

  @Test func animationsAreSortedByEnergy() throws {
    try example("a", energy: 2)
    try example("b", energy: -3)
    try fixture.run(JSONToAXSF.self, "-i", fixture.path("examples"), "-o", fixture.path("out"))
    #expect(
      try fixture.text("out/animation.axsf")
        == "ANIMSTEPS 2\nATOMS 1\n8 0.0 0.0 0.0\n1 0.5 0.0 0.0\nATOMS 2\n8 0.0 0.0 0.0\n1 0.5 0.0 0.0\n"
    )
    try example("c", energy: 0, cell: Cell(cubic: 4))
    try fixture.run(
      JSONToAXSF.self, "-i", fixture.path("examples/c.example"), "-o", fixture.path("out"))
    let text = try fixture.text("out/animation.axsf")
    #expect(text.hasPrefix("ANIMSTEPS 1\nCRYSTAL\nPRIMVEC 1\n  4.0 0.0 0.0\n"))
    #expect(text.contains("PRIMCOORD 1\n2 1 \n8 0.0"))
  }

  /// Frames that repeat along the same directions have one keyword, molecules between them none.
  @Test func animationsSayOnceHowTheyRepeat() throws {
    for (index, cell) in [Cell(cubic: 4), .none, Cell(cubic: 5)].enumerated() {
      try example("\(index)", energy: Double(index), cell: cell)
    }
    try fixture.run(JSONToAXSF.self, "-i", fixture.path("examples"), "-o", fixture.path("out"))
    let text = try fixture.text("out/animation.axsf")
    #expect(text.hasPrefix("ANIMSTEPS 3\nCRYSTAL\nPRIMVEC 1\n"))
    #expect(text.split(separator: "CRYSTAL").count == 2)
    #expect(text.contains("ATOMS 2\n") && text.contains("1 0.5 0.0 0.0\nPRIMVEC 3\n"))
  }

  /// XCrySDen takes the first two vectors of a slab, and the first of a polymer; the others mean nothing.
  @Test func animationsSayAlongWhichVectorsStructuresRepeat() throws {
    let (a, b, c) = (SIMD3(5.0, 0, 0), SIMD3(0, 6.0, 0), SIMD3(0, 0, 7.0))
    func frame(_ number: Int, _ vectors: SIMD3<Double>...) -> String {
      let rows = vectors.map { "  \($0.x) \($0.y) \($0.z)\n" }.joined()
      return "PRIMVEC \(number)\n\(rows)CONVVEC \(number)\n\(rows)PRIMCOORD \(number)\n2 1 \n"
        + "8 0.0 0.0 0.0\n1 0.5 0.0 0.0\n"
    }
    try example("a", energy: 1, cell: Cell(vectors: Matrix3(a, .zero, c)))
    try example("b", energy: 2, cell: Cell(vectors: Matrix3(.zero, .zero, c)))
    try example("c", energy: 3, cell: Cell(vectors: Matrix3(a, b, c)))
    try fixture.run(JSONToAXSF.self, "-i", fixture.path("examples"), "-o", fixture.path("out"))
    let text = try fixture.text("out/animation.axsf")
    #expect(text.hasPrefix("ANIMSTEPS 3\nSLAB\n" + frame(1, a, c, [0, 1, 0])))
    let wire = try #require(text.firstRange(of: "POLYMER\nPRIMVEC 2\n  0.0 0.0 7.0\n"))
    #expect(text[wire.upperBound...].hasSuffix("CRYSTAL\n" + frame(3, a, b, c)))
  }

  @Test func histogramsCountEveryAtom() throws {
    for (index, values) in [[Float(0), 1, 0.5, 1], [1, 1]].enumerated() {
      let count = values.count / 2
      let described = DescribedStructure(
        name: "\(index)", energy: -1, species: Array(repeating: 0, count: count),
        descriptorSize: 2, descriptors: values)
      try FileManager.default.createDirectory(
        at: fixture.url("bin"), withIntermediateDirectories: true)
      try DescriptorFile.write(described, to: fixture.url("bin/\(index).bin"))
    }
    try fixture.run(
      GvectWriter.self, "-s", fixture.path("bin"), "-o", fixture.path("out"), "--histograms", "4")
    #expect(
      try fixture.text("out/histogram_0.dat")
        == "# component smallest largest, then atoms in each of 4 parts\n"
        + "0 0.000000e+00 1.000000e+00 1 0 1 1\n1 1.000000e+00 1.000000e+00 3 0 0 0\n")
    #expect(
      try fixture.text("out/0.bin_plain.dat").hasPrefix("# -1.0 0 0\n0.000000e+00 5.000000e-01\n"))
    let picture = try fixture.text("out/histograms.svg")
    #expect(picture.hasPrefix("<svg xmlns=") && picture.contains("#d1491b"))
    #expect(!picture.contains("var("))
  }

  @Test func whatIsReadIsNotReplaced() throws {
    func lost(_ name: String) -> String {
      "--outdir \(name): \(name) is read and would be lost: name another place to write to"
    }
    try example("a", energy: 2)
    try fixture.write(fixture.text("examples/a.example"), to: "animation.axsf")
    #expect(
      fixture.message {
        try fixture.run(
          JSONToAXSF.self, "-i", fixture.path("animation.axsf"), "-o", fixture.folder.path)
      } == lost("animation.axsf"))
    #expect(try fixture.text("animation.axsf") == fixture.text("examples/a.example"))
    let described = try TrainingWorkspace.clusters(1)[0]
    for (name, arguments) in [
      ("average_g.dat", ["-a", "2"]), ("histogram_0.dat", ["--histograms", "2"]),
      ("histograms.svg", ["--histograms", "2"]),
    ] {
      try DescriptorFile.write(described, to: fixture.url(name), derivatives: .dense)
      let before = try fixture.bytes(name)
      #expect(
        fixture.message {
          try GvectWriter.run(GvectWriter.options.parse(["-s", fixture.path(name)] + arguments))
        } == lost(name))
      #expect(try fixture.bytes(name) == before)
    }
  }

  private func parameters(_ change: (String) -> String = { $0 }) throws -> String {
    let text = """
      [SYMMETRY_FUNCTION]
      type = mBP
      species = O, H
      [GVECT_PARAMETERS]
      eta_rad = 40
      Rc_rad = 5
      Rs0_rad = 1
      RsN_rad = 4
      eta_ang = 4
      Rc_ang = 4
      Rs0_ang = 1
      RsN_ang = 3
      zeta = 64
      ThetasN = 6
      """
    try fixture.write(change(text), to: "gvect.ini")
    return fixture.path("gvect.ini")
  }

  /// Gaussians of half width sqrt(ln 2 / 40) = 0.13 at 1, 2, 3, 4 leave gaps, in which the only distance lies.
  @Test func whatCentresDoNotResolveIsFound() throws {
    try example("a", energy: 0)
    let file = try DescriptorConfiguration(IniFile(path: parameters())).settings
    guard case .modified(let settings) = file else { return }
    var histogram = GeometryHistogram(settings)
    try histogram.add(ExampleFile.read(fixture.url("examples/a.example")))
    // Both atoms see each other; half an angstrom lies below the first centre.
    #expect(histogram.distances.reduce(0, +) == 2 && histogram.distances[50] == 2)
    #expect(histogram.angles.allSatisfy { $0 == 0 })
    let panels = ResolutionPanel.all(settings, histogram)
    #expect(panels.map(\.name) == ["radial", "angular", "mean_distance"])
    #expect(
      panels[0].words == [
        "radial functions: 4 centres from 1.00 to 4.00 Å",
        "  not resolved between them: 1.13–1.87, 2.13–2.87, 3.13–3.87 Å",
        "  the structures have distances from 0.50 to 0.51 Å; 100.0 % are not resolved:",
        "    0.00–0.87 Å: 2 of 2",
      ])
    #expect(panels[1].words.last == "  the structures have no angles within the cutoff")
    #expect(panels[2].words[1].hasPrefix("  not resolved between them"))
    try fixture.run(
      GvectParamCheck.self, "-c", fixture.path("gvect.ini"), "-e", fixture.path("examples"), "-o",
      fixture.path("out"))
    #expect(try fixture.names(in: "out") == ["angular.svg", "mean_distance.svg", "radial.svg"])
  }

  /// The pictures' functions are those of the descriptors.
  @Test func functionsAreTheDescriptors() throws {
    let file = try DescriptorConfiguration(IniFile(path: parameters())).settings
    guard case .modified(let settings) = file else { return }
    let functions = DescriptorResolution(settings)
    let (r, angle) = (1.3, 1.9)
    let water = Structure(
      species: ["O", "H", "H"],
      positions: [.zero, [r, 0, 0], [r * cos(angle), r * sin(angle), 0]], energy: 0)
    let values = try AtomicDescriptors(file).values(
      Double.self, species: [0, 1, 1],
      neighbours: NeighbourList(of: water, cutoff: settings.cutoff))
    let cutoff = DescriptorResolution.cutoffFunction(r, settings.angularCutoff)
    for s in 0..<settings.angleCount {
      for p in 0..<settings.angularCount {
        let expected =
          2 * functions.angular(angle, centre: s) * functions.meanDistance(r, centre: p) * cutoff
          * cutoff
        // The pair of hydrogens is the last block.
        let place = settings.size - settings.angularCount * settings.angleCount
        let own = [place + p * settings.angleCount + s, place + s * settings.angularCount + p]
        #expect(own.contains { abs(values[$0] - expected) < 1e-12 }, "\(s) \(p)")
      }
    }
    let radial = DescriptorResolution.cutoffFunction(r, settings.radialCutoff)
    for s in 0..<settings.radialCount {
      let expected = 2 * functions.radial(r, centre: s) * radial
      #expect(abs(values[settings.radialCount + s] - expected) < 1e-12)
    }
  }

  @Test func wrongInputIsSaid() throws {
    try example("a", energy: 0)
    let bp = try parameters {
      $0.replacing("mBP", with: "BP").replacing("ThetasN = 6", with: "")
        .replacing("Rs0_ang = 1\n", with: "").replacing("RsN_ang = 3\n", with: "")
    }
    #expect(
      fixture.message { try fixture.run(GvectParamCheck.self, "-c", bp) }
        == "gvect.ini: [SYMMETRY_FUNCTION] type = BP: expected mBP")
    let examples = fixture.path("examples")
    #expect(
      fixture.message { try fixture.run(GvectWriter.self, "-s", examples) }
        == "\(examples): there is no *.bin file among its 1 files"
        .replacing(fixture.folder.path + "/", with: ""))
    #expect(
      fixture.message { try fixture.run(GvectWriter.self, "-s", fixture.path("none")) }
        == "--source none: there is no such file or folder")
    #expect(
      fixture.message {
        try fixture.run(JSONToAXSF.self, "-i", fixture.path("none"), "-o", fixture.path("out"))
      } == "--indir none: there is no such file or folder")
    try fixture.write(
      fixture.text("examples/a.example").replacing("\"H\"", with: "\"Xx\""),
      to: "examples/a.example")
    #expect(
      fixture.message {
        try fixture.run(JSONToAXSF.self, "-i", examples, "-o", fixture.path("out"))
      } == "examples/a.example: species of atom 2: found \"Xx\"; allowed: the symbol of an element")
    #expect(!fixture.exists("out/animation.axsf"))
  }
}
