import Foundation
import Testing

@testable import ProgramSupport

@Suite struct IniSectionTests {
  enum Kind: String, CaseIterable {
    case mBP
    case behlerParrinello = "BP"
  }

  private func section(_ value: String) throws -> IniSection {
    try IniFile(text: "[S]\n\nkey = \(value)", path: "a.ini").section("S")
  }

  private func message<T>(_ body: @autoclosure () throws -> T) -> String? {
    do {
      _ = try body()
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test func valuesAreRead() throws {
    #expect(try section("a b").string("key") == "a b")
    #expect(try section("-12").int("key") == -12)
    #expect(try section("1.5e-3").double("key") == 1.5e-3)
    #expect(try section("5.").double("key") == 5)
    #expect(try section("a, b ,c").strings("key") == ["a", "b", "c"])
    #expect(try section("1, 2.5").doubles("key") == [1, 2.5])
    #expect(try section("48:32:1").colonInts("key") == [48, 32, 1])
    #expect(try section("yes:0:True").colonBools("key") == [true, false, true])
    #expect(try section("BP").choice("key") == Kind.behlerParrinello)
    #expect(try section("/a/b").url("key").path == "/a/b")
    #expect(
      try section("./a").url("key").standardizedFileURL.path
        == FileManager.default.currentDirectoryPath + "/a")
    #expect(
      try section("~/a").url("key").path
        == URL(configuredPath: "~/a").path)
  }

  /// As shells have it, whatever the list of users says.
  @Test func theHomeFolderIsThatOfTheEnvironment() {
    func path(_ text: String, _ home: String?) -> String {
      URL(configuredPath: text, home: home).path
    }
    #expect(path("~/a", "/elsewhere") == "/elsewhere/a" && path("~", "/elsewhere") == "/elsewhere")
    #expect(path("~root/a", "/elsewhere") == NSString(string: "~root/a").expandingTildeInPath)
    for home in [nil, ""] {
      #expect(path("~/a", home) == NSString(string: "~/a").expandingTildeInPath)
    }
    #expect(path("/a/~/b", "/elsewhere") == "/a/~/b")
  }

  /// Python, which the dialect is of, knows no hexadecimal numbers here.
  @Test(arguments: ["0x10", "0X1p3", "nan", "inf", "1e999", ""])
  func textsThatAreNoDecimalsAreRefused(text: String) throws {
    #expect(throws: UsageError.self) { try section(text).double("key") }
    #expect(throws: UsageError.self) { try section("1, \(text)").doubles("key") }
  }

  @Test(arguments: ["1", "yes", "true", "on", "True", "YES", "oN"])
  func true_(text: String) throws { #expect(try section(text).bool("key")) }

  @Test(arguments: ["0", "no", "false", "off", "False", "NO", "oFF"])
  func false_(text: String) throws { #expect(try !section(text).bool("key")) }

  @Test func missingKeysTakeTheirDefaults() throws {
    let empty = try section("x")
    #expect(try empty.string("other", default: "d") == "d")
    #expect(try empty.int("other", default: 7, in: 0...1) == 7)
    #expect(try empty.double("other", default: 0, above: 1) == 0)
    #expect(try empty.bool("other", default: true))
    #expect(try empty.doubles("other", default: [1]) == [1])
    #expect(try empty.colonInts("other", default: []) == [])
    #expect(try empty.choice("other", default: Kind.mBP) == .mBP)
  }

  @Test func errorsNameFileLineKeyFoundAndAllowed() throws {
    let place = "a.ini:3: [S] key = "
    #expect(message(try section("1.5").int("key")) == place + "1.5: expected a whole number")
    #expect(
      message(try section("0").int("key", in: 1...Int.max))
        == place + "0: expected a whole number from 1")
    #expect(
      message(try section("11").int("key", in: 1...10))
        == place + "11: expected a whole number from 1 to 10")
    #expect(message(try section("").string("key")) == place + "(nothing): expected a text")
    #expect(try section("").string("key", allowsEmpty: true) == "")
    #expect(message(try section("").int("key")) == place + "(nothing): expected a whole number")
    for wrong in ["x", "nan", "inf", "1,5"] {
      #expect(message(try section(wrong).double("key")) == place + "\(wrong): expected a number")
    }
    #expect(
      message(try section("0").double("key", above: 0)) == place + "0: expected a number above 0.0")
    #expect(
      message(try section("-1").double("key", atLeast: 0))
        == place + "-1: expected a number of at least 0.0")
    #expect(
      message(try section("maybe").bool("key"))
        == place + "maybe: expected True or False (or yes, no, on, off, 1, 0)")
    #expect(
      message(try section("SB").choice("key", default: Kind.mBP))
        == place + "SB: expected one of mBP, BP")
    #expect(
      message(try section("1,,2").doubles("key"))
        == place + "1,,2: expected a list separated by \",\"")
    #expect(
      message(try section("1:x").colonInts("key"))
        == place + "1:x: expected whole numbers separated by \":\"")
  }

  @Test func missingKeysAreNamed() throws {
    #expect(
      message(try section("x").int("other", in: 1...10))
        == "a.ini:1: [S] other is missing: expected a whole number from 1 to 10")
    #expect(
      message(try section("x").doubles("other"))
        == "a.ini:1: [S] other is missing: expected a list separated by \",\"")
  }
}
