import Dataflow
import DataflowTesting
import TestSupport
import Testing

@testable import DataflowAccelerators

private let nvrtc = try? NVRTC()

/// Every kernel text compiles for NVIDIA's devices, without one: `Tests/nvrtc.sh` sees to the compiler.
@Suite(.enabled(if: nvrtc != nil, "there is no NVRTC"), .timeLimit(.minutes(20))) struct NVRTCTests
{
  @Test(arguments: operationsByName.keys.sorted())
  func compilesForEveryArchitecture(name: String) throws {
    let compiler = nvrtc!
    let narrow = CUDAPrelude.text(isWide: false)
    let device = try FakeCUDA().makeAccelerator { text, _ in
      #expect(text.hasPrefix(narrow))
      let kernels = text.dropFirst(narrow.count)
      for architecture in [80, 90] {
        for isWide in [false, true] {
          let code = try compiler.compile(
            CUDAPrelude.text(isWide: isWide) + kernels, architecture: architecture)
          #expect(!code.isEmpty)
        }
      }
      return [1]
    }
    // Kernels of the stand-in compute nothing, so what is found says nothing, and memory stays zero.
    var check = DeviceCheck(device, hasDouble: true)
    check.checksMemory = false
    _ = try check.findings(of: operationsByName[name]!)
  }

  @Test func whatIsWrongIsSaid() throws {
    let error = #expect(throws: AcceleratorError.self) {
      try nvrtc!.compile("__global__ void f() { nothing; }", architecture: 90)
    }
    #expect(error?.description.contains("identifier \"nothing\" is undefined") == true)
  }
}
