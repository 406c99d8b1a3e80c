import DataflowRuntime
import Tensors

/// One device's memory and kernels, with a look at what kernels have reported whenever it is waited for.
final class AcceleratorQueue: DeviceMemory {
  let driver: any AcceleratorDriver
  private let faults: FaultTable
  private let staging: Staging
  private let ahead: CopiesAhead
  private let programs = Guarded(Programs())

  /// A kernel's text, and how wide its places are.
  private struct Text: Hashable {
    let source: String
    let isWide: Bool
  }

  private struct Programs {
    /// What was compiled, and the number that each text's kernels have in it.
    var compiled: [Text: (program: any AcceleratorProgram, number: Int)] = [:]
    /// What will be wanted.
    var pending: [String] = []
  }

  init(_ driver: any AcceleratorDriver) throws {
    self.driver = driver
    faults = FaultTable(driver)
    staging = Staging(driver)
    ahead = CopiesAhead(driver)
  }

  /// Notes a text that will be wanted soon. Compilers take most of their time for beginning at all, so a
  /// plan's texts are compiled together.
  func expect(_ source: String) {
    programs.withLock { programs in
      let text = Text(source: source, isWide: false)
      guard programs.compiled[text] == nil, !programs.pending.contains(source) else { return }
      programs.pending.append(source)
    }
  }

  /// A kernel of a text, which is compiled once, for one caller.
  func makeKernel(
    _ name: String, of source: String, isWide: Bool
  ) throws -> any AcceleratorKernel {
    try programs.withLock { programs in
      let text = Text(source: source, isWide: isWide)
      if programs.compiled[text] == nil { try compile(text, &programs) }
      let (program, number) = programs.compiled[text]!
      return try program.makeKernel("\(name)_\(number)")
    }
  }

  private func compile(_ text: Text, _ programs: inout Programs) throws {
    var sources = [text.source]
    if !text.isWide, programs.pending.contains(text.source) {
      sources = programs.pending
      programs.pending = []
    }
    let numbered = sources.enumerated().map { number, source in
      source.replacing("KERNEL(", with: "NUMBERED_KERNEL(\(number), ")
    }
    let prelude = "#define NUMBERED_KERNEL(number, name) KERNEL(name##_##number)\n"
    let program = try driver.compile(prelude + numbered.joined(), isWide: text.isWide)
    for (number, source) in sources.enumerated() {
      programs.compiled[Text(source: source, isWide: text.isWide)] = (program, number)
    }
  }

  func makeFaultSite() throws -> FaultSite { try faults.makeSite() }

  func allocate(byteCount: Int) throws -> any DeviceBlock {
    do {
      return try driver.allocate(byteCount: byteCount)
    } catch {
      // What is there before its time need not be.
      guard ahead.giveUp() else { throw error }
      return try driver.allocate(byteCount: byteCount)
    }
  }

  func sendAhead(_ tensors: [Tensor]) -> (any TensorsAhead)? { ahead.send(tensors) }

  func upload(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    if try ahead.move(source, to: target, byteCount: byteCount) { return }
    try staging.upload(source, to: target, byteCount: byteCount)
  }

  func download(
    _ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, byteCount: Int
  ) throws {
    try staging.download(source, to: target, byteCount: byteCount)
  }

  func fill(_ block: any DeviceBlock, with byte: UInt8) throws {
    try driver.fill(block, with: byte)
  }

  func record(_ body: () throws -> Void) throws -> (any DeviceRecording)? {
    try driver.record(body)
  }

  func synchronize() throws {
    try ahead.release { try faults.collect { try staging.synchronize() } }
  }
}
