import Synchronization
import TestSupport

@testable import DataflowAccelerators

/// Stands in for NVIDIA's driver: memory is the host's, kernels do nothing, and calls are written down.
final class FakeCUDA: Sendable {
  struct State {
    var calls: [String] = []
    var memory: [UInt64: UnsafeMutableRawPointer] = [:]
    var modules = 0
    var streams = 0
    var contexts = 0
    /// The call that fails, and how often it succeeds before.
    var failing: (call: String, after: Int)?
    var functions: [UInt: String] = [:]
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
      (state.memory.isEmpty ? [] : ["\(state.memory.count) blocks"])
        + (state.modules == 0 ? [] : ["\(state.modules) modules"])
        + (state.streams == 0 ? [] : ["\(state.streams) streams"])
        + (state.contexts == 0 ? [] : ["\(state.contexts) contexts"])
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
        stream.pointee = Self.handle(2)
        return self.note("createStream") { $0.streams += 1 }
      },
      destroyStream: { _ in self.note("destroyStream") { $0.streams -= 1 } },
      synchronize: { _ in self.note("synchronize") },
      allocate: { address, count in
        self.note("allocate") { state in
          let block = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
          block.initializeMemory(as: UInt8.self, repeating: 0, count: count)
          address.pointee = UInt64(UInt(bitPattern: block))
          state.memory[address.pointee] = block
        }
      },
      free: { address in
        self.note("free") { $0.memory.removeValue(forKey: address)?.deallocate() }
      },
      upload: { target, source, count, _ in
        self.note("upload \(count)") { _ in
          UnsafeMutableRawPointer(bitPattern: UInt(target))!.copyMemory(
            from: source, byteCount: count)
        }
      },
      download: { target, source, count, _ in
        self.note("download \(count)") { _ in
          target.copyMemory(
            from: UnsafeRawPointer(bitPattern: UInt(source))!, byteCount: count)
        }
      },
      fill: { address, byte, count, _ in
        self.note("fill") { _ in
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
      launch: { function, groups, threads, _, _ in
        let name = self.withState { $0.functions[UInt(bitPattern: function)] ?? "?" }
        return self.note("launch \(name) \(groups)x\(threads)")
      },
      errorText: { _, text in
        text.pointee = UnsafePointer(Self.outOfMemory)
        return 0
      })
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
    let properties = AcceleratorProperties(
      interface: "CUDA", name: "stand-in", memory: 1 << 30, largestBlock: 1 << 30,
      capability: "compute capability 9.0", driverVersion: "12.4", hasDouble: true,
      multiprocessors: 1)
    let driver = try CUDADriver(
      library, device: 0, properties, architecture: 90, cache: cache,
      compiler: { text, architecture in
        _ = self.note("compile sm_\(architecture)")
        return try compiler(text, architecture)
      }, products: products)
    return try Accelerator(driver, name: .local("GPU", 0))
  }
}
