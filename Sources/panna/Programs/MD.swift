import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import Synchronization

/// Runs molecular dynamics.
enum MD: Program {
  static let name = "md"
  static let summary = "runs molecular dynamics with a reference potential or trained networks"
  static let options = CommandLineOptions([.config, .set, .device])
  static let details = """
    [STRUCTURE]
      type                 diamond, random or file
      element              of diamond and random (Si)
      lattice_parameter    of diamond, list in angstrom; a random cube's edge is repeat times this
      repeat               n x n x n cells; diamond and random have 8 atoms a cell (1)
      minimum_distance     of random, in angstrom (2)
      file                 extended xyz or *.example, the first frame; its velocities (columns
                           velo, vel, velocity or velocities in angstrom/fs, or ASE's momenta)
                           and masses (masses in u) are taken over
    [POTENTIAL]
      type                 stillinger-weber or network
      networks_folder      folder of saved networks
      gvect_ini            where the folder does not say how descriptors are made
    [DYNAMICS]
      time_step            in fs (0.381)
      temperature          list in K
      melt_temperature     with melt_steps, optional: a Langevin bath to begin with
      equilibration_steps  with a Langevin bath at the temperature (0)
      friction             of the baths in 1/fs (0.01)
      steps                recorded steps
      ensemble             of these: nve or langevin (nve)
      seed                 every run makes its own of it (0)
      repetitions          runs for each lattice parameter and temperature (1)
    [OUTPUT]               every 0 steps is never, the default
      directory            folder of all files
      prefix               beginning of names: <prefix>_a<lattice>_T<temperature>_r<repetition> (md),
                           "p" for the decimal point
      thermo_every         lines of NAME_thermo.dat
      trajectory_every     frames of NAME.xyz, with velocities (velo in angstrom/fs, and momenta,
                           which ASE reads) and forces
      example_every        files NAME_<step>.example with energy and forces
      rdf_every            structures that count for NAME_rdf.dat
      rdf_maximum          in angstrom (8)
      rdf_bins             (200)
      skip_existing        leaves runs out whose files are all there, unless the first line of
                           NAME_thermo.dat says that they are of another structure, potential,
                           [DYNAMICS] or [OUTPUT] (False); other runs replace the files of an
                           earlier one of the same name
    [PARALLELIZATION]      optional
      number_of_process    threads, 0 for as many as allowed; several runs share them, one uses
                           all. Results do not depend on it (1)
      device               what computes descriptors, networks and forces: cpu, gpu, gpu:N, opencl:N or
                           auto, a GPU where there is one; --device prevails (cpu). Neighbours are
                           the processor's
      log_device_placement prints what computes each operation, where device is not cpu (False)

    SIGTERM, SIGINT and SIGUSR1 end the runs after the step with status 1; what was recorded of each is
    then in NAME_stopped_thermo.dat, NAME_stopped.xyz and NAME_stopped_rdf.dat.

    Steps are counted from 0 after melt and equilibration. A run whose temperature is not finite or
    20 times what was asked ends with a message; the others go on. What was recorded of it, as of any
    run that fails, is then in NAME_failed_thermo.dat, NAME_failed.xyz and NAME_failed_rdf.dat.
    """
  static let example = """
      panna md --config md.ini

    with this md.ini: 216 silicon atoms at three temperatures
      [STRUCTURE]
      type = diamond
      lattice_parameter = 5.43
      repeat = 3
      [POTENTIAL]
      type = stillinger-weber
      [DYNAMICS]
      temperature = 300, 600, 900
      equilibration_steps = 1000
      steps = 5000
      [OUTPUT]
      directory = out
      thermo_every = 10
      example_every = 200
    """

  static func run(_ arguments: ParsedArguments) throws {
    let configuration = try MDConfiguration(arguments.configuration())
    let placement = try configuration.potential.placement(
      arguments.device() ?? configuration.device, logsAll: configuration.logsDevicePlacement
    ) { say("md: \($0)") }
    try Folder.make(configuration.output.folder)
    let runs = configuration.runs.filter { !isDone($0, configuration) }
    guard !runs.isEmpty else { return }
    try checkStart(configuration, runs)
    let steps = configuration.dynamics.allSteps
    let (total, isTooLarge) = runs.count.multipliedReportingOverflow(by: steps)
    let progress = ProgressReporter(name, unit: "steps", total: isTooLarge ? Int.max : total)
    let pool = ComputePool(threads: configuration.threads)
    let executor: any ParallelExecutor = runs.count > 1 ? SerialExecutor() : pool
    let failed = Mutex<[Int]>([])
    let signals = StopSignals()
    pool.run(shards: runs.count) { index in
      do {
        let summary = try SimulationRun(runs[index], configuration, placement).carryOut(
          on: executor, progress, until: signals)
        progress.interrupt { say(summary) }
      } catch {
        progress.interrupt { warn("\(runs[index].name): \(error)") }
        failed.withLock { $0.append(index) }
      }
    }
    progress.finish()
    let names = failed.withLock { $0 }.sorted().map { runs[$0].name }
    guard names.isEmpty else {
      throw WorkError(
        (signals.received.map { "\($0): " } ?? "")
          + "\(names.count) of \(runs.count) runs failed: \(names.joined(separator: ", "))")
    }
  }

