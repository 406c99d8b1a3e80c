import Testing

@testable import ProgramSupport

@Suite struct CommandLineOptionsTests {
  private static let options = [
    CommandLineOptions.Option(
      "--config", "-c", value: "FILE", help: "the configuration file", isRequired: true),
    .init("--set", value: "SECTION.key=value", help: "replaces a key", isRepeatable: true),
    .init("--threads", value: "N", help: "how many threads"),
    .init("--debug", aliases: ["-dbg"], help: "says more"),
  ]
  private let plain = CommandLineOptions(options)
  private let withOperands = CommandLineOptions(options, operands: "FILE...")

  private func message(_ arguments: String...) -> String? {
    do {
      _ = try plain.parse(arguments)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func takesEveryForm() throws {
    let parsed = try plain.parse([
      "-c", "a.ini", "--set=A.x=1", "--set", "A.y=-2", "--debug", "--threads=4",
    ])
    #expect(parsed["--config"] == "a.ini")
    #expect(try plain.parse(["-c", "a", "-dbg"]).has("--debug") && !plain.help.contains("-dbg"))
    #expect(parsed.all("--set") == ["A.x=1", "A.y=-2"])
    #expect(parsed.has("--debug"))
    #expect(try parsed.int("--threads", in: 1...8) == 4)
    #expect(parsed.operands == [])
    let bare = try plain.parse(["--config", "-"])
    #expect(bare["--config"] == "-")
    #expect(!bare.has("--debug") && bare["--threads"] == nil && bare.all("--set") == [])
    #expect(try bare.int("--threads", in: 1...8) == nil)
  }

  @Test func operandsStandAnywhere() throws {
    let parsed = try withOperands.parse(["a", "-c", "b", "-", "--", "--debug", "--", "c"])
    #expect(parsed.operands == ["a", "-", "--debug", "--", "c"])
    #expect(parsed["--config"] == "b")
    #expect(!parsed.has("--debug"))
  }

  @Test func saysWhatIsWrong() {
    #expect(message() == "-c, --config FILE is missing")
    #expect(message("-c") == "--config needs a value: FILE")
    #expect(
      message("--confg", "a") == "unknown option --confg; did you mean --config?")
    #expect(message("-x") == "unknown option -x")
    #expect(message("-c", "a", "b") == "unexpected argument b")
    #expect(message("-c", "a", "-c", "b") == "--config is given twice: a and b")
    #expect(message("-c", "a", "--debug=1") == "--debug takes no value, got 1")
  }

  @Test(arguments: ["0", "9", "x", "1.0", ""])
  func numbersAreChecked(text: String) throws {
    let parsed = try plain.parse(["-c", "a", "--threads", text])
    #expect(
      throws: UsageError("--threads \(text): expected a whole number from 1 to 8")
    ) { try parsed.int("--threads", in: 1...8) }
  }

  /// Options of other programs: some change nothing, some cannot be obeyed, none is in the help.
  @Test func otherProgramsOptionsAreUnderstood() throws {
    let options = CommandLineOptions([
      .init("--hash", help: "by content", takesTruth: true),
      .withoutEffect("--port", value: "PORT", "there is no network"),
      .withoutEffect("-v", "it is shown anyway"),
      .refused("--nodes", value: "LIST", "there is one machine"),
    ])
    let given = try options.parse(["--hash", "True", "--port", "1", "-v", "False"])
    #expect(given.has("--hash"))
    #expect(
      given.remarks == [
        "--port has no effect: there is no network", "-v has no effect: it is shown anyway",
      ])
    #expect(try !options.parse(["--hash", "False"]).has("--hash"))
    #expect(try !options.parse(["--hash=no"]).has("--hash"))
    #expect(try options.parse(["--hash", "-v"]).has("--hash"))
    #expect(throws: UsageError("--hash=maybe: expected True or False")) {
      try options.parse(["--hash=maybe"])
    }
    #expect(throws: UsageError("--nodes: there is one machine")) {
      try options.parse(["--nodes", "a,b"])
    }
    #expect(options.help == "  --hash  by content")
  }

  @Test func theHelpIsATable() {
    #expect(
      plain.help == """
        \u{20} -c, --config FILE        the configuration file (required)
          --set SECTION.key=value  replaces a key (may be repeated)
          --threads N              how many threads
          --debug                  says more
        """)
  }
}

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2),
    ("Same", "sAME", 0), ("ab", "ba", 2),
  ])
  func distances(from: String, to: String, expected: Int) {
    #expect(from.editDistance(to: to) == expected)
    #expect(to.editDistance(to: from) == expected)
  }

  @Test func farNamesAreNotOffered() {
    let names = ["tfr_packer", "train", "evaluate"]
    #expect("trian".nearest(among: names) == "train")
    #expect("TFR-packer".nearest(among: names) == "tfr_packer")
    #expect("xyzzy".nearest(among: names) == nil)
    #expect("train".nearest(among: [String]()) == nil)
  }
}
