import Atomistics
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// The programs that make examples of other programs' files.
@Suite struct ParserProgramTests {
  private let fixture: ProgramFixture

  init() throws { fixture = try ProgramFixture() }

  private func frame(_ energy: String = "energy=-1.5", symbol: String = "Si") -> String {
    """
    2
    Lattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:dft_force:R:3 \(energy)
    \(symbol) 0 0 0 0 0 1
    O 1 1 1 0 0 -1

    """
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func espressoExamplesAreTheOriginals() throws {
    try fixture.run(
      QEParser.self, "-i", Golden.url("panna/tutorial/tutorial_data/qe_xmls").path, "-o",
      fixture.path("out"), "--nproc", "2", "--extxyz", fixture.path("all.xyz"))
    let names = try fixture.names(in: "out")
    let original = Golden.url("panna/golden/tools/qe_parser_out")
    #expect(
      try names == FileManager.default.contentsOfDirectory(atPath: original.path).sorted())
    let frames = try ExtendedXYZ.read(fixture.url("all.xyz"))
    #expect(names.count == 3 && frames.count == 3)
    for (name, frame) in zip(names, frames) {
      let own = try JSONSerialization.jsonObject(with: fixture.bytes("out/\(name)"))
      let other = try JSONSerialization.jsonObject(
        with: Data(contentsOf: original.appendingPathComponent(name)))
      // Every key and every number.
      #expect(try #require(own as? NSDictionary) == #require(other as? NSDictionary))
      var read = try ExampleFile.read(fixture.url("out/\(name)"))
      read.perAtomQuantity = nil
      #expect(read == frame)
    }
  }

