import Dataflow
import Foundation
import TestSupport
import Testing

@testable import DataflowAccelerators

/// What NVIDIA's driver is asked for, in which order, and what is given back.
@Suite(.timeLimit(.minutes(10))) struct CUDADriverTests {
  private let cuda = FakeCUDA()

  private func options(_ device: Accelerator) -> SessionOptions {
    var options = SessionOptions()
    options.placement.devices.append(device)
    options.placement.defaultDevice = device.name
    return options
  }

  /// Runs `body` with a session for `y = exp(x) · w`, w a variable, whose device is gone after it.
  private func withSession(
    _ body: (Session, _ x: Value, _ y: Value) throws -> Void
  ) throws {
    let device = try cuda.makeAccelerator()
    let graph = Graph()
    let x = graph.placeholder(.float32, ["n"], name: "x")
    let w = try graph.variable(Tensor([2] as [Float]), name: "w")
    let y = exp(x) * w.value
    let session = Session(graph, options: options(device))
    try session.initializeVariables()
    try body(session, x, y)
  }

  @Test func callsComeInOrder() throws {
    try withSession { session, x, y in
      #expect(
        cuda.takeCalls() == [
          "retainContext", "createStream", "allocate", "allocate", "createEvent", "allocateHost",
          "upload 4", "compile sm_90", "loadModule", "function copy_0", "allocate",
          "launch copy_0 1x256", "synchronize",
        ])
      _ = try session.run([y], feeds: [x: Tensor([1, 2, 3] as [Float])])
      let first = cuda.takeCalls()
      #expect(
        first == [
          "allocate", "compile sm_90", "loadModule", "function elementwise_0", "allocate",
          "upload 12",
          "launch elementwise_0 1x256", "download 12", "synchronize",
        ])
      // Nothing is compiled or allocated again, and the device is waited for once.
      let input = Tensor([4, 5, 6] as [Float])
      _ = try session.run([y], feeds: [x: input])
      #expect(
        cuda.takeCalls() == [
          "upload 12", "launch elementwise_0 1x256", "download 12", "synchronize",
        ])
      // What was fed the last time is there already.
      _ = try session.run([y], feeds: [x: input])
      #expect(cuda.takeCalls() == ["launch elementwise_0 1x256", "download 12", "synchronize"])
      // It is copied again where it has changed.
      var changed = input
      changed.withMutableBytes { $0[0] = 1 }
      _ = try session.run([y], feeds: [x: changed])
      #expect(cuda.takeCalls().first == "upload 12")
      _ = try session.run([y], feeds: [x: Tensor(Array(repeating: Float(1), count: 1000))])
      #expect(
        cuda.takeCalls() == [
          "free", "allocate", "free", "allocate", "upload 4000", "launch elementwise_0 4x256",
          "download 4000",
          "synchronize",
        ])
    }
    #expect(cuda.leaks == [])
  }

  @Test func memoryThatIsNotThere() throws {
    try withSession { session, x, y in
      // After the copy of what is fed.
      cuda.fail("allocate", after: 1)
      let error = #expect(throws: GraphError.self) {
        try session.run([y], feeds: [x: Tensor([1, 2, 3] as [Float])])
      }
      #expect(
        error?.message == "the plan needs 64 bytes for values on GPU:0: CUDA: allocating 64 bytes"
          + " of 1073741824 on stand-in: out of memory (2)")
      cuda.withState { $0.failing = nil }
      _ = try session.run([y], feeds: [x: Tensor([1, 2, 3] as [Float])])
    }
    #expect(cuda.leaks == [])
  }

  @Test(arguments: [
    ("launch", "CUDA: starting a kernel: out of memory (2)"),
    ("upload", "CUDA: copying to the device: out of memory (2)"),
    ("loadModule", "CUDA: loading kernels: out of memory (2)"),
    ("function", "CUDA: finding the kernel elementwise_0: out of memory (2)"),
  ])
  func whatFailsNamesItsNode(call: String, message: String) throws {
    try withSession { session, x, y in
      cuda.fail(call)
      let error = #expect(throws: GraphError.self) {
        try session.run([y], feeds: [x: Tensor([1, 2, 3] as [Float])])
      }
      #expect(error?.message == message)
      #expect(error?.node != nil)
    }
    #expect(cuda.leaks == [])
  }

  @Test(arguments: ["download", "synchronize"]) func whatFailsAtTheEnd(call: String) throws {
    try withSession { session, x, y in
      cuda.fail(call)
      #expect(throws: AcceleratorError.self) {
        try session.run([y], feeds: [x: Tensor([1, 2, 3] as [Float])])
      }
    }
    #expect(cuda.leaks == [])
  }

  @Test(arguments: ["retainContext", "createStream"]) func deviceThatDoesNotOpen(call: String) {
    cuda.fail(call)
    #expect(throws: AcceleratorError.self) { try cuda.makeAccelerator() }
    #expect(cuda.leaks == [])
  }

  @Test func compiledKernelsAreKept() throws {
    let folder = try TemporaryFolder()
    let cache = KernelCache(folder: folder.url.path + "/deep/kernels")
    for run in 0..<3 {
      let device = try cuda.makeAccelerator(cache: cache)
      let graph = Graph()
      let x = graph.placeholder(.float32, [3])
      _ = try Session(graph, options: options(device)).run(
        [tanh(x)], feeds: [x: Tensor([1, 2, 3] as [Float])])
      #expect(cuda.takeCalls().contains("compile sm_90") == (run != 1), "run \(run)")
      // A file that is not what it should be is not used.
      guard run == 1 else { continue }
      for file in try FileManager.default.contentsOfDirectory(atPath: cache.folder) {
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(cache.folder)/\(file)"))
      }
    }
  }

  @Test func librariesAreSearchedWhereUsersHaveThem() {
    let folders = CUDAFolders(
      environment: { ["CUDA_HOME": "/my/cuda", "VIRTUAL_ENV": "/venv", "HOME": "/home/me"][$0] },
      matches: { pattern in
        switch pattern {
        case "/usr/local/cuda-*": ["/usr/local/cuda-11.8", "/usr/local/cuda-12.4"]
        case "/venv/lib/python3*/site-packages/nvidia/*/lib":
          ["/venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib"]
        default: []
        }
      })
    let paths = folders.paths(of: "nvrtc", versions: [12])
    #expect(paths.prefix(3) == ["libnvrtc.so.12", "libnvrtc.so", "/my/cuda/lib64/libnvrtc.so.12"])
    let newer = paths.firstIndex(of: "/usr/local/cuda-12.4/lib64/libnvrtc.so.12")
    let older = paths.firstIndex(of: "/usr/local/cuda-11.8/lib64/libnvrtc.so.12")
    #expect(newer != nil && older != nil && newer! < older!)
    #expect(
      paths.contains("/venv/lib/python3.11/site-packages/nvidia/cuda_nvrtc/lib/libnvrtc.so.12"))
  }
}
