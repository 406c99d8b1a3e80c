import Atomistics
import Dataflow
import Foundation

/// C: descriptors of structures, neighbours included.
enum DescriptorBenchmark {
  /// The paper's 768 components, with the widths and cutoffs of the ANI-1x descriptors.
  static let organic = DescriptorParameters(
    species: MoleculeInputs.symbols, radialEta: 16, radialCutoff: 5.2, radialStart: 0.9,
    radialCount: 32, angularEta: 8, angularCutoff: 3.5, angularStart: 0.9, angularCount: 8,
    zeta: 32, angleCount: 8)
  /// The paper's 48 components.
  static let silicon = DescriptorParameters(
    species: ["Si"], radialEta: 16, radialCutoff: 4.6, radialStart: 0.5, radialCount: 16,
    angularEta: 6, angularCutoff: 4.6, angularStart: 1.5, angularCount: 4, zeta: 50, angleCount: 8)

  static let all =
    [
      Benchmark(workload: "C", name: "descriptors of molecules") { settings, report in
        let molecules = SmallMolecules.structures(1000)
        try checkDescriptors(organic, molecules[17])
        try measure("1000 molecules, 768 components", molecules, organic, settings, report)
      }
    ]
    + [3, 6, 12].map { cells in
      Benchmark(workload: "C", name: siliconName(cells)) { settings, report in
        try checkDescriptors(silicon, try siliconAtoms(cells: 1))
        try measure(
          siliconName(cells), [try siliconAtoms(cells: cells)], silicon, settings, report)
      }
    } + [
      Benchmark(workload: "C", name: siliconName(24)) { settings, report in
        let atoms = try siliconAtoms(cells: 24)
        report(
          try measure(
            "\(siliconName(24)): values", [atoms], silicon, settings, withDerivatives: false))
      }
    ]

  private static func siliconName(_ cells: Int) -> String {
    "\(8 * cells * cells * cells) Si, 48 components"
  }

  /// Diamond at the density of the paper's silicon, every coordinate moved by up to 0.1 Å.
  static func siliconAtoms(cells: Int) throws -> Structure {
    var structure = try StartingStructures.diamond(
      "Si", latticeConstant: 16.053 / 3, cells: SIMD3(repeating: cells))
    let jitter = CounterStream(22)
    for atom in structure.positions.indices {
      for c in 0..<3 {
        structure.positions[atom][c] += 0.1 * Double(jitter.signed(3 * atom + c))
      }
    }
    return structure
  }

  private static func measure(
    _ name: String, _ structures: [Structure], _ parameters: DescriptorParameters,
    _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    for withDerivatives in [false, true] {
      report(
        try measure(
          "\(name): \(withDerivatives ? "values and derivatives" : "values")", structures,
          parameters, settings, withDerivatives: withDerivatives))
    }
  }

  /// Structures side by side where there are many, atoms where there is one.
  private static func measure(
    _ name: String, _ structures: [Structure], _ parameters: DescriptorParameters,
    _ settings: BenchmarkSettings, withDerivatives: Bool
  ) throws -> BenchmarkResult {
    let descriptors = try AtomicDescriptors(parameters)
    let pool = ComputePool(threads: settings.threads)
    let atoms = structures.reduce(0) { $0 + $1.count }
    return try BenchmarkResult("C", name, settings, unit: "µs", operations: atoms) {
      if structures.count == 1 {
        _ = try descriptors.describe(
          structures[0], includeDerivatives: withDerivatives, executor: pool)
        return
      }
      // As programs do that write each to a file: what is described is not kept.
      let failures = Guarded(0)
      pool.run(shards: structures.count) { index in
        let described = try? descriptors.describe(
          structures[index], includeDerivatives: withDerivatives)
        if described == nil { failures.withLock { $0 += 1 } }
      }
      guard failures.withLock({ $0 }) == 0 else { throw WrongResult("\(name): failures") }
    }
  }

  /// Writes what is described, for other programs.
  static func write(to folder: String) throws {
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    func write(_ structures: [Structure], _ name: String) throws {
      try ExtendedXYZ.write(structures, to: URL(fileURLWithPath: "\(folder)/\(name).xyz"))
    }
    try write(SmallMolecules.structures(1000), "molecules")
    try write([try siliconAtoms(cells: 3)], "silicon")
  }
}

// MARK: Reference

extension DescriptorBenchmark {
  /// Compares values with equations 3 and 5 written out, and derivatives with differences of those.
  fileprivate static func checkDescriptors(
    _ parameters: DescriptorParameters, _ structure: Structure
  ) throws {
    let described = try AtomicDescriptors(parameters).describe(structure, includeDerivatives: true)
    let reference = try referenceValues(parameters, structure)
    try check(
      "C's descriptors", described.descriptors.map { Double($0) }, reference, tolerance: 1e-5)
    let derivatives = described.derivatives!
    let (moved, step) = (structure.count - 1, 1e-4)
    let width = parameters.size / derivatives.parts
    for c in 0..<3 {
      var (ahead, back) = (structure, structure)
      ahead.positions[moved][c] += step
      back.positions[moved][c] -= step
      let differences = zip(
        try referenceValues(parameters, ahead), try referenceValues(parameters, back)
      ).map { ($0 - $1) / (2 * step) }
      for row in 0..<derivatives.rowCount {
        let block = derivatives.blocks(ofRow: row).first {
          Int(derivatives.neighbours[$0]) == moved
        }
        let found = block.map { block in
          let start = (block * 3 + c) * width
          return derivatives.values[start..<start + width].map { Double($0) }
        }
        try check(
          "C's derivatives", found ?? Array(repeating: 0, count: width),
          Array(differences[row * width..<(row + 1) * width]), tolerance: 1e-4)
      }
    }
  }

  /// Plain loops over all neighbours and pairs of them.
  private static func referenceValues(
    _ parameters: DescriptorParameters, _ structure: Structure
  ) throws -> [Double] {
    let list = try NeighbourList(of: structure, cutoff: parameters.cutoff)
    let species = try structure.speciesIndices(in: parameters.species)
    let functions = DescriptorResolution(parameters)
    var values = Array(repeating: 0.0, count: structure.count * parameters.size)
    for atom in 0..<structure.count {
      let start = atom * parameters.size
      for j in list.row(atom) {
        let (one, d) = (Int(species[Int(list.neighbours[j])]), list.displacements[j])
        let r = (d * d).sum().squareRoot()
        let cut = DescriptorResolution.cutoffFunction(r, parameters.radialCutoff)
        for n in 0..<parameters.radialCount {
          values[start + parameters.radialOffset(one) + n] += functions.radial(r, centre: n) * cut
        }
        for k in list.row(atom) where k > j {
          let (other, e) = (Int(species[Int(list.neighbours[k])]), list.displacements[k])
          let s = (e * e).sum().squareRoot()
          let cuts =
            DescriptorResolution.cutoffFunction(r, parameters.angularCutoff)
            * DescriptorResolution.cutoffFunction(s, parameters.angularCutoff)
          let angle = acos(max(-1, min(1, (d * e).sum() / (r * s))))
          for p in 0..<parameters.angularCount {
            let weight = 2 * cuts * functions.meanDistance((r + s) / 2, centre: p)
            for a in 0..<parameters.angleCount {
              let place = start + parameters.angularOffset(one, other) + p * parameters.angleCount
              values[place + a] += weight * functions.angular(angle, centre: a)
            }
          }
        }
      }
    }
    return values
  }
}
