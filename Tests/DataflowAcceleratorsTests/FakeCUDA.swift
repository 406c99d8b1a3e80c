import Foundation
import Synchronization
import TestSupport

@testable import DataflowAccelerators

/// Stands in for NVIDIA's driver: memory is the host's, kernels do nothing, and calls are written down. Copies are
/// made at once or, where `isLazy`, when somebody waits for them. What is done in a stream other than the first is marked
/// as "beside".
final class FakeCUDA: Sendable {
  struct State {
    var calls: [String] = []
    var memory: [UInt64: UnsafeMutableRawBufferPointer] = [:]
    /// How many bytes there are.
    var size = Int.max
    /// How many copies were asked for beside what the device does.
    var copiesBeside = 0
    /// How many there are before the device is done with what it does, for some seconds.
    var awaitedCopiesBeside = 0
    var modules = 0
    var streams = 0
    var contexts = 0
    /// The call that fails, and how often it succeeds before.
    var failing: (call: String, after: Int)?
    var functions: [UInt: String] = [:]
    var hostMemory: Set<UInt> = []
    var graphs = 0
    var instances = 0
    /// The stream that is recorded in.
    var recordingStream: UnsafeMutableRawPointer?
    /// Whether the driver has the functions for it.
    var hasGraphs = true
    var events = 0
    var isLazy = false
    /// Copies that were asked for.
    var pending: [Copy] = []

    mutating func copy(_ copy: Copy) {
      pending.append(copy)
      if !isLazy { copyAll() }
    }

    mutating func copyAll() {
      for copy in pending { copy.target.copyMemory(from: copy.source, byteCount: copy.count) }
      pending = []
    }
  }

  struct Copy {
    let target: UnsafeMutableRawPointer
    let source: UnsafeRawPointer
    let count: Int
  }

  private struct Box: @unchecked Sendable {
    // Used under the lock only.
    var state = State()
  }

  private let box = Mutex(Box())

  func withState<R: Sendable>(_ body: (inout State) -> R) -> R { box.withLock { body(&$0.state) } }

  /// Forgets the calls so far and returns them.
  func takeCalls() -> [String] {
    withState { state in
      defer { state.calls = [] }
      return state.calls
    }
  }

  func fail(_ call: String, after count: Int = 0) {
    withState { $0.failing = (call, count) }
  }

  /// What has not been given back.
  var leaks: [String] {
    withState { state in
      let counts = [
        (state.memory.count, "blocks"), (state.hostMemory.count, "blocks of the host's"),
        (state.events, "events"), (state.graphs, "graphs"),
        (state.instances, "instances of graphs"), (state.modules, "modules"),
        (state.streams, "streams"), (state.contexts, "contexts"),
      ]
      return counts.filter { $0.0 != 0 }.map { "\($0.0) \($0.1)" }
    }
  }

  private func note(_ call: String, _ body: (inout State) -> Void = { _ in }) -> Int32 {
    withState { state in
      state.calls.append(call)
      let name = call.split(separator: " ")[0]
      if let failing = state.failing, failing.call == name {
        if failing.after == 0 { return 2 }
        state.failing!.after -= 1
      }
      body(&state)
      return 0
    }
  }

  private static func handle(_ number: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(bitPattern: number)!
  }

  private static func beside(_ stream: UnsafeMutableRawPointer) -> String {
    stream == handle(20) ? "" : " beside"
  }

  private func work() {
    let end = Date.now + 20
    while withState({ $0.copiesBeside < $0.awaitedCopiesBeside }), Date.now < end { usleep(1000) }
  }