  /// Neither is what is read replaced, nor is what is written read the next time.
  @Test func allOfThemGoToAFileOfTheirOwn() throws {
    try fixture.write(frame(), to: "in/a.xyz")
    func message(_ input: String, _ text: String) -> String {
      fixture.message {
        try fixture.run(
          EXYZParser.self, "-i", fixture.path(input), "-o", fixture.path("out"), "--extxyz",
          fixture.path(text))
      }
    }
    for input in ["in", "in/a.xyz"] {
      #expect(
        message(input, "in/a.xyz")
          == "--extxyz in/a.xyz: in/a.xyz is read and would be lost: name another place to write to"
      )
    }
    try FileManager.default.createSymbolicLink(
      at: fixture.url("link"), withDestinationURL: fixture.url("in"))
    for (input, text) in [
      ("in", "link/all.xyz"), ("link", "in/all.xyz"), ("link", "link/new/all.xyz"),
    ] {
      #expect(message(input, text).hasPrefix("--extxyz \(text): would be read as well"))
    }
    #expect(
      message("in", "in/all.xyz")
        == "--extxyz in/all.xyz: would be read as well the next time: name a file outside --indir")
    #expect(!fixture.exists("out") && !fixture.exists("in/all.xyz"))
    for (input, text) in [
      ("in", "in/all.txt"), ("in", "in/.all.xyz"), ("in/a.xyz", "in/all.xyz"),
    ] {
      #expect(message(input, text) == "no error")
    }
    #expect(try ExtendedXYZ.read(fixture.url("in/all.txt")).count == 1)
  }

  /// They may lie beside what they were made of, and be called like it.
  @Test func examplesAreNotRead() throws {
    for (name, program) in [
      ("OUTCAR", VaspParser.self as any ParserProgram.Type), ("output", CP2KParser.self),
    ] {
      try fixture.write("", to: "\(name)s/\(name)")
      try fixture.write("", to: "\(name)s/\(name)_000001.example")
      let files = try ParserFiles(fixture.path("\(name)s"), program)
      #expect(files.inputs.map(\.file.lastPathComponent) == [name])
    }
  }

  /// What lies beside a file and is read with it.
  @Test func companionsAreNotReplaced() throws {
    let names = ["a.dump", "log.lammps", "other.log", "w-pos-1.xyz", "w-frc-1.xyz", "w-1.cell"]
    for name in names { try fixture.write(name, to: "in/\(name)") }
    func message(_ program: any Program.Type, _ input: String, _ arguments: String...) -> String {
      fixture.message {
        try program.run(
          program.options.parse(
            ["-i", fixture.path("in/\(input)"), "-o", fixture.path("out")] + arguments))
      }
    }
    func lost(_ name: String) -> String {
      "--extxyz in/\(name): in/\(name) is read and would be lost: name another place to write to"
    }
    let log = fixture.path("in/log.lammps")
    #expect(message(LammpsParser.self, "a.dump", "--extxyz", log) == lost("log.lammps"))
    let other = fixture.path("in/other.log")
    #expect(
      message(LammpsParser.self, "a.dump", "--log", other, "--extxyz", other) == lost("other.log"))
    for name in ["w-frc-1.xyz", "w-1.cell"] {
      let file = fixture.path("in/\(name)")
      #expect(message(CP2KParser.self, "w-pos-1.xyz", "--extxyz", file) == lost(name))
    }
    for name in names { #expect(try fixture.text("in/\(name)") == name) }
  }

  /// The original's options of LAMMPS and extended xyz.
  @Test func optionsOfTheOriginal() throws {
    try fixture.write(frame(), to: "in/a.xyz")
    try fixture.run(
      EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"), "--addhash", "False")
    #expect(try fixture.names(in: "out") == ["a.example"])
    try fixture.run(
      EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("hashed"), "--addhash", "True")
    #expect(try fixture.names(in: "hashed").map(\.count) == [56 + ".example".count])
    for name in ["a.dump", "b.lammpstrj"] { try fixture.write("", to: "runs/\(name)") }
    let files = try ParserFiles(fixture.path("runs"), LammpsParser.self, ending: "dump")
    #expect(files.inputs.map(\.name) == ["a"])
    #expect(
      fixture.message {
        try fixture.run(
          LammpsParser.self, "-dumpd", fixture.path("runs"), "-ext", "atom", "-o",
          fixture.path("lammps"))
      }
        == "runs: there are no *.atom that are *.dump, dump.*, *.lammpstrj, *.data among its 2 files"
    )
  }

  /// Steps whose self-consistency was not reached are left out, with a remark, or wanted all the same.
  @Test func unconvergedStepsAreLeftOut() throws {
    var steps = [ParsedConfiguration(name: "a"), ParsedConfiguration(name: "b")]
    steps[0].isConverged = false
    let remarks = Locked<[String]>([])
    let input = ParserInput(file: fixture.url("f"), name: "f") { remark in
      remarks.withLock { $0.append(remark) }
    }
    #expect(try input.converged(steps, orAll: true).map(\.name) == ["a", "b"])
    #expect(remarks.withLock { $0 } == [])
    #expect(try input.converged(steps, orAll: false).map(\.name) == ["b"])
    #expect(
      remarks.withLock { $0 } == [
        "self-consistency was not reached in 1 of 2 ionic steps, which are left out (--allow-unconverged"
          + " takes them)"
      ])
    #expect(
      fixture.message { _ = try input.converged([steps[0]], orAll: false) }
        == "self-consistency: found not reached in any of 1 ionic steps; allowed: reached in one, or"
        + " --allow-unconverged")
  }

  /// Of a relaxation that ends with a self-consistency that was not reached the steps before it remain.
  @Test func espressoStepsRemainWhereTheLastIsNotConverged() throws {
    func part(_ tag: String, _ energy: Double, reached: Bool) -> String {
      let scf = "<scf_conv><convergence_achieved>\(reached)</convergence_achieved></scf_conv>"
      return """
        <\(tag)>\(tag == "output" ? "<convergence_info>\(scf)</convergence_info>" : scf)
        <atomic_structure nat="1"><atomic_positions><atom name="H" index="1">1 0 0</atom>
        </atomic_positions><cell><a1>9 0 0</a1><a2>0 9 0</a2><a3>0 0 9</a3></cell></atomic_structure>
        <total_energy><etot>\(energy)</etot><eband>\(energy / 2)</eband></total_energy></\(tag)>

        """
    }
    try fixture.write(
      "<espresso>" + part("step", -1, reached: true) + part("step", -2, reached: true)
        + part("output", -3, reached: false) + "</espresso>", to: "run.xml")
    func message(_ folder: String, _ options: String...) -> String {
      fixture.message {
        try QEParser.run(
          QEParser.options.parse(
            ["-i", fixture.path("run.xml"), "-o", fixture.path(folder)] + options))
      }
    }
    #expect(message("one") == "1 of 1 files gave no examples, for the reasons above")
    #expect(message("steps", "--steps") == "no error")
    let steps = ["run_step_1.example", "run_step_2.example"]
    #expect(try fixture.names(in: "steps") == steps)
    #expect(message("all", "--steps", "--allow-unconverged") == "no error")
    #expect(try fixture.names(in: "all") == ["run.example"] + steps)
    #expect(try ExampleFile.read(fixture.url("all/run.example")).energy == -3 * Units.hartree)
  }

  /// Frames before one that the file ends within have the names that they would have with it.
  @Test func anUnfinishedFrameIsLeftOut() throws {
    try fixture.write(frame() + frame().dropLast(3), to: "a.xyz")
    let arguments = try EXYZParser.options.parse([
      "-i", fixture.path("a.xyz"), "-o", fixture.path("out"),
    ])
    let remarks = Locked<[String]>([])
    let found = try EXYZParser.reader(arguments)(
      ParserInput(file: fixture.url("a.xyz"), name: "a") { remark in
        remarks.withLock { $0.append(remark) }
      })
    #expect(found.map(\.name) == ["a_1"])
    #expect(
      remarks.withLock { $0 } == [
        "the last frame is not finished and left out: line 8: atom 2: found 6 columns; allowed: 7 columns"
      ])
  }

  @Test func frameKeysAndUnitsAreOptions() throws {
    try fixture.write(frame("dft_energy=-2") + frame("DFT_Energy=-3"), to: "in/sub/a.b.xyz")
    try fixture.write(frame("dft_energy=-4"), to: "in/c.extxyz")
    try fixture.run(
      EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"), "--energy-key",
      "dft_energy", "--force-key", "dft_force", "--energy-unit", "Ry", "--force-unit", "Ry/bohr",
      "--rename", "Si=Ge")
    #expect(try fixture.names(in: "out") == ["a_b_1.example", "a_b_2.example", "c.example"])
    let read = try ExampleFile.read(fixture.url("out/a_b_2.example"))
    #expect(read.energy == -3 * Units.rydberg && read.species == ["Ge", "O"])
    #expect(read.forces![0].z == Units.rydberg / Units.bohr && read.cell.isPeriodic)
    #expect(try fixture.text("out/c.example").contains("\"source\": \"c.extxyz\""))
  }

  /// What atoms contribute to the energy comes along, for [MISC] per_atom_energy.
  @Test func energiesOfAtomsAreKept() throws {
    try fixture.write(
      """
      2
      Properties=species:S:1:pos:R:3:local_energy:R:1 energy=-3 energy-unit=rydberg
      Si 0 0 0 -1
      O 1 1 1 -2

      """, to: "in/a.xyz")
    try fixture.run(
      EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"), "--extxyz",
      fixture.path("all.xyz"))
    let shares = [-Units.rydberg, -2 * Units.rydberg]
    #expect(try ExampleFile.read(fixture.url("out/a.example")).perAtomQuantity == shares)
    #expect(try ExtendedXYZ.read(fixture.url("all.xyz"))[0].perAtomQuantity == shares)
  }

  /// Equal names in several folders do not overwrite each other; equal content has one name with a hash.
  @Test func namesAreUnique() throws {
    for (folder, energy) in [("one", -1), ("two", -2), ("three", -1)] {
      try fixture.write(frame("energy=\(energy)"), to: "in/\(folder)/run.xyz")
    }
    try fixture.run(EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"))
    #expect(
      try fixture.names(in: "out")
        == ["one__run.example", "three__run.example", "two__run.example"])
    try fixture.run(
      EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("hashed"), "--addhash")
    let hashed = try fixture.names(in: "hashed")
    #expect(hashed.count == 3 && hashed.allSatisfy { $0.count == 56 + ".example".count })
  }

  /// The examples of an earlier run are kept: the same ones again are fine, others of their names are not.
  @Test func earlierExamplesAreNotLost() throws {
    func run(_ options: String...) throws {
      try EXYZParser.run(
        EXYZParser.options.parse(
          ["-i", fixture.path("in"), "-o", fixture.path("out")] + options))
    }
    try fixture.write(frame(), to: "in/1.xyz")
    try run()
    let first = try fixture.bytes("out/1.example")
    try run()
    #expect(try fixture.bytes("out/1.example") == first)
    // Of a file with several frames none is written where one cannot be.
    try fixture.write(frame("energy=-2"), to: "in/1.xyz")
    try fixture.write(frame() + frame("energy=-3"), to: "in/2.xyz")
    try fixture.write("mine", to: "out/2_2.example")
    #expect(fixture.message { try run() } == "2 of 2 files gave no examples, for the reasons above")
    #expect(try fixture.names(in: "out") == ["1.example", "2_2.example"])
    #expect(try fixture.bytes("out/1.example") == first)
    #expect(try fixture.text("out/2_2.example") == "mine")
    try run("--addhash")
    #expect(try fixture.names(in: "out").count == 2 + 3)
    try run("--addhash")
    #expect(try fixture.names(in: "out").count == 2 + 3)
  }

  @Test func anEarlierExampleIsNamed() throws {
    try fixture.write("mine", to: "out/1.example")
    let writer = try ExampleWriter(
      EXYZParser.options.parse(["-i", fixture.path("in"), "-o", fixture.path("out")]))
    var one = ParsedConfiguration(name: "1")
    (one.species, one.positions, one.energy) = (["Si"], [.zero], -1)
    #expect(
      fixture.message { _ = try writer.write([one]) }
        == "1: found out/1.example with other content, of an earlier run; allowed: the same content,"
        + " another --outdir, or --addhash")
    #expect(try writer.finish() == 0)
  }

  /// A link back to a folder on the way does not give its files twice.
  @Test func linksDoNotLeadAround() throws {
    try fixture.write(frame(), to: "in/sub/1.xyz")
    try FileManager.default.createSymbolicLink(
      at: fixture.url("in/sub/back"), withDestinationURL: fixture.url("in"))
    try fixture.run(EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"))
    #expect(try fixture.names(in: "out") == ["1.example"])
  }

  /// The same files, whatever the number of threads.
  @Test func threadsDoNotMatter() throws {
    for number in 0..<40 { try fixture.write(frame("energy=\(number)"), to: "in/\(number).xyz") }
    for threads in ["1", "3"] {
      try fixture.run(
        EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out\(threads)"), "--nproc",
        threads, "--extxyz", fixture.path("all\(threads).xyz"))
    }
    #expect(try fixture.bytes("all1.xyz") == fixture.bytes("all3.xyz"))
    #expect(try fixture.names(in: "out1") == fixture.names(in: "out3"))
    for name in try fixture.names(in: "out1") {
      #expect(try fixture.bytes("out1/\(name)") == fixture.bytes("out3/\(name)"))
    }
  }

  /// A bad file is told at the end; the good ones are read.
  @Test func badFilesDoNotStopTheOthers() throws {
    try fixture.write(frame(), to: "in/1.xyz")
    try fixture.write(frame("energy=nan"), to: "in/2.xyz")
    try fixture.write(frame().replacing("1 1 1", with: "1 1"), to: "in/3.xyz")
    try fixture.write(frame(), to: "in/4.xyz")
    let message = fixture.message {
      try fixture.run(
        EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"), "--nproc", "2")
    }
    #expect(message == "2 of 4 files gave no examples, for the reasons above")
    #expect(try fixture.names(in: "out") == ["1.example", "4.example"])
  }

  @Test func theFoldersOfSaveFilesNameThem() throws {
    let file = URL(fileURLWithPath: "/runs/water.save/data-file-schema.xml")
    #expect(QEParser.name(of: file) == "water" && QEParser.reads(file))
    try fixture.write("", to: "water.xml")
    try fixture.write("", to: "water.save/data-file-schema.xml")
    #expect(!QEParser.reads(fixture.url("water.save/data-file-schema.xml")))
    #expect(QEParser.reads(fixture.url("water.xml")))
  }

  @Test func wrongOptionsAreSaid() throws {
    try fixture.write(frame(), to: "in/1.xyz")
    try fixture.write("text", to: "other/1.txt")
    func message(_ program: any Program.Type, _ arguments: String...) -> String {
      fixture.message {
        try program.run(program.options.parse(arguments + ["-o", fixture.path("out")]))
      }
    }
    let input = fixture.path("in")
    #expect(
      message(QEParser.self, "-i", fixture.path("nowhere"))
        == "--indir nowhere: there is no such file or folder")
    #expect(
      message(QEParser.self, "-i", fixture.path("other"))
        == "\(fixture.path("other")): there are no *.xml among its 1 files"
        .replacing(fixture.folder.path + "/", with: ""))
    #expect(
      message(EXYZParser.self, "-i", input, "--energy-unit", "kcal")
        == "--energy-unit kcal: expected one of eV, Ry, Ha")
    #expect(
      message(EXYZParser.self, "-i", input, "--rename", "Si") == "--rename Si: expected NAME=SYMBOL"
    )
    #expect(
      message(VaspParser.self, "-i", input, "--energy", "total")
        == "--energy total: expected one of e_wo_entrp, e_fr_energy, e_0_energy")
    #expect(
      message(CP2KParser.self, "-i", input, "--cell", "1,2")
        == "--cell 1,2: expected 3 edges or 9 components in angstrom")
    #expect(
      message(LammpsParser.self, "-i", input, "--units", "lj")
        == "--units lj: expected one of metal, real, electron")
    #expect(
      message(ANIParser.self, "-i", input, "--forces", "a", "--gradients", "b")
        == "--forces and --gradients: expected one of them")
    #expect(
      message(ANIParser.self, "-i", input) == "in: there are no *.h5 among its 1 files")
  }

  /// Where examples cannot be written nothing is left half-written.
  @Test func unwritableFoldersEndTheWork() throws {
    try fixture.write(frame(), to: "in/1.xyz")
    try fixture.write("a file", to: "taken")
    #expect(throws: (any Error).self) {
      try fixture.run(EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("taken"))
    }
    try fixture.write("", to: "out/1.example/in the way")
    let message = fixture.message {
      try fixture.run(
        EXYZParser.self, "-i", fixture.path("in"), "-o", fixture.path("out"), "--extxyz",
        fixture.path("all.xyz"))
    }
    #expect(message.hasPrefix("out/1.example: found a place that cannot be written"))
    #expect(!fixture.exists("all.xyz"))
    #expect(try fixture.names(in: "out") == ["1.example"])
    #expect(try fixture.names(in: "").filter { $0.hasPrefix(".") }.isEmpty)
  }

  @Test func vaspStepsAreChosen() throws {
    let step = """
      <calculation><structure><crystal><varray name="basis"><v>4 0 0</v><v>0 4 0</v><v>0 0 4</v>
      </varray></crystal><varray name="positions"><v>0 0 0</v></varray></structure>
      <energy><i name="e_wo_entrp"> NUMBER </i></energy></calculation>
      """
    let steps = (0..<7).map { step.replacing("NUMBER", with: "\($0)") }.joined()
    try fixture.write(
      "<modeling><atominfo><array name=\"atoms\"><set><rc><c>Na</c></rc></set></array></atominfo>"
        + steps + "</modeling>", to: "vasprun.xml")
    try fixture.run(
      VaspParser.self, "-i", fixture.path("vasprun.xml"), "-o", fixture.path("out"), "-t", "1",
      "-p",
      "3")
    #expect(try fixture.names(in: "out") == ["vasprun_000001.example", "vasprun_000002.example"])
    #expect(try ExampleFile.read(fixture.url("out/vasprun_000002.example")).energy == 4)
    #expect(
      fixture.message {
        try fixture.run(
          VaspParser.self, "-i", fixture.path("vasprun.xml"), "-o", fixture.path("out"), "-t", "9")
      } == "1 of 1 files gave no examples, for the reasons above")
  }
}
