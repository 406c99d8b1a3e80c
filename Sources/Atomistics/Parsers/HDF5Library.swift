import Dataflow
import Foundation

/// Reads HDF5 files through the library that a machine may have: groups by name, arrays of numbers and of
/// texts.
///
/// The library is not made for several threads: one call at a time goes to it.
final class HDF5File {
  private static let lock = NSRecursiveLock()
  private let library: HDF5Library
  private let file: Int64
  private let path: String

  /// - Throws: `AtomisticsError` where there is no library or the file is none of HDF5's.
  init(_ url: URL) throws {
    guard FileManager.default.isReadableFile(atPath: url.path) else {
      throw AtomisticsError(file: url.path, found: "no readable file", allowed: "an HDF5 file")
    }
    let library = try HDF5Library.shared(for: url)
    let file = Self.lock.withLock { url.path.withCString { library.fileOpen($0, 0, 0) } }
    guard file >= 0 else {
      throw AtomisticsError(file: url.path, found: "no HDF5 file", allowed: "an HDF5 file")
    }
    self.library = library
    self.file = file
    path = url.path
  }

  deinit { _ = Self.lock.withLock { library.fileClose(file) } }

  /// The groups that hold what they should, by their paths, in the order of their names.
  func groups(where isWanted: ([String]) -> Bool) throws -> [String] {
    var found: [String] = []
    func walk(_ path: String) throws {
      let names = try members(of: path)
      if isWanted(names) { found.append(path) }
      for name in names {
        let inner = path == "/" ? "/\(name)" : "\(path)/\(name)"
        if try isGroup(inner) { try walk(inner) }
      }
    }
    try walk("/")
    return found
  }

