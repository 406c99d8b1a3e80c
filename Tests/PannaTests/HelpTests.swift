import Atomistics
import ProgramSupport
import Testing

@testable import panna

/// Configuration files shown in the help work as they stand.
@Suite struct HelpTests {
  private func configuration(in help: String) throws -> IniFile {
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix("with this") }) + 1
    let text = lines[start...].map { $0.drop { $0 == " " } }.joined(separator: "\n")
    return try IniFile(text: text, path: "example.ini")
  }

  @Test func md() throws {
    let example = try MDConfiguration(configuration(in: MD.example))
    #expect(example.runs.map(\.name) == ["T300", "T600", "T900"].map { "md_a5p43_\($0)_r1" })
    #expect(try example.start.structure(lattice: 5.43, seed: 0).count == 216)
  }

  @Test func gvectCalculator() throws {
    let example = try GvectCalculatorConfiguration(
      configuration(in: GvectCalculator.example), folder: nil)
    #expect(example.descriptors.size == 48 && example.derivatives == .dense)
  }
}
