import Foundation
import Testing

@testable import DataflowGraph

/// What the library of matrix products is told.
@Suite struct BLASTests {
  /// A library that is older than the processor would compute with SSE3 alone.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil))
  func kernelsAreThoseOfTheProcessor() {
    BLAS.prepare
    #expect(BLAS.knownProcessor == nil || BLAS.kernels != BLAS.genericKernels)
    #expect(BLAS.description.hasSuffix("kernels for \(BLAS.kernels)"))
    // What was said to the library is said to no program that is started.
    #expect(getenv("OPENBLAS_CORETYPE") == nil)
  }
}
