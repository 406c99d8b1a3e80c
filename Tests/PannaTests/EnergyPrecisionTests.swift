import Testing

@testable import panna

@Suite struct EnergyPrecisionTests {
  /// 64 atoms of gold with all their electrons, and others whose energies are good enough.
  @Test func whatSinglePrecisionLosesIsSaid() {
    var precision = EnergyPrecision()
    precision.add(name: "silicon", energy: -277.5, atoms: 64)
    precision.add(name: "molecule", energy: -2078.5, atoms: 3)
    precision.add(name: "nothing", energy: 0, atoms: 0)
    #expect(precision.caveat == nil)
    precision.add(name: "gold", energy: -34_240_008, atoms: 64)
    // Numbers of this size are 4 apart.
    #expect(
      precision.caveat
        == "energies are kept in single precision, that of gold, -34240008.0 eV of 64 atoms, to 31 meV/atom;"
        + " examples whose energies are less a number for each atom keep more")
    precision.add(name: "pseudogold", energy: -5_000_000, atoms: 1000)
    #expect(precision.caveat?.contains("that of gold") == true)
  }
}
