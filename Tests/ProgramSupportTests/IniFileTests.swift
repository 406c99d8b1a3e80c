import Foundation
import TestSupport
import Testing

@testable import ProgramSupport

@Suite struct IniFileTests {
  private func ini(_ text: String, _ overrides: String...) throws -> IniFile {
    try IniFile(text: text, path: "a.ini", overrides: overrides)
  }

  private func message(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func readsTheDialect() throws {
    let file = try ini(
      """
      # a comment
      [IO_INFORMATION]
      Train_Dir = ./train ; not a comment
      data_dir:./data=x
        ; a comment
      [SYMMETRY_FUNCTION]
        species = H,
           C,

           O
        type = mBP
      [EMPTY]
      """)
    #expect(file.sections.map(\.name) == ["IO_INFORMATION", "SYMMETRY_FUNCTION", "EMPTY"])
    let io = try file.section("IO_INFORMATION")
    #expect(io.keys == ["Train_Dir", "data_dir"])
    #expect(try io.string("train_dir") == "./train ; not a comment")
    #expect(try io.string("DATA_DIR") == "./data=x")
    let function = try file.section("SYMMETRY_FUNCTION")
    #expect(try function.strings("species") == ["H", "C", "O"])
    #expect(try function.string("type") == "mBP")
    #expect(file["symmetry_function"] == nil)
    #expect(file.optionalSection("PBC").keys == [])
  }

  @Test func linesMayEndAsOnWindowsAndBeginWithAMark() throws {
    let file = try ini("\u{FEFF}[A]\r\nx = 1\r\ny = 2\r\n")
    #expect(try file.section("A").int("x") == 1)
    #expect(try file.section("A").int("y") == 2)
  }

  @Test(arguments: [
    ("x = 1", "a.ini:1: \"x = 1\" stands before the first [SECTION]"),
    ("[A]\nx", "a.ini:2: \"x\": expected key = value"),
    ("[A]\n= 1", "a.ini:2: \"= 1\": expected a key before the value"),
    ("[A", "a.ini:1: \"[A\" is no section: expected [NAME]"),
    ("[]", "a.ini:1: \"[]\" is no section: expected [NAME]"),
    ("[A]\n\n[A]", "a.ini:3: section [A] was already in line 1"),
    ("[A]\nx = 1\nX: 2", "a.ini:3: [A] X was already in line 2"),
  ])
  func namesLineAndReason(text: String, expected: String) {
    #expect(message { _ = try ini(text) } == expected)
  }

  @Test func aFileThatCannotBeReadIsNamed() throws {
    #expect(
      message { _ = try IniFile(path: "/nowhere/a.ini") } == "/nowhere/a.ini: cannot be read")
    #expect(message { _ = try IniFile(path: "/tmp") } == "/tmp: cannot be read")
    let folder = try TemporaryFolder()
    let file = try folder.write([0x5B, 0xFF, 0x5D], to: "a.ini")
    #expect(
      message { _ = try IniFile(path: file.path) } == "\(file.path): is no text in UTF-8")
  }

  @Test func pipesAreReadToTheirEnd() throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data("[A]\nx = 1\n".utf8))
    try pipe.fileHandleForWriting.close()
    let file = try IniFile(path: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)")
    #expect(try file.section("A").int("x") == 1)
  }

  @Test func overridesReplaceAndAdd() throws {
    let file = try ini("[A]\nx = 1", "A.X=2", "A.y = a.b=c ", "B.z=3")
    #expect(try file.section("A").int("x") == 2)
    #expect(try file.section("A").string("y") == "a.b=c")
    #expect(try file.section("B").int("z") == 3)
    for wrong in ["x=1", "A.x", "", ".x=1", "A.=1"] {
      #expect(
        message { _ = try ini("[A]", wrong) } == "--set \(wrong): expected SECTION.key=value")
    }
    #expect(
      message { _ = try file.section("A").int("y") }
        == "a.ini with --set: [A] y = a.b=c: expected a whole number")
  }

  @Test func theSchemaNamesTheNearestKnown() throws {
    let known = ["IO_INFORMATION": ["train_dir", "data_dir"], "DATA": ["g_size"]]
    try ini("[DATA]\nG_Size = 3").check(known: known)
    #expect(
      message { try ini("[DATA]\n\ntrain_dri = 3").check(known: known) }
        == "a.ini:3: [DATA] train_dri is an unknown key. Allowed: g_size")
    #expect(
      message { try ini("[IO_INFORMATION]\ntrain_dri = 3").check(known: known) }
        == "a.ini:2: [IO_INFORMATION] train_dri is an unknown key; did you mean train_dir?"
        + " Allowed: data_dir, train_dir")
    #expect(
      message { try ini("\n[IO_INFO]").check(known: ["IO_INFOS": []]) }
        == "a.ini:2: section [IO_INFO] is unknown; did you mean [IO_INFOS]? Allowed: [IO_INFOS]")
    #expect(
      message { try ini("[DATA]", "DATA.gsize=1").check(known: known) }
        == "a.ini with --set: [DATA] gsize is an unknown key; did you mean g_size?"
        + " Allowed: g_size")
  }

  @Test func otherSectionsMayHaveKeysOfTheirOwn() throws {
    let file = try ini("[Si]\nlayers = 1\n[DATA]")
    try file.check(known: ["DATA": []], others: ["layers"])
    #expect(
      message { try file.check(known: ["DATA": []], others: ["layer"]) }
        == "a.ini:2: [Si] layers is an unknown key; did you mean layer? Allowed: layer")
  }

  @Test func aMissingSectionIsNamedWithThoseThereAre() throws {
    #expect(
      message { _ = try ini("[A]\n[B]").section("C") }
        == "a.ini: section [C] is missing; found: [A] [B]")
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func readsTheOriginalsFiles() throws {
    let folder = Golden.url("panna")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)!
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "ini" }
    #expect(files.count > 10)
    for file in files {
      #expect(try !IniFile(path: file.path).sections.isEmpty, "\(file.path)")
    }
  }

  @Test func markdownHasAllKeys() throws {
    let file = try IniFile(text: "[A]\nx = 1\ny = a,\n  b\n[B]\nz: 2", path: "a.ini")
    #expect(file.markdown == "**A**\n\n- `x` = `1`\n- `y` = `a, b`\n\n**B**\n\n- `z` = `2`\n")
  }
}
