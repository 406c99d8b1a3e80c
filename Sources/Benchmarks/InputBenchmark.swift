import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import Synchronization

/// F: examples from files of the page cache into a training.
enum InputBenchmark {
  static let all = [
    Benchmark(workload: "F", name: "reading and parsing TFRecord examples") { settings, report in
      try withFolder { folder in try measureReading(write(to: folder), settings, report) }
    },
    Benchmark(workload: "F", name: "training with forces from disk") { settings, report in
      try measureTraining(settings, report)
    },
  ]

  private static func withFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "benchmarks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  private static func pack(
    _ structures: [DescribedStructure], _ storage: DescribedStructure.DerivativeStorage,
    into file: URL
  ) throws {
    let writer = try TFRecordWriter(file)
    for structure in structures {
      try writer.write(try structure.trainExample(derivatives: storage).encoded())
    }
    try writer.close()
  }

  // MARK: Reading

  /// As many as four batches of A, with molecules of 17 atoms.
  private static let (examples, fileCount, atoms, width) = (4096, 8, 17, 768)

  private static func molecule(_ index: Int) -> DescribedStructure {
    let numbers = CounterStream(100 + index)
    return DescribedStructure(
      name: "molecule\(index)", energy: numbers.signed(atoms * width),
      species: (0..<atoms).map { Int32($0 % 4) }, descriptorSize: width,
      descriptors: (0..<atoms * width).map { numbers[$0] })
  }

  /// Packs the examples, for other programs too.
  ///
  /// - Returns: the files.
  static func write(to folder: URL) throws -> [URL] {
    let each = examples / fileCount
    let files = (0..<fileCount).map { folder.appendingPathComponent("\($0).tfrecord") }
    for (index, file) in files.enumerated() {
      try pack((index * each..<(index + 1) * each).map(molecule), .none, into: file)
    }
    return files
  }

  private static func measureReading(
    _ files: [URL], _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    let pool = ComputePool(threads: settings.threads)
    let packed = try PackedStructures(files, includesDerivatives: false)
    guard packed.count == examples else { throw WrongResult("F: \(packed.count) examples") }
    for index in [0, 1, examples - 1] {
      guard try packed.structure(at: index) == molecule(index) else {
        throw WrongResult("F: example \(index) is another after reading")
      }
    }
    var reading = try BenchmarkResult(
      "F", "TFRecord examples of 17 x 768, read, checked, parsed", settings, unit: "µs",
      operations: examples, gigabytes: 4e-9 * Double(atoms * width)
    ) {
      // Also finds the records of all files again.
      let packed = try PackedStructures(files, includesDerivatives: false)
      let atomCount = Mutex(0)
      pool.run(shards: examples) { index in
        let count = try? packed.withStructure(at: index) { $0.species.count }
        atomCount.withLock { $0 += count ?? 0 }
      }
      guard atomCount.withLock({ $0 == examples * atoms }) else {
        throw WrongResult("F: atoms are missing")
      }
    }
    reading.figures = [("examples_per_s", 1e6 / reading.least)]
    report(reading)

    let networks = MoleculeTraining.networks
    let batchSize = examples / 4
    let trainer = try Trainer(
      NetworkModel(networks: networks), objective: TrainingObjective(),
      schedule: TrainingSchedule(batchSize: batchSize, maxSteps: 4, learningRate: 1e-4))
    var batches = try BenchmarkResult(
      "F", "the same in batches of 1024, shuffled", settings, unit: "µs", operations: examples,
      gigabytes: 4e-9 * Double(atoms * width)
    ) {
      let packed = try PackedStructures(files, includesDerivatives: false)
      let pipeline = BatchPipeline(
        packed, order: ShuffledOrder(count: examples, seed: 1), batchSize: batchSize,
        options: BatchPipeline.Options(threads: settings.threads, ahead: 2),
        make: trainer.batchMaker)
      for _ in 0..<4 { _ = try pipeline.next() }
      pipeline.close()
    }
    batches.figures = [("examples_per_s", 1e6 / batches.least)]
    report(batches)
  }

  // MARK: Training

  private static let (cells, structures, batchSize, steps) = (2, 96, 16, 48)

  private static func measureTraining(
    _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    let network = gaussianNetwork("Si", SiliconTraining.sizes, stream: 2000)
    let descriptors = try AtomicDescriptors(DescriptorBenchmark.silicon)
    var structure = try DescriptorBenchmark.siliconAtoms(cells: cells)
    let numbers = CounterStream(200)
    let all = try (0..<structures).map { index -> DescribedStructure in
      func shift(_ place: Int) -> Double {
        0.05 * Double(numbers.signed(3 * structure.count * index + place))
      }
      structure.name = "silicon\(index)"
      structure.energy = -4.3 * Double(structure.count)
      structure.forces = structure.positions.indices.map {
        SIMD3(shift(3 * $0), shift(3 * $0 + 1), shift(3 * $0 + 2))
      }
      structure.positions = zip(structure.positions, structure.forces!).map { $0 + 0.1 * $1 }
      return try descriptors.describe(structure, includeDerivatives: true)
    }
    try withFolder { folder in
      let files = (0..<4).map { folder.appendingPathComponent("\($0).tfrecord") }
      let each = structures / files.count
      for (index, file) in files.enumerated() {
        try pack(Array(all[index * each..<(index + 1) * each]), .blocks, into: file)
      }
      let packed = try PackedStructures(files, includesDerivatives: true)
      // As in a training whose data fit into its memory, in its second epoch.
      let kept = StructureCache(packed, byteCount: .max)
      for index in 0..<kept.count { _ = try kept.structure(at: index) }
      try measureTraining(
        network,
        [("in memory", all), ("from disk", packed), ("from disk, second epoch", kept)], settings,
        report)
    }
  }

  private static func measureTraining(
    _ network: SpeciesNetwork, _ sources: [(name: String, structures: any StructureSource)],
    _ settings: BenchmarkSettings, _ report: (BenchmarkResult) -> Void
  ) throws {
    var objective = TrainingObjective()
    objective.forcesCost = 1.3
    let trainer = try Trainer(
      NetworkModel(networks: [network]), objective: objective,
      schedule: TrainingSchedule(batchSize: batchSize, maxSteps: .max, learningRate: 1e-4),
      options: SessionOptions(
        intraOpParallelismThreads: settings.intraOp,
        interOpParallelismThreads: settings.interOp))
    let make = trainer.batchMaker
    let one = try make.batch(of: 0..<batchSize, in: sources[0].structures)
    typealias Case = (name: String, repetition: () throws -> Void)
    let step: Case = (
      "training step with forces, the same batch again",
      { for _ in 0..<steps { _ = try trainer.run(one) } }
    )
    let making = sources.map { name, source -> Case in
      (
        "a batch for it, data \(name)",
        {
          for step in 0..<steps {
            let start = step * batchSize % structures
            _ = try make.batch(of: start..<start + batchSize, in: source)
          }
        }
      )
    }
    let training = sources.map { name, source -> Case in
      (
        "training step with forces, data \(name)",
        {
          let pipeline = BatchPipeline(
            source, order: ShuffledOrder(count: structures, seed: 1), batchSize: batchSize,
            options: BatchPipeline.Options(ahead: 2), make: make)
          defer { pipeline.close() }
          for _ in 0..<steps {
            guard let batch = try pipeline.next() else { throw WrongResult("F: no batch") }
            _ = try trainer.run(batch)
          }
        }
      )
    }
    var results = try BenchmarkResult.inTurn(
      "F", [step] + making + training, settings, operations: steps)
    for place in sources.indices {
      let (step, making) = (results[0], results[1 + place])
      results[1 + sources.count + place].figures = [("bound_ms", bound(step, making))]
    }
    for result in results { report(result) }
  }

  /// What a step takes at best beside a thread that makes the next batch: the longer of the two, or the work of both on
  /// all processors.
  private static func bound(_ step: BenchmarkResult, _ making: BenchmarkResult) -> Double {
    let work = step.processorTime + making.processorTime
    let processors = Double(ProcessInfo.processInfo.activeProcessorCount)
    return max(step.least, making.least, work / processors)
  }
}