  var library: CUDALibrary {
    CUDALibrary(
      path: "stand-in", initialize: { _ in self.note("initialize") },
      driverVersion: {
        $0.pointee = 12040
        return 0
      },
      deviceCount: {
        $0.pointee = 1
        return 0
      },
      device: {
        $0.pointee = $1
        return 0
      },
      deviceName: { _, _, _ in 0 },
      deviceMemory: { memory, _ in
        memory.pointee = 1 << 30
        return 0
      },
      deviceAttribute: { value, _, _ in
        value.pointee = 9
        return 0
      },
      retainContext: { context, _ in
        context.pointee = Self.handle(1)
        return self.note("retainContext") { $0.contexts += 1 }
      },
      releaseContext: { _ in self.note("releaseContext") { $0.contexts -= 1 } },
      useContext: { _ in 0 },
      createStream: { stream, _ in
        self.note("createStream") { state in
          stream.pointee = Self.handle(20 + state.streams)
          state.streams += 1
        }
      },
      destroyStream: { _ in self.note("destroyStream") { $0.streams -= 1 } },
      synchronize: { stream in
        if Self.beside(stream).isEmpty { self.work() }
        return self.note("synchronize\(Self.beside(stream))") { $0.copyAll() }
      },
      allocate: { address, count in
        let isFull = self.withState { state in
          state.memory.values.reduce(count) { $0 + $1.count } > state.size
        }
        if isFull { return 2 }
        return self.note("allocate") { state in
          let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
          block.initializeMemory(as: UInt8.self, repeating: 0)
          address.pointee = UInt64(UInt(bitPattern: block.baseAddress))
          state.memory[address.pointee] = block
        }
      },
      free: { address in
        self.note("free") { state in
          state.copyAll()
          state.memory.removeValue(forKey: address)?.deallocate()
        }
      },
      allocateHost: { address, count, _ in
        self.note("allocateHost") { state in
          let block = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
          address.pointee = block
          state.hostMemory.insert(UInt(bitPattern: block))
        }
      },
      freeHost: { address in
        self.note("freeHost") { state in
          if state.hostMemory.remove(UInt(bitPattern: address)) != nil { address.deallocate() }
        }
      },
      createEvent: { event, _ in
        event.pointee = Self.handle(4)
        return self.note("createEvent") { $0.events += 1 }
      },
      destroyEvent: { _ in self.note("destroyEvent") { $0.events -= 1 } },
      recordEvent: { _, _ in self.note("recordEvent") },
      awaitEvent: { _ in self.note("awaitEvent") { $0.copyAll() } },
      streamAwaitsEvent: { _, _ in self.note("streamAwaitsEvent") },
      upload: { target, source, count, stream in
        self.note("upload \(count)\(Self.beside(stream))") { state in
          if !Self.beside(stream).isEmpty { state.copiesBeside += 1 }
          let target = UnsafeMutableRawPointer(bitPattern: UInt(target))!
          state.copy(Copy(target: target, source: source, count: count))
        }
      },
      download: { target, source, count, _ in
        self.note("download \(count)") { state in
          let source = UnsafeRawPointer(bitPattern: UInt(source))!
          state.copy(Copy(target: target, source: source, count: count))
        }
      },
      move: { target, source, count, _ in
        self.note("move \(count)") { state in
          let target = UnsafeMutableRawPointer(bitPattern: UInt(target))!
          let source = UnsafeRawPointer(bitPattern: UInt(source))!
          state.copy(Copy(target: target, source: source, count: count))
        }
      },
      fill: { address, byte, count, _ in
        self.note("fill") { state in
          state.copyAll()
          UnsafeMutableRawPointer(bitPattern: UInt(address))!
            .initializeMemory(as: UInt8.self, repeating: byte, count: count)
        }
      },
      loadModule: { module, _ in
        module.pointee = Self.handle(3)
        return self.note("loadModule") { $0.modules += 1 }
      },
      unloadModule: { _ in self.note("unloadModule") { $0.modules -= 1 } },
      function: { function, _, name in
        let text = String(cString: name)
        return self.note("function \(text)") { state in
          function.pointee = Self.handle(100 + state.functions.count)
          state.functions[UInt(bitPattern: function.pointee)] = text
        }
      },
      launch: { function, groups, threads, stream, _ in
        let (name, records) = self.withState { state in
          (state.functions[UInt(bitPattern: function)] ?? "?", state.recordingStream == stream)
        }
        return self.note("\(records ? "record" : "launch") \(name) \(groups)x\(threads)")
      },
      graphs: withState { $0.hasGraphs } ? graphs : nil,
      errorText: { _, text in
        text.pointee = UnsafePointer(Self.outOfMemory)
        return 0
      })
  }

  private var graphs: CUDALibrary.Graphs {
    CUDALibrary.Graphs(
      begin: { stream, _ in self.note("begin") { $0.recordingStream = stream } },
      end: { _, graph in
        self.withState { $0.recordingStream = nil }
        return self.note("end") { state in
          graph.pointee = Self.handle(5)
          state.graphs += 1
        }
      },
      instantiate: { instance, _, _ in
        self.note("instantiate") { state in
          instance.pointee = Self.handle(6)
          state.instances += 1
        }
      },
      launch: { _, stream in
        self.note(stream == Self.handle(20) ? "replay" : "replay elsewhere")
      },
      destroy: { _ in self.note("destroyGraph") { $0.graphs -= 1 } },
      destroyInstance: { _ in self.note("destroyInstance") { $0.instances -= 1 } })
  }

  nonisolated(unsafe) private static let outOfMemory: UnsafeMutablePointer<CChar> = {
    let text = Array("out of memory".utf8CString)
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
    pointer.initialize(from: text, count: text.count)
    return pointer
  }()

  /// A device with this driver.
  func makeAccelerator(
    cache: KernelCache? = nil,
    compiler: @escaping CUDADriver.Compiler = { text, _ in Array(text.utf8) },
    products: CUDADriver.Products? = nil
  ) throws -> Accelerator {
    try Accelerator(
      makeDriver(cache: cache, compiler: compiler, products: products), name: .local("GPU", 0))
  }

  func makeDriver(
    cache: KernelCache? = nil,
    compiler: @escaping CUDADriver.Compiler = { text, _ in Array(text.utf8) },
    products: CUDADriver.Products? = nil
  ) throws -> CUDADriver {
    let properties = AcceleratorProperties(
      interface: "CUDA", name: "stand-in", memory: 1 << 30, largestBlock: 1 << 30,
      capability: "compute capability 9.0", driverVersion: "12.4", hasDouble: true,
      multiprocessors: 1)
    return try CUDADriver(
      library, device: 0, properties, architecture: 90, cache: cache,
      compiler: { text, architecture in
        _ = self.note("compile sm_\(architecture)")
        return try compiler(text, architecture)
      }, products: products)
  }
}