  /// - Throws: `UsageError` where a run would replace or remove the file with the structure that it begins with.
  private static func checkStart(
    _ configuration: MDConfiguration, _ runs: [MDConfiguration.Run]
  ) throws {
    guard let file = configuration.start.file else { return }
    let start = file.resolvingSymlinksInPath()
    guard start.deletingLastPathComponent().isSameFile(as: configuration.output.folder) else {
      return
    }
    for run in runs {
      let lost = configuration.files(of: run) + configuration.output.remains(of: run.name)
      if lost.contains(where: { $0.lastPathComponent == start.lastPathComponent }) {
        throw UsageError(
          "[STRUCTURE] file = \(file.relativePath): would be lost to the run \(run.name), which has a"
            + " file of this name: expected another file, prefix or directory")
      }
    }
  }

  private static func isDone(
    _ run: MDConfiguration.Run, _ configuration: MDConfiguration
  ) -> Bool {
    guard configuration.skipsExisting else { return false }
    let files = configuration.files(of: run)
    let isDone =
      !files.isEmpty && files.allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
    guard isDone else { return false }
    // A run that cannot begin says so itself.
    guard let now = try? MDRecord(configuration, run) else { return false }
    if configuration.output.thermoEvery > 0,
      let old = MDRecord(in: configuration.output.thermo(of: run.name)),
      let difference = now.difference(from: old)
    {
      say("\(run.name): is computed again, what is there has \(difference)")
      return false
    }
    say("\(run.name): already computed")
    return true
  }
}

/// One simulation of `md` from its starting structure to its files.
private struct SimulationRun {
  private let run: MDConfiguration.Run
  private let configuration: MDConfiguration
  private let placement: Placement

  init(_ run: MDConfiguration.Run, _ configuration: MDConfiguration, _ placement: Placement) {
    self.run = run
    self.configuration = configuration
    self.placement = placement
  }

  /// A signal came before the run was over.
  private struct Interruption: Error, CustomStringConvertible {
    let description: String
  }

  /// - Parameter signals: end the run after the step that they come into.
  /// - Returns: what is to be said of it.
  func carryOut(
    on executor: any ParallelExecutor, _ progress: ProgressReporter, until signals: StopSignals
  ) throws -> String {
    let begin = ContinuousClock.now
    let dynamics = configuration.dynamics
    func check(_ place: @autoclosure () -> String) throws {
      guard let signal = signals.received else { return }
      throw Interruption(description: "\(signal) \(place())")
    }
    try check("before it began")
    var simulation = try makeSimulation(executor)
    for phase in dynamics.preparation(run.temperature) {
      try simulation.run(phase) { _, _ in
        progress.advance(note: run.name)
        try check("before anything was recorded")
      }
    }
    let recorder = try SimulationRecorder(
      run.name, configuration.output, of: simulation,
      remark: "\(MDRecord(configuration, run))")
    var statistics = SimulationStatistics(atoms: simulation.masses.count)
    do {
      try simulation.run(dynamics.production(run.temperature)) { simulation, temperature in
        let thermo = simulation.thermo
        statistics.add(time: thermo.time, temperature: temperature, energy: thermo.total)
        try recorder.record(simulation)
        progress.advance(note: run.name)
        try check("at step \(statistics.count)")
      }
      try recorder.finish()
    } catch {
      let end = error is Interruption ? "stopped" : "failed"
      throw WorkError("\(error)" + keep(recorder, as: "\(run.name)_\(end)"))
    }
    return summary(statistics, simulation.masses.count, ContinuousClock.now - begin)
  }

  /// Keeps what was recorded of a run that ended early, by a name that nobody takes for all of it.
  ///
  /// - Returns: where it is, for a message.
  private func keep(_ recorder: SimulationRecorder, as name: String) -> String {
    if configuration.output.files(of: name, steps: 0).isEmpty { return "" }
    do {
      try recorder.finish(as: name)
      return "; what was recorded is in \(name)*"
    } catch {
      return "; what was recorded is in \(name)* as far as it could be written: \(error)"
    }
  }

  private func makeSimulation(_ executor: any ParallelExecutor) throws -> MolecularDynamics {
    var (structure, seeds) = try configuration.beginning(of: run)
    var simulation = try MolecularDynamics(
      structure, potential: configuration.potential.makePotential(placement),
      timeStep: configuration.dynamics.timeStep, seed: seeds.next(), executor: executor)
    if structure.velocities == nil {
      let first = configuration.dynamics.preparation(run.temperature).first
      simulation.velocities = Velocities.maxwellBoltzmann(
        masses: simulation.masses, temperature: first?.temperature ?? run.temperature,
        seed: seeds.next())
    }
    return simulation
  }

  private func summary(
    _ statistics: SimulationStatistics, _ atoms: Int, _ time: Duration
  ) -> String {
    let steps = max(1, configuration.dynamics.allSteps)
    let drift =
      configuration.dynamics.ensemble == .nve && atoms > 0
      ? String(format: ", energy drift %.3g meV/atom/ps", statistics.drift) : ""
    let cost = time / .microseconds(1) / Double(steps * max(1, atoms))
    return "\(run.name): \(statistics.count) steps of \(atoms) atoms, "
      + String(format: "mean temperature %.1f K", statistics.meanTemperature) + drift
      + String(format: ", %.3g us per atom and step", cost)
  }
}
