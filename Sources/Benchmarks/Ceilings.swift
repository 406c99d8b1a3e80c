import CBenchmarks
import COpenBLAS
import Dataflow

/// What this machine can do, measured without the engine: matrix products in OpenBLAS on threads of its
/// own, memory, and B's sums as plain C.
enum Ceilings {
  static let all = [
    Benchmark(workload: "ceilings", name: "matrix products in OpenBLAS") { settings, report in
      withBLASThreads(settings.threads) {
        report(square(2048, settings))
        report(bareProducts(settings))
      }
    },
    Benchmark(workload: "ceilings", name: "memory") { settings, report in
      let pool = ComputePool(threads: settings.threads)
      let numbers = Tensor.filled([SiliconTraining.blockElements], on: pool) { _ in 0.3 }
      report(read(numbers, settings, pool))
      report(triad(numbers, settings, pool))
    },
    Benchmark(workload: "ceilings", name: "plain C") { settings, report in
      let pool = ComputePool(threads: settings.threads)
      let numbers = Tensor.filled([SiliconTraining.blockElements], on: pool) { _ in 0.3 }
      report(try plainContraction(numbers, settings, pool))
    },
  ]

  /// Gives OpenBLAS threads meanwhile; the engine's products run on one.
  private static func withBLASThreads(_ threads: Int, _ body: () -> Void) {
    _ = Session(Graph())
    openblas_set_num_threads(CInt(threads))
    body()
    openblas_set_num_threads(1)
  }

  private static func product(
    _ a: UnsafePointer<Float>, _ transposeA: Bool, _ b: UnsafePointer<Float>, _ transposeB: Bool,
    _ result: UnsafeMutablePointer<Float>, _ rows: Int, _ inner: Int, _ columns: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(rows), blasint(columns), blasint(inner), 1, a, blasint(transposeA ? rows : inner), b,
      blasint(transposeB ? inner : columns), 0, result, blasint(columns))
  }

  private static func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
    let numbers = UnsafeMutablePointer<Float>.allocate(capacity: count)
    for index in 0..<count { numbers[index] = Float(index % 1000) * 1e-3 }
    return numbers
  }

  private static func square(_ size: Int, _ settings: BenchmarkSettings) -> BenchmarkResult {
    let matrices = (0..<3).map { _ in floats(size * size) }
    defer { for matrix in matrices { matrix.deallocate() } }
    let flops = 2e-9 * Double(size * size) * Double(size)
    return BenchmarkResult(
      "ceilings", "product of \(size) x \(size) in OpenBLAS", settings, gigaflops: flops
    ) {
      product(matrices[0], false, matrices[1], false, matrices[2], size, size, size)
    }
  }

  /// The products of one training step of A alone, at their real shapes, each species' descriptors in
  /// their own place.
  private static func bareProducts(_ settings: BenchmarkSettings) -> BenchmarkResult {
    let (counts, sizes) = (MoleculeInputs.atomsOfSpecies, MoleculeTraining.sizes)
    let most = counts.max()!
    let widest = sizes.dropFirst().max()!
    let descriptors = floats(counts.reduce(0, +) * sizes[0])
    let (values, sums) = (floats(most * widest), floats(most * widest))
    let (weights, gradient) = (floats(sizes[0] * widest), floats(sizes[0] * widest))
    defer { for part in [descriptors, values, sums, weights, gradient] { part.deallocate() } }
    return BenchmarkResult(
      "ceilings", "A's bare matrix products in OpenBLAS", settings,
      gigaflops: MoleculeTraining.gigaflops
    ) {
      var start = descriptors
      for rows in counts {
        for layer in 0..<sizes.count - 1 {
          let (inputs, outputs) = (sizes[layer], sizes[layer + 1])
          let input = layer == 0 ? start : values
          product(input, false, weights, false, sums, rows, inputs, outputs)
          product(input, true, sums, false, gradient, inputs, rows, outputs)
          if layer > 0 { product(sums, false, weights, true, values, rows, outputs, inputs) }
        }
        start += rows * sizes[0]
      }
    }
  }

  private static func read(
    _ numbers: Tensor, _ settings: BenchmarkSettings, _ pool: ComputePool
  ) -> BenchmarkResult {
    numbers.withElements(as: Float.self) { numbers in
      let (start, count) = (numbers.baseAddress!, numbers.count)
      var sums = Array(repeating: Float(0), count: 64)
      return BenchmarkResult(
        "ceilings", "read \(numbers.count * 4 / 1_000_000) MB", settings,
        gigabytes: 4e-9 * Double(count)
      ) {
        sums.withUnsafeMutableBufferPointer { sums in
          let target = sums.baseAddress!
          let part = count / 64 / 64 * 64
          pool.run(shards: 64) { shard in
            target[shard] = plain_read(start + shard * part, part)
          }
        }
      }
    }
  }

  private static func triad(
    _ numbers: Tensor, _ settings: BenchmarkSettings, _ pool: ComputePool
  ) -> BenchmarkResult {
    var numbers = numbers
    return numbers.withMutableElements(as: Float.self) { numbers in
      let third = numbers.count / 3
      let start = numbers.baseAddress!
      return BenchmarkResult(
        "ceilings", "triad over \(numbers.count * 4 / 1_000_000) MB", settings,
        gigabytes: 12e-9 * Double(third)
      ) {
        pool.run(shards: 64) { shard in
          let (first, end) = (third * shard / 64, third * (shard + 1) / 64)
          plain_triad(
            start + first, start + third + first, start + 2 * third + first, 0.5, end - first)
        }
      }
    }
  }

  /// B's derivatives read twice: their sums with dE/dG, and with the forces' errors.
  private static func plainContraction(
    _ blocks: Tensor, _ settings: BenchmarkSettings, _ pool: ComputePool
  ) throws -> BenchmarkResult {
    let (atoms, slots, width) = (
      SiliconTraining.atoms, SiliconTraining.slots, SiliconTraining.sizes[0]
    )
    let weights = UnsafeMutablePointer<Float>.allocate(capacity: atoms * width)
    let pulls = UnsafeMutablePointer<Float>.allocate(capacity: atoms * slots * 3)
    weights.initialize(repeating: 0.5, count: atoms * width)
    pulls.initialize(repeating: 0, count: atoms * slots * 3)
    defer {
      weights.deallocate()
      pulls.deallocate()
    }
    return try blocks.withElements(as: Float.self) { blocks in
      let start = blocks.baseAddress!
      func contract() {
        pool.run(shards: 64) { shard in
          plain_contract(
            start, weights, pulls, atoms * shard / 64, atoms * (shard + 1) / 64, slots, width)
        }
      }
      contract()
      try check("plain C", Double(pulls[5]), 0.15 * Double(width), tolerance: 1e-5)
      return BenchmarkResult(
        "ceilings", "B's derivatives contracted and back in plain C", settings,
        gigabytes: 8e-9 * Double(blocks.count)
      ) {
        contract()
        pool.run(shards: 64) { shard in
          plain_contract_back(
            start, pulls, weights, atoms * shard / 64, atoms * (shard + 1) / 64, slots, width)
        }
        // The back way makes large numbers of them, which would grow without end.
        weights.update(repeating: 0.5, count: atoms * width)
      }
    }
  }
}
