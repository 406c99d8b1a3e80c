import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// Computes the descriptors of example files.
enum GvectCalculator: Program {
  static let name = "gvect_calculator"
  static let summary = "computes descriptors (*.bin) of structures (*.example)"
  static let options = CommandLineOptions([
    .config, .set,
    .init(
      "--folder_info", "-f", value: "DIR",
      help: "reads DIR/examples, writes DIR/bin and DIR/\(ComputedKeys.name)"),
    .init("--debug", help: "says all keys, and each structure as it is written"),
  ])
  static let details = """
    [IO_INFORMATION]
      input_json_dir        folder of *.example files
      output_gvect_dir      folder for <key>.bin, the key a file's name up to its first dot, and
                            \(DescriptorRecord.name), what with they were computed: another
                            configuration is refused (./bin)
      log_dir               folder for \(ComputedKeys.name), whose keys are skipped where
                            <key>.bin is there and no older than its example (./logs)
    [PARALLELIZATION]       must be there
      number_of_process     threads, 0 for as many as allowed; the files do not depend on it (1)
    [SYMMETRY_FUNCTION]
      type                  mBP (equations 3 and 5) or BP (equations 3 and 4)
      species               list separated by commas: the order of indices and blocks
      include_derivatives   derivatives and forces too (False)
      sparse_derivatives    only those that are not zero (False)
    [PBC]                   optional
      pbc1, pbc2, pbc3      may the structures repeat along this vector? Trained networks keep
                            it (False each)
      use_pbc               the same in one list: True, True, False
    [MISC]                  optional
      per_atom_energy       energies of the atoms too (False)
    [GVECT_PARAMETERS]
      gvect_parameters_unit angstrom or bohr, of all that follows (angstrom)
      mBP
      eta_rad, Rc_rad, Rs0_rad, RsN_rad      width, cutoff, first centre, number of centres
      eta_ang, Rc_ang, Rs0_ang, RsN_ang      the same of the angular part
      zeta, ThetasN         exponent, number of angles
      Rsst_rad, Rsst_ang    optional: must be (Rc - Rs0) / RsN
      Rs_rad_list, Rs_ang_list, Thetas_list  centres one by one, angles in degrees, instead of the
                            regular grids and their Rs0 and Rsst; eta_rad, eta_ang and zeta may be
                            lists with one number for each centre or angle
      epsilon               smooths the angular part; 0 is equation 5 as printed (0.01)
      BP
      eta_rad, eta_ang, zeta                 lists; every width, exponent and sign is a component
      Rc_rad, RsN_rad, Rs0_rad (0), Rc_ang (Rc_rad)
      cut_third_distance    True: a pair of neighbours that are further apart than Rc_ang counts
                            nothing, as in the paper; False: as in the original program (False)
    """
  static let example = """
      panna gvect_calculator --config gvect.ini

    with this gvect.ini: 48 components for silicon
      [IO_INFORMATION]
      input_json_dir = examples
      [PARALLELIZATION]
      number_of_process = 2
      [SYMMETRY_FUNCTION]
      type = mBP
      species = Si
      include_derivatives = True
      [GVECT_PARAMETERS]
      eta_rad = 16
      Rc_rad = 4.6
      Rs0_rad = 0.5
      RsN_rad = 16
      eta_ang = 6
      Rc_ang = 4.6
      Rs0_ang = 1.5
      RsN_ang = 4
      zeta = 50
      ThetasN = 8
    """

  static func run(_ arguments: ParsedArguments) throws {
    let file = try arguments.configuration()
    let saysMore = arguments.has("--debug")
    if saysMore { say(file.markdown) }
    let configuration = try GvectCalculatorConfiguration(
      file,
      folder: arguments["--folder_info"].map { URL(fileURLWithPath: $0) })
    for key in configuration.ignored { warn("gvect_calculator: \(key) has no effect here") }
    let files = try DescriptorWork.files(in: configuration.input)
    for folder in [configuration.output, configuration.log] {
      try Folder.make(folder)
    }
    let computed = try ComputedKeys(folder: configuration.log)
    try DescriptorRecord(configuration).check(in: configuration.output, ending: ".bin")
    let left = files.filter { file in
      let key = FileAccess.key(of: file)
      return !computed.keys.contains(key)
        || !Freshness.isFresh(configuration.target(key), of: [file])
    }
    if left.count < files.count {
      say("\(files.count - left.count) of \(files.count) structures are already computed")
    }
    if !left.isEmpty { try compute(left, configuration, computed, saysMore) }
    if let remark = try remarkOnOthers(files, configuration) { warn("\(name): \(remark)") }
  }

  /// What is to be known of descriptors that lie there and are of none of the files; nil where there are none.
  static func remarkOnOthers(
    _ files: [URL], _ configuration: GvectCalculatorConfiguration
  ) throws -> String? {
    let own = Set(files.map { configuration.target(FileAccess.key(of: $0)).lastPathComponent })
    let all = try Folder.files(in: configuration.output, ending: ".bin").map(\.lastPathComponent)
    let others = all.filter { !own.contains($0) }
    return others.first.map { first in
      "\(others.count) *.bin files in \(configuration.output.path), such as \(first), are of no example in"
        + " \(configuration.input.path), but will be read like the others"
    }
  }

  /// Computes files in batches and notes each batch when its files are there.
  private static func compute(
    _ files: [URL], _ configuration: GvectCalculatorConfiguration, _ computed: ComputedKeys,
    _ saysMore: Bool
  ) throws {
    let work = try DescriptorWork(
      configuration.descriptors, includesDerivatives: configuration.derivatives != nil,
      includesPerAtomEnergy: configuration.includesPerAtomEnergy)
    let pool = ComputePool(threads: configuration.threads)
    let isRecorded = Mutex(false)
    let precision = Mutex(EnergyPrecision())
    let progress = ProgressReporter(name, unit: "structures", total: files.count)
    let size = 8 * pool.threads
    for start in stride(from: 0, to: files.count, by: size) {
      let batch = Array(files[start..<min(files.count, start + size)])
      let failed = work.forEach(batch, on: pool) { _, described in
        try isRecorded.withLock { isRecorded in
          if !isRecorded { try DescriptorRecord(configuration).write(to: configuration.output) }
          isRecorded = true
        }
        try DescriptorFile.write(
          described, to: configuration.target(described.name),
          derivatives: configuration.derivatives ?? .dense)
        if saysMore { say("\(name): \(described.name): \(described.atomCount) atoms") }
        precision.withLock { $0.add(described) }
        progress.advance()
      }
      try computed.append(
        batch.indices.filter { failed[$0] == nil }.map { FileAccess.key(of: batch[$0]) })
      if let first = failed.keys.min() { throw failed[first]! }
    }
    progress.finish(note: "\(work.size) components in \(configuration.output.path)")
    if let caveat = precision.withLock({ $0.caveat }) { warn("\(name): \(caveat)") }
  }
}
