import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Compiled kernels in a folder: files named after what they were compiled of and for. What cannot be read or
/// written is compiled again.
struct KernelCache: Sendable {
  /// What a compiled kernel depends on.
  struct Key {
    let text: String

    init(_ properties: AcceleratorProperties, options: String, text: String) {
      let parts = [
        properties.interface, properties.name, properties.capability, properties.driverVersion,
        properties.libraries.joined(separator: ","), options, text,
      ]
      self.text = parts.joined(separator: "\n")
    }

    /// Two different sums of the text's bytes, 128 bits in all (Fowler, Noll and Vo's).
    var name: String {
      func sum(_ start: UInt64) -> String {
        let hash = text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(repeating: "0", count: hash.leadingZeroBitCount / 4) + String(hash, radix: 16)
      }
      return sum(0xCBF2_9CE4_8422_2325) + sum(0x6C62_272E_07BB_0142)
    }
  }

  let folder: String

  /// The folder of the user's caches: `$XDG_CACHE_HOME/panna` or `~/.cache/panna`.
  static var ofUser: KernelCache? {
    if let folder = environmentValue("XDG_CACHE_HOME"), folder.hasPrefix("/") {
      return KernelCache(folder: "\(folder)/panna/kernels")
    }
    return environmentValue("HOME").map { KernelCache(folder: "\($0)/.cache/panna/kernels") }
  }

  private func path(_ key: Key) -> String { "\(folder)/\(key.name)" }

  /// The compiled kernel, behind the text it is of.
  func read(_ key: Key) -> [UInt8]? {
    guard let file = fopen(path(key), "r") else { return nil }
    defer { fclose(file) }
    var contents: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&piece, 1, piece.count, file)
      guard count > 0 else { break }
      contents += piece[..<count]
    }
    let expected = Array(key.text.utf8) + [0]
    guard contents.count > expected.count, contents.starts(with: expected) else { return nil }
    return Array(contents.dropFirst(expected.count))
  }

  /// Writes a file whole, under a name that nobody else uses first.
  func write(_ binary: [UInt8], _ key: Key) {
    makeFolders()
    let part = "\(path(key)).\(getpid()).\(UInt32.random(in: 0...(.max))).part"
    guard let file = fopen(part, "w") else { return }
    let contents = Array(key.text.utf8) + [0] + binary
    let written = fwrite(contents, 1, contents.count, file)
    if fclose(file) == 0, written == contents.count, rename(part, path(key)) == 0 { return }
    unlink(part)
  }

  private func makeFolders() {
    let names = folder.split(separator: "/")
    for count in 1...max(1, names.count) {
      mkdir("/" + names.prefix(count).joined(separator: "/"), 0o755)
    }
  }
}