  /// What is in a group.
  func members(of group: String) throws -> [String] {
    Self.lock.lock()
    defer { Self.lock.unlock() }
    let id = try open(group)
    defer { _ = library.objectClose(id) }
    var names: [String] = []
    while true {
      let index = UInt64(names.count)
      let length = library.nameByIndex(id, ".", 0, 0, index, nil, 0, 0)
      if length < 0 { return names }
      var name = [CChar](repeating: 0, count: length + 1)
      _ = library.nameByIndex(id, ".", 0, 0, index, &name, name.count, 0)
      names.append(
        String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
  }

  private func isGroup(_ path: String) throws -> Bool {
    Self.lock.lock()
    defer { Self.lock.unlock() }
    let id = try open(path)
    defer { _ = library.objectClose(id) }
    return library.objectType(id) == HDF5Library.group
  }

  private func open(_ path: String) throws -> Int64 {
    let id = path.withCString { library.objectOpen(file, $0, 0) }
    guard id >= 0 else {
      throw wrong(path, "nothing that can be opened", allowed: "a group or an array")
    }
    return id
  }

  /// The sizes and elements of an array of numbers.
  func numbers(_ path: String) throws -> (shape: [Int], elements: [Double]) {
    Self.lock.lock()
    defer { Self.lock.unlock() }
    let id = try open(path)
    defer { _ = library.objectClose(id) }
    let shape = try shape(id, path)
    let type = library.dataType(id)
    defer { _ = library.typeClose(type) }
    guard [0, 1].contains(library.typeClass(type)) else {
      throw wrong(path, "no numbers", allowed: "an array of numbers")
    }
    var elements = [Double](repeating: 0, count: shape.reduce(1, *))
    guard elements.isEmpty || library.read(id, library.nativeDouble, 0, 0, 0, &elements) >= 0 else {
      throw wrong(path, "an array that cannot be read", allowed: "a whole file")
    }
    return (shape, elements)
  }

  /// Whether an array is one of texts.
  func holdsTexts(_ path: String) throws -> Bool {
    Self.lock.lock()
    defer { Self.lock.unlock() }
    let id = try open(path)
    defer { _ = library.objectClose(id) }
    let type = library.dataType(id)
    defer { _ = library.typeClose(type) }
    return library.typeClass(type) == HDF5Library.text
  }

  /// The elements of an array of texts.
  func texts(_ path: String) throws -> [String] {
    Self.lock.lock()
    defer { Self.lock.unlock() }
    let id = try open(path)
    defer { _ = library.objectClose(id) }
    let count = try shape(id, path).reduce(1, *)
    let type = library.dataType(id)
    defer { _ = library.typeClose(type) }
    guard library.typeClass(type) == HDF5Library.text else {
      throw wrong(path, "no texts", allowed: "an array of texts")
    }
    let size = library.typeSize(type)
    let isVariable = library.isVariableText(type) > 0
    var bytes = [UInt8](repeating: 0, count: count * size)
    guard count == 0 || library.read(id, type, 0, 0, 0, &bytes) >= 0 else {
      throw wrong(path, "an array that cannot be read", allowed: "a whole file")
    }
    return bytes.withUnsafeBytes { buffer in
      (0..<count).map { index in
        if isVariable {
          // The library's own memory, which lives as long as the process.
          let text = buffer.loadUnaligned(
            fromByteOffset: index * size, as: UnsafePointer<CChar>?.self)
          return text.map { String(cString: $0) } ?? ""
        }
        let field = buffer[index * size..<(index + 1) * size].prefix { $0 != 0 }
        return String(decoding: field, as: UTF8.self).trimmingCharacters(in: .whitespaces)
      }
    }
  }

  private func shape(_ id: Int64, _ path: String) throws -> [Int] {
    let space = library.dataSpace(id)
    guard space >= 0 else { throw wrong(path, "a group", allowed: "an array") }
    defer { _ = library.spaceClose(space) }
    let rank = Int(library.rank(space))
    guard rank > 0 else { return [] }
    var sizes = [UInt64](repeating: 0, count: rank)
    _ = library.sizes(space, &sizes, nil)
    return sizes.map { Int($0) }
  }

  private func wrong(_ key: String, _ found: String, allowed: String) -> AtomisticsError {
    AtomisticsError(file: path, key: key, found: found, allowed: allowed)
  }
}

/// The functions of libhdf5, version 1.10 or later, that `HDF5File` needs.
private struct HDF5Library {
  static let group: Int32 = 2
  static let text: Int32 = 3

  typealias Open = @convention(c) (Int64, UnsafePointer<CChar>, Int64) -> Int64
  typealias Close = @convention(c) (Int64) -> Int32
  typealias Get = @convention(c) (Int64) -> Int64

  let fileOpen: @convention(c) (UnsafePointer<CChar>, UInt32, Int64) -> Int64
  let fileClose: Close
  let objectOpen: Open
  let objectClose: Close
  let objectType: @convention(c) (Int64) -> Int32
  let nameByIndex:
    @convention(c) (
      Int64, UnsafePointer<CChar>, Int32, Int32, UInt64, UnsafeMutablePointer<CChar>?, Int, Int64
    ) -> Int
  let dataSpace: Get
  let dataType: Get
  let spaceClose: Close
  let typeClose: Close
  let typeClass: Close
  let typeSize: @convention(c) (Int64) -> Int
  let isVariableText: Close
  let rank: Close
  let sizes:
    @convention(c) (Int64, UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>?) -> Int32
  let read: @convention(c) (Int64, Int64, Int64, Int64, Int64, UnsafeMutableRawPointer) -> Int32
  let nativeDouble: Int64

  private static let names =
    ["libhdf5.so", "libhdf5_serial.so"]
    + ["103", "200", "310", "320"].flatMap { ["libhdf5.so.\($0)", "libhdf5_serial.so.\($0)"] }
    + ["libhdf5.dylib"]

  private static let found = Result { () throws -> HDF5Library? in
    try DynamicLibrary(names).map(HDF5Library.init)
  }

  static func shared(for url: URL) throws -> HDF5Library {
    do {
      if let library = try found.get() { return library }
    } catch let error as FormatError {
      throw AtomisticsError(file: url.path, found: error.message, allowed: "libhdf5 1.10 or later")
    }
    throw AtomisticsError(
      file: url.path, found: "no library libhdf5 on this machine, which reads such files",
      allowed:
        "libhdf5 (Debian and Ubuntu: apt install libhdf5-103-1) where the system finds libraries")
  }

  private init(_ library: DynamicLibrary) throws {
    func function<T>(_ name: String, _ type: T.Type = T.self) throws -> T {
      try library.function(name, as: T.self)
    }
    // Files are only read: there is nothing to clean up at the end, where the library stumbles over damaged ones
    // and says so.
    let leaveAlone: @convention(c) () -> Int32 = try function("H5dont_atexit")
    _ = leaveAlone()
    let open: @convention(c) () -> Int32 = try function("H5open")
    _ = open()
    // Errors are told by this program, not printed by the library.
    let silence: @convention(c) (Int64, UnsafeRawPointer?, UnsafeRawPointer?) -> Int32 =
      try function("H5Eset_auto2")
    _ = silence(0, nil, nil)
    fileOpen = try function("H5Fopen")
    fileClose = try function("H5Fclose")
    objectOpen = try function("H5Oopen")
    objectClose = try function("H5Oclose")
    objectType = try function("H5Iget_type")
    nameByIndex = try function("H5Lget_name_by_idx")
    dataSpace = try function("H5Dget_space")
    dataType = try function("H5Dget_type")
    spaceClose = try function("H5Sclose")
    typeClose = try function("H5Tclose")
    typeClass = try function("H5Tget_class")
    typeSize = try function("H5Tget_size")
    isVariableText = try function("H5Tis_variable_str")
    rank = try function("H5Sget_simple_extent_ndims")
    sizes = try function("H5Sget_simple_extent_dims")
    read = try function("H5Dread")
    nativeDouble = try library.address(of: "H5T_NATIVE_DOUBLE_g").load(as: Int64.self)
  }
}
