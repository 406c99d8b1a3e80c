import Dataflow
import TestSupport
import Testing

@testable import DataflowAccelerators

/// The library of products is asked for what the graph says: it has column-major matrices.
@Suite(.timeLimit(.minutes(10))) struct CuBLASTests {
  /// `C = alpha · op(A) · op(B) + beta · C`, all column-major, as the library defines it.
  private static func product<T: BinaryFloatingPoint>(
    _ transposeA: Bool, _ transposeB: Bool, _ sizes: (m: Int, n: Int, k: Int),
    _ alpha: UnsafePointer<T>, _ a: (base: UnsafePointer<T>, stride: Int),
    _ b: (base: UnsafePointer<T>, stride: Int), _ beta: UnsafePointer<T>,
    _ c: (base: UnsafeMutablePointer<T>, stride: Int)
  ) {
    for row in 0..<sizes.m {
      for column in 0..<sizes.n {
        var sum: T = 0
        for inner in 0..<sizes.k {
          let x = a.base[transposeA ? inner + row * a.stride : row + inner * a.stride]
          let y = b.base[transposeB ? column + inner * b.stride : inner + column * b.stride]
          sum += x * y
        }
        let place = row + column * c.stride
        c.base[place] = alpha.pointee * sum + (beta.pointee == 0 ? 0 : beta.pointee * c.base[place])
      }
    }
  }

  /// The library's interface over the host's memory, which the stand-in's is.
  private static let library = CuBLAS.Library(
    path: "stand-in",
    create: {
      $0.pointee = UnsafeMutableRawPointer(bitPattern: 5)
      return 0
    }, destroy: { _ in 0 }, setStream: { _, _ in 0 },
    float: { _, opA, opB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
      product(
        opA == 1, opB == 1, (Int(m), Int(n), Int(k)), alpha.assumingMemoryBound(to: Float.self),
        (UnsafePointer(a.assumingMemoryBound(to: Float.self)), Int(lda)),
        (UnsafePointer(b.assumingMemoryBound(to: Float.self)), Int(ldb)),
        beta.assumingMemoryBound(to: Float.self), (c.assumingMemoryBound(to: Float.self), Int(ldc)))
      return 0
    },
    double: { _, opA, opB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
      product(
        opA == 1, opB == 1, (Int(m), Int(n), Int(k)), alpha.assumingMemoryBound(to: Double.self),
        (UnsafePointer(a.assumingMemoryBound(to: Double.self)), Int(lda)),
        (UnsafePointer(b.assumingMemoryBound(to: Double.self)), Int(ldb)),
        beta.assumingMemoryBound(to: Double.self),
        (c.assumingMemoryBound(to: Double.self), Int(ldc)))
      return 0
    })

  @Test(arguments: [ElementType.float32, .float64], [0, 1, 2, 3])
  func products(type: ElementType, transposed: Int) throws {
    let (transposeA, transposeB) = (transposed & 1 == 1, transposed & 2 == 2)
    let cuda = FakeCUDA()
    try withExtendedLifetime(cuda) {
      let device = try cuda.makeAccelerator(products: { try CuBLAS(Self.library, useStream: $0) })
      let graph = Graph()
      let shapes: (Shape, Shape) = (
        transposeA ? [3, 5] : [5, 3], transposeB ? [4, 3] : [3, 4]
      )
      func input(_ shape: Shape, _ seed: UInt64) -> (Value, Tensor) {
        let numbers = Tensor.random(shape, seed: seed).scalars(as: Double.self)
        let tensor =
          type == .float64
          ? Tensor(shape: shape, scalars: numbers)
          : Tensor(shape: shape, scalars: numbers.map { Float($0) })
        return (graph.placeholder(type, SymbolicShape(shape)), tensor)
      }
      let (a, b) = (input(shapes.0, 1), input(shapes.1, 2))
      let y = matMul(a.0, b.0, transposeA: transposeA, transposeB: transposeB)
      var options = SessionOptions()
      options.placement.devices.append(device)
      options.placement.defaultDevice = device.name
      let feeds = [a.0: a.1, b.0: b.1]
      let expected = try Session(graph).run([y], feeds: feeds)[0]
      let found = try Session(graph, options: options).run([y], feeds: feeds)[0]
      #expect(!cuda.takeCalls().contains { $0.hasPrefix("launch") })
      let pairs =
        type == .float64
        ? zip(found.scalars(as: Double.self), expected.scalars(as: Double.self)).map { ($0, $1) }
        : zip(found.scalars(as: Float.self), expected.scalars(as: Float.self)).map {
          (Double($0), Double($1))
        }
      #expect(pairs.count == 20 && pairs.allSatisfy { abs($0 - $1) <= 1e-6 })
    }
    #expect(cuda.leaks == [])
  }

  /// Large layers are the library's product and one kernel, small ones a kernel of ours.
  @Test func layers() throws {
    let cuda = FakeCUDA()
    try withExtendedLifetime(cuda) {
      let device = try cuda.makeAccelerator(products: { try CuBLAS(Self.library, useStream: $0) })
      let graph = Graph()
      let x = graph.placeholder(.float32, ["n", "k"])
      let w = graph.placeholder(.float32, ["k", "m"])
      let bias = graph.placeholder(.float32, ["m"])
      let y = tanh(biasAdd(matMul(x, w), bias))
      var options = SessionOptions()
      options.placement.devices.append(device)
      options.placement.defaultDevice = device.name
      let session = Session(graph, options: options)
      for (rows, inner, columns, launches) in [
        (512, 80, 1024, ["launch addParts_0 2048x256"]),
        (100, 80, 32, ["launch multiply_0 2x256"]), (512, 64, 1024, ["launch multiply_0 128x256"]),
      ] {
        let feeds = [
          x: Tensor(zeros: [rows, inner], elementType: .float32),
          w: Tensor(zeros: [inner, columns], elementType: .float32),
          bias: Tensor(zeros: [columns], elementType: .float32),
        ]
        _ = cuda.takeCalls()
        _ = try session.run([y], feeds: feeds)
        #expect(cuda.takeCalls().filter { $0.hasPrefix("launch") } == launches)
      }
    }
    #expect(cuda.leaks == [])
  }
}
