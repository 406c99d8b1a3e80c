#if os(Linux)
  import Glibc

  /// How often `body` asks for memory on this thread; one call at a time.
  ///
  /// Counts what the Swift runtime asks the C library for, which is all that Swift code asks for: the
  /// entries for `malloc` and its like in the table by which the runtime calls other libraries point
  /// to functions that count, from the first call on.
  public func allocationCount(of body: () throws -> Void) rethrows -> Int {
    isCounting
    count = 0
    countedThread = pthread_self()
    defer { countedThread = 0 }
    try body()
    return count
  }

  nonisolated(unsafe) private var countedThread: pthread_t = 0
  nonisolated(unsafe) private var count = 0

  private func note() {
    if countedThread != 0, pthread_self() == countedThread { count += 1 }
  }

  private typealias Pointer = UnsafeMutableRawPointer
  private typealias Allocate = @convention(c) (Int) -> Pointer?
  private typealias AllocateMany = @convention(c) (Int, Int) -> Pointer?
  private typealias AllocateAligned = @convention(c) (Pointer?, Int, Int) -> Int32

  nonisolated(unsafe) private var systemMalloc: Allocate!
  nonisolated(unsafe) private var systemCalloc: AllocateMany!
  nonisolated(unsafe) private var systemAlignedAlloc: AllocateMany!
  nonisolated(unsafe) private var systemMemalign: AllocateAligned!

  /// Puts the counting functions in place, once.
  private let isCounting: Void = {
    let countMalloc: Allocate = { size in
      note()
      return systemMalloc(size)
    }
    let countCalloc: AllocateMany = { number, size in
      note()
      return systemCalloc(number, size)
    }
    let countAlignedAlloc: AllocateMany = { alignment, size in
      note()
      return systemAlignedAlloc(alignment, size)
    }
    let countMemalign: AllocateAligned = { result, alignment, size in
      note()
      return systemMemalign(result, alignment, size)
    }
    for (name, slot) in SharedObject(containing: "swift_allocObject").imports() {
      switch name {
      case "malloc": exchange(slot, &systemMalloc, countMalloc)
      case "calloc": exchange(slot, &systemCalloc, countCalloc)
      case "aligned_alloc": exchange(slot, &systemAlignedAlloc, countAlignedAlloc)
      case "posix_memalign": exchange(slot, &systemMemalign, countMemalign)
      default: break
      }
    }
    precondition(systemMalloc != nil, "the Swift runtime does not call malloc")
  }()

  /// Lets an entry point to another function and keeps the one that it pointed to.
  private func exchange<Function>(_ slot: Pointer, _ old: inout Function?, _ new: Function) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let start = Pointer(bitPattern: UInt(bitPattern: slot) / UInt(page) * UInt(page))!
    precondition(mprotect(start, page, PROT_READ | PROT_WRITE) == 0, "the table is locked")
    old = slot.load(as: Function.self)
    slot.storeBytes(of: new, as: Function.self)
  }

  /// A library in memory, in the form of the System V ABI's chapters "Program Header" and "Dynamic
  /// Section", with eight-byte addresses.
  private struct SharedObject {
    private let base: Pointer
    private var entries: [Int: UInt] = [:]

    /// The library that a function is in.
    init(containing function: String) {
      // Name and start of the library, name and address of the symbol.
      var info: (Pointer?, Pointer?, Pointer?, Pointer?) = (nil, nil, nil, nil)
      let find = unsafeBitCast(
        dlsym(nil, "dladdr"), to: (@convention(c) (Pointer?, Pointer?) -> Int32).self)
      guard let symbol = dlsym(nil, function), find(symbol, &info) != 0, let start = info.1 else {
        preconditionFailure("no function \(function)")
      }
      base = start
      let headers = base + base.load(fromByteOffset: 32, as: Int.self)
      let dynamic = (0..<Int(base.load(fromByteOffset: 56, as: UInt16.self)))
        .map { headers + $0 * 56 }.first { $0.load(as: UInt32.self) == 2 }!
      var entry = base + dynamic.load(fromByteOffset: 16, as: Int.self)
      while entry.load(as: Int.self) != 0 {
        entries[entry.load(as: Int.self)] = entry.load(fromByteOffset: 8, as: UInt.self)
        entry += 16
      }
    }

    /// The names of what it calls in others, each with where the address is.
    func imports() -> [(name: String, slot: Pointer)] {
      // Relocations of calls and of data, their sizes in bytes, symbols and their names.
      relocations(23, bytes: 2) + relocations(7, bytes: 8)
    }

    private func relocations(_ table: Int, bytes: Int) -> [(name: String, slot: Pointer)] {
      guard let start = address(table), let symbols = address(6), let names = address(5)
      else { return [] }
      return stride(from: 0, to: Int(entries[bytes] ?? 0), by: 24).map { offset in
        let entry = start + offset
        let symbol = Int(entry.load(fromByteOffset: 8, as: UInt.self) >> 32)
        let name = names + Int((symbols + symbol * 24).load(as: UInt32.self))
        return (
          String(cString: name.assumingMemoryBound(to: CChar.self)),
          base + entry.load(as: Int.self)
        )
      }
    }

    private func address(_ tag: Int) -> Pointer? {
      entries[tag].flatMap { Pointer(bitPattern: $0) }
    }
  }
#endif
