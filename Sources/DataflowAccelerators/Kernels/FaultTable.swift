import DataflowRuntime
import Tensors

/// Where kernels report what they cannot do: a number for each step that may, the lowest that one of its
/// threads has given.
final class FaultTable: Sendable {
  private static let length = 1024
  private static let none = Int32.max

  /// What a part of the table, as long as a block of memory, is known to hold.
  private final class Part {
    let block: any DeviceBlock
    let copy: any StagingBlock
    var found = Array(repeating: FaultTable.none, count: FaultTable.length)
    var free = Array((0..<FaultTable.length).reversed())

    init(_ driver: any AcceleratorDriver) throws {
      copy = try driver.makeStagingBlock(byteCount: 4 * FaultTable.length)
      block = try driver.allocate(byteCount: copy.byteCount)
      for number in numbers.indices { numbers[number] = FaultTable.none }
      try driver.upload(copy.base, to: block.base, byteCount: copy.byteCount)
    }

    var numbers: UnsafeMutableBufferPointer<Int32> {
      UnsafeMutableBufferPointer(
        start: copy.base.assumingMemoryBound(to: Int32.self), count: FaultTable.length)
    }

    var isUsed: Bool { free.count < FaultTable.length }
  }

  private struct Contents: @unchecked Sendable {
    // Used under the lock only.
    var parts: [Part] = []
  }

  private let driver: any AcceleratorDriver
  private let contents = Guarded(Contents())

  init(_ driver: any AcceleratorDriver) { self.driver = driver }

  func makeSite() throws -> FaultSite {
    try contents.withLock { contents in
      if !contents.parts.contains(where: { !$0.free.isEmpty }) {
        contents.parts.append(try Part(driver))
      }
      let number = contents.parts.firstIndex { !$0.free.isEmpty }!
      let part = contents.parts[number]
      let place = part.free.removeLast()
      part.found[place] = Self.none
      return FaultSite(self, number, place, part.block.base + 4 * place)
    }
  }

  fileprivate func free(_ part: Int, _ place: Int) {
    contents.withLock { $0.parts[part].free.append(place) }
  }

  fileprivate func take(_ part: Int, _ place: Int) -> Int? {
    contents.withLock { contents in
      let number = contents.parts[part].found[place]
      contents.parts[part].found[place] = Self.none
      return number == Self.none ? nil : Int(number)
    }
  }

  /// Reads the table while `wait` waits for everything that was asked for.
  func collect(_ wait: () throws -> Void) throws {
    try contents.withLock { contents in
      let used = contents.parts.filter(\.isUsed)
      for part in used {
        try driver.download(
          part.block.base, to: part.copy.base, byteCount: part.copy.byteCount)
      }
      try wait()
      for part in used {
        for place in part.numbers.indices where part.numbers[place] != Self.none {
          part.found[place] = min(part.found[place], part.numbers[place])
          try clear(place, of: part)
        }
      }
    }
  }

  /// Clears that place alone: kernels of other sessions may be reporting into others. The copy stays as it is
  /// until the table is read again, after this is done.
  private func clear(_ place: Int, of part: Part) throws {
    part.numbers[place] = Self.none
    try driver.upload(part.copy.base + 4 * place, to: part.block.base + 4 * place, byteCount: 4)
  }
}

/// A step's place in the table.
final class FaultSite {
  /// Where the step's kernels report.
  let address: UnsafeMutableRawPointer
  private let table: FaultTable
  private let part: Int
  private let place: Int

  fileprivate init(
    _ table: FaultTable, _ part: Int, _ place: Int, _ address: UnsafeMutableRawPointer
  ) {
    (self.table, self.part, self.place, self.address) = (table, part, place, address)
  }

  deinit { table.free(part, place) }

  /// The lowest number that was reported since the last call, nil where none was.
  func take() -> Int? { table.take(part, place) }
}
