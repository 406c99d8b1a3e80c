import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport

/// How a training gets at its data: the readers' keys of `[PARALLELIZATION]` and `[IO_INFORMATION]`.
struct PipelineConfiguration {
  static let parallelKeys = [
    "num_parallel_readers", "num_parallel_calls", "shuffle_buffer_size_multiplier",
    "prefetch_buffer_size_multiplier", "dataset_cache", "memory_budget", "slice_memory",
    "slices",
  ]
  static let dataKeys = ["damaged_records", "max_damaged_records", "descriptor_cache"]

  /// Threads that read, and put batches together.
  let threads: Int
  /// Batches made ahead at most.
  let ahead: Int
  /// Within how many structures the order is drawn; nil: all.
  let window: Int?
  /// Whether structures stay in memory once they are read, as far as it reaches.
  let keepsStructures: Bool
  /// Memory for structures and batches, in bytes.
  let memory: Int
  /// Derivatives in a slice of a batch, in bytes; nil for batches as a whole.
  let sliceMemory: Int?
  /// How many slices a batch is cut into; nil: as many as devices share it, or by `sliceMemory`.
  let slices: Int?
  let damaged: DamagedRecords
  /// Where structures that were described during a training are kept for the next one; nil: nowhere.
  let descriptorCache: URL?

  private enum Damaged: String, CaseIterable {
    case strict, skip
  }

  init(_ io: IniSection, _ parallel: IniSection, batchSize: Int) throws {
    let counts = 1...1_000_000
    threads = max(
      try parallel.int("num_parallel_readers", default: 1, in: 1...4096),
      try parallel.int("num_parallel_calls", default: 1, in: 1...4096))
    ahead = try parallel.int("prefetch_buffer_size_multiplier", default: 10, in: counts)
    window = try Self.window(parallel, in: counts, batchSize)
    keepsStructures = try parallel.bool("dataset_cache", default: true)
    memory =
      parallel.has("memory_budget")
      ? try parallel.int("memory_budget", in: 1...(1 << 40)) << 20 : MemoryLimit.available / 2
    let slice = try parallel.int(
      "slice_memory", default: Trainer.sliceByteCount >> 20, in: 0...(1 << 40))
    sliceMemory = slice == 0 ? nil : slice << 20
    slices = parallel.has("slices") ? try parallel.int("slices", in: 1...65536) : nil
    descriptorCache = io.has("descriptor_cache") ? try io.url("descriptor_cache") : nil
    let most = try io.int("max_damaged_records", default: 100, in: 0...Int.max)
    damaged =
      try io.choice("damaged_records", default: Damaged.strict) == .skip
      ? .skip(atMost: most) : .strict
  }

  private static func window(
    _ parallel: IniSection, in counts: ClosedRange<Int>, _ batchSize: Int
  ) throws -> Int? {
    let key = "shuffle_buffer_size_multiplier"
    guard parallel.has(key) else { return nil }
    let (size, overflows) = batchSize.multipliedReportingOverflow(
      by: try parallel.int(key, in: counts))
    return overflows ? .max : size
  }

  /// - Parameter devices: how many share a batch.
  func slicing(devices: Int) -> BatchSlicing {
    if let count = slices ?? (devices > 1 ? devices : nil) { return .count(count) }
    return sliceMemory.map { .derivatives(byteCount: $0) } ?? .whole
  }

  /// Half of the memory is for batches, the other half for structures that stay.
  var batches: BatchPipeline.Options {
    BatchPipeline.Options(threads: threads, ahead: ahead, byteCount: memory / 2)
  }

  /// - Parameter share: the part of the memory for structures that is theirs.
  func cached(_ structures: any StructureSource, share: Double) -> any StructureSource {
    keepsStructures
      ? StructureCache(structures, byteCount: Int(Double(memory / 2) * share)) : structures
  }
}
