import Dataflow
import DataflowTesting
import TestSupport
import Testing

@testable import DataflowAccelerators

private let nvrtc = try? NVRTC()

/// Every kernel text compiles for NVIDIA's devices, without one: `Tests/nvrtc.sh` sees to the compiler.
@Suite(.enabled(if: nvrtc != nil, "there is no NVRTC"), .timeLimit(.minutes(20))) struct NVRTCTests
{
  /// A device of the stand-in's that compiles all its kernels, each with narrow and wide places.
  private func makeDevice() throws -> Accelerator {
    let compiler = nvrtc!
    let narrow = CUDAPrelude.text(isWide: false)
    return try FakeCUDA().makeAccelerator { text, _ in
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
  }

  @Test(arguments: operationsByName.keys.sorted())
  func compilesForEveryArchitecture(name: String) throws {
    // Kernels of the stand-in compute nothing, so what is found says nothing, and memory stays zero.
    var check = DeviceCheck(try makeDevice(), hasDouble: true)
    check.checksMemory = false
    _ = try check.findings(of: operationsByName[name]!)
  }

  /// What plans join: layers with their activations, forward and backward twice, in both types.
  @Test(arguments: [ElementType.float32, .float64]) func compilesFusedSteps(type: ElementType)
    throws
  {
    let device = try makeDevice()
    let graph = Graph()
    let x = graph.placeholder(type, ["n", 3])
    let weights = [
      graph.placeholder(type, [3, 4]), graph.placeholder(type, [4, 5]),
      graph.placeholder(type, [1, 5]),
    ]
    let bias = graph.placeholder(type, [4])
    var h = tanh(biasAdd(matMul(x, weights[0]), bias))
    h = exp(-square(matMul(h, weights[1]) * 2))
    let z = matMul(h, weights[2], transposeB: true)
    let y = select(z .> 0, z, exp(z) - 1)
    let force = try graph.gradient(of: y, withRespectTo: x)
    let loss = sum(square(y)) + sum(square(force))
    let gradients = try graph.gradients(of: [loss], withRespectTo: weights + [bias]).map { $0! }
    var feeds = [x: Tensor(zeros: [6, 3], elementType: type)]
    for value in weights + [bias] {
      feeds[value] = Tensor(zeros: value.shape.known!, elementType: type)
    }
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    let session = Session(graph, options: options)
    let fetches = [y, force, loss] + gradients
    let plan = try session.plan(feeds: Array(feeds.keys), fetches: fetches).description
    #expect(plan.contains("FusedProduct") && plan.contains("FusedElementwise"))
    _ = try session.run(fetches, feeds: feeds)
  }

  @Test func whatIsWrongIsSaid() throws {
    let error = #expect(throws: AcceleratorError.self) {
      try nvrtc!.compile("__global__ void f() { nothing; }", architecture: 90)
    }
    #expect(error?.description.contains("identifier \"nothing\" is undefined") == true)
  }
}
