import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Groups as ANI-1x and ANI-2x have them.
@Suite struct ANIFileTests {
  /// An HDF5 file in gzip's form. Its group H1O1 has three conformations with `atomic_numbers`, `wb97x_dz.energy` (the
  /// second NaN), `wb97x_dz.forces` and `ccsd(t)_cbs.energy` (all NaN); its group 002 two with `species`, as numbers of
  /// each, and `energies`.
  private static let file = """
    H4sIAAAAAAACA+v0cHHj5ZLiYubgYICB/1CgIgzhG0DFBVPOLfT3cAliUnggxpeNjCuYhJA1wgAXEwMjAwMbPwOQYvEw9Dc8DDWJ
    jQ8kxGxgYMTLDhUyZiAHBGcZf8DhJAEBBoY2VogyG6hyqIMkQbbzJZbk52Ymx+eV5ialFhWHMUKdJgaS5E7Ozy9KycxLLEktTmKC
    ykiBZPjLkyzNK+JTqvRS81KL0ivzmKFms8LcdHRhCdhJjAyMjCIMDEyMjIxQExhgNDMPAyPQeQwQOzkYWIHuYubiAAYiCyMDB6pa
    hh0MQxYEMpy7DA8LE6CfmBkZmdHDAo3GEBdhYBRUkGdgAfMUGMQ5GMTrQeGNFGZM0DDzgFk8YfCFhcvfF7vR0wUzVr/aQ5OAA4MJ
    N4PJf2ZUv3pB/SoBM3jD0EsX+u4rveiRLpKGQLrIYQhf5e/s4Q0qr86xQcTsGbAXOWn5RcmpxVUsML26aveaqZGmVg2DNFX+ZfU9
    UDhir4rYZEEhKZScXJyiUaIZn5xUDC2/D0HL7eWzzjuRU7kJgcxlLy5ITc5MLWYQwFWJ8AhCZYRBMhxgu4EaJIRgdSsWH5VyXXlM
    61DjYMQu3mCPQ4MDDmGo+If9EPpHPdT8A9jNbNiPw8wDmGaC2QdQzUXQbDCfQGl2NJo8v4lA7ZM4wDAKRsEoGAWjYBQMOwBvPaoA
    W49MmD1VrD1XDgZ4axK5FXkIWgUrwAxfMXTC4f/ubDH0HgkTjp4HEwU9kkccqGMqg7FHUj4/dxnBEQwiehVCnBC1AkO4V+Ff06EK
    AHwZldckEwAA
    """

  /// Nil where the library is missing.
  private func read(
    _ arrays: ANIFile.Arrays = .init()
  ) throws -> (found: [[ParsedConfiguration]], leftOut: LeftOut)? {
    let folder = try TemporaryFolder()
    let packed = try #require(
      Data(base64Encoded: Self.file, options: .ignoreUnknownCharacters))
    let file = folder.file("a.h5")
    try packed.write(to: folder.file("a.h5.gz"))
    try FileAccess.readUncompressed(folder.file("a.h5.gz")).write(to: file)
    do {
      let data = try ANIFile(file, arrays: arrays)
      var leftOut = LeftOut()
      let found = try data.molecules.map {
        try data.conformations(of: $0, name: String($0.dropFirst()), leftOut: &leftOut)
      }
      return (found, leftOut)
    } catch let error as AtomisticsError {
      if error.found.contains("no library libhdf5") { return nil }
      throw AtomisticsError(key: error.key, found: error.found, allowed: error.allowed)
    }
  }

  @Test func laterSetsAreRead() throws {
    guard let (found, leftOut) = try read() else { return }
    #expect(found.map { $0.map(\.name) } == [["002_1", "002_2"], ["H1O1_1", "H1O1_3"]])
    #expect(found[0].map(\.species) == [["C", "O"], ["N", "N"]])
    #expect(found[0].map(\.energy) == [-5, -6] && found[0][1].positions == [.zero, [0, 2, 0]])
    #expect(found[1].map(\.species) == [["O", "H"], ["O", "H"]])
    #expect(found[1].map(\.energy) == [-1, -3] && found[1][1].positions == [.zero, [0, 0, 3]])
    #expect(leftOut.count == 1 && leftOut.first?.key == "/H1O1, conformation 2, energy")
  }

  @Test func energiesAndForcesAreNamed() throws {
    var arrays = ANIFile.Arrays()
    (arrays.energies, arrays.forces) = ("wb97x_dz.energy", "wb97x_dz.forces")
    guard let (found, _) = try read(arrays) else { return }
    #expect(found.count == 1 && found[0][1].forces == [[0, 0, 3], [0, 0, -3]])
    arrays.energies = "ccsd(t)_cbs.energy"
    let none = try #require(try read(arrays))
    #expect(none.found == [[]] && none.leftOut.count == 3)
    #expect(
      none.leftOut.remark(of: 3, "conformations")!.hasPrefix("3 of 3 conformations are left out;"))
    arrays.energies = "hf_dz.energy"
    let error = #expect(throws: AtomisticsError.self) { try read(arrays) }
    #expect(
      error?.found == "no group with coordinates, hf_dz.energy, and species or atomic_numbers")
  }
}
