import Foundation
import TestSupport
import Testing

@testable import Atomistics

/// Logs of LAMMPS in the styles that are no tables.
@Suite struct LammpsThermoTests {
  /// The energies of steps that a log has, nil where it has none.
  private func energies(_ log: String, of steps: [Int] = [0, 10, 20, 30]) throws -> [Double?] {
    let folder = try TemporaryFolder()
    let log = try LammpsLog(try folder.write("units metal\n" + log, to: "log.lammps"))
    return log.energies(of: steps).map {
      if case .energy(let energy, _) = $0 { energy } else { nil }
    }
  }

  private func block(_ step: Int, _ energy: String, dashes: Int = 12) -> String {
    let line = String(repeating: "-", count: dashes)
    return """
      \(line) Step       \(step) ----- CPU =      0.5 (sec) \(line)-
      TotEng   =        -5.2737 KinEng   =         1.4475 Temp     =       300.0000
      E_pair   =        -7.0000 E_mol    =         0.5000 c_t[1]   =         0.1000
      PotEng   =        \(energy) Press    =         4.0000

      """
  }

  private let end = "Loop time of 0.5 on 1 procs for 20 steps with 2 atoms\n"

  @Test func lammpsBlocks() throws {
    let text =
      block(0, "-1") + "WARNING: something in between\n" + block(10, "-2") + block(20, "nan")
    #expect(try energies(text + end)[..<2] == [-1, -2])
    #expect(try energies(text + end)[2]?.isNaN == true)
    #expect(try energies(block(0, "-1", dashes: 16) + end) == [-1, nil, nil, nil])
    #expect(
      try energies(text + end + "PotEng = 7\n" + block(20, "-3") + block(30, "-4") + end)[3] == -4)
    // A table behind them.
    #expect(
      try energies(block(0, "-1") + end + "Step PotEng\n10 -2\n" + end) == [-1, -2, nil, nil])
  }

  /// A run that was killed leaves a step without the energy that the others have.
  @Test func lammpsBlocksThatAreCutOff() throws {
    let (first, second) = (block(0, "-1"), block(10, "-2.25"))
    let lines = second.split(separator: "\n", omittingEmptySubsequences: false)
    let header = lines[0].count
    for length in stride(from: header, to: header + lines[1].count + lines[2].count, by: 5) {
      let cut = second.prefix(length)
      #expect(try energies(first + cut) == [-1, nil, nil, nil], "\(cut)")
      #expect(try energies(first + cut + "\n" + block(20, "-3") + end) == [-1, nil, -3, nil])
    }
    // Nobody knows whether the only step is whole.
    #expect(throws: AtomisticsError.self) { try energies(first) }
    #expect(try energies(first + second) == [-1, -2.25, nil, nil])
    // What begins anew has energies of other structures.
    let anew = first + second + block(0, "-5") + block(10, "-6") + end
    #expect(try energies(anew, of: [0, 10]) == [nil, nil])
  }

  @Test func lammpsLists() throws {
    let text = """
      ---
      keywords: ['Step', 'c_t[1]', 'TotEng', 'PotEng', ]
      data:
        - [0, 1.44, -4.6, -1, ]
      WARNING: something in between
        - [10, 1.44, -4.6, -2, ]
      ...
      \(end)---
      keywords: ["Step", "E_mol", "E_pair"]
      data:
        - [10, 0.5, -2.5]
        - [20, 0.5, -3.5]
        - [30, 0.5, -4.5
      """
    #expect(try energies(text) == [-1, -2, -3, nil])
  }
}
