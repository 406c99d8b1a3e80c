import Foundation
import ProtobufWire
import Tensors
import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct TensorFlowCheckpointTests {
  // MARK: Files made here

  private typealias Entry = (key: [UInt8], value: [UInt8])

  /// A block as LevelDB writes it, with its trailer.
  private static func block(_ entries: [Entry]) -> [UInt8] {
    var bytes: [UInt8] = []
    var last: [UInt8] = []
    for (key, value) in entries {
      let shared = zip(key, last).prefix { $0 == $1 }.count
      bytes += [UInt8(shared), UInt8(key.count - shared), UInt8(value.count)]
      bytes += key.dropFirst(shared) + value
      last = key
    }
    bytes += [0, 0, 0, 0, 1, 0, 0, 0, 0]
    return bytes + CRC32C.masked(CRC32C.checksum(bytes)).bytes
  }

  private static func handle(_ offset: Int, _ size: Int) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.varint(UInt64(offset))
    writer.varint(UInt64(size))
    return writer.bytes
  }

  private static func table(_ entries: [Entry]) -> [UInt8] {
    let data = block(entries)
    let index = block([(entries.last!.key, handle(0, data.count - 5))])
    var footer = handle(0, 0) + handle(data.count, index.count - 5)
    footer += Array(repeating: 0, count: 40 - footer.count)
    return data + index + footer + [0x57, 0xFB, 0x80, 0x8B, 0x24, 0x75, 0x47, 0xDB]
  }

  /// An entry's message, with the sizes of its dimensions below 128.
  private static func entry(
    type: UInt8, _ dimensions: [UInt8], offset: Int, _ content: [UInt8], slices: [UInt8] = []
  ) -> [UInt8] {
    let shape = dimensions.flatMap { size -> [UInt8] in [0x12, 2, 0x08, size] }
    var bytes = [0x08, type, 0x12, UInt8(shape.count)] + shape
    bytes += [0x20, UInt8(offset), 0x28, UInt8(content.count), 0x35]
    return bytes + CRC32C.masked(CRC32C.checksum(content)).bytes + slices
  }

  /// `w`, float [3]; `halves`, half [4]; `parts`, int32 [2, 3] in two parts, the right one first.
  private static let data: [UInt8] = {
    let floats: [Float] = [1, -2.5, .infinity]
    let halves: [UInt8] = [0x00, 0x3C, 0x01, 0x00, 0x00, 0xFC, 0xFF, 0xFB]
    let parts: [UInt32] = [3, 6, 1, 2, 4, 5]
    let numbers: [UInt32] = floats.map { $0.bitPattern }
    return numbers.flatMap { $0.bytes } + halves + parts.flatMap { $0.bytes }
  }()

  private static var index: [UInt8] {
    let slices: [UInt8] = [
      0x3A, 8, 0x0A, 0, 0x0A, 4, 0x08, 2, 0x10, 1, 0x3A, 6, 0x0A, 0, 0x0A, 2, 0x10, 2,
    ]
    func part(_ start: UInt8, _ length: UInt8) -> [UInt8] {
      let numbers: [UInt8] = [0, 1, 1, 2, 0x80, 0x7F, 0x80 ^ start, length]
      return [0] + Array("parts".utf8) + numbers
    }
    func entry(_ type: UInt8, _ dimensions: [UInt8], _ range: Range<Int>) -> [UInt8] {
      Self.entry(type: type, dimensions, offset: range.lowerBound, Array(data[range]))
    }
    let whole = Self.entry(type: 3, [2, 3], offset: 0, [], slices: slices)
    let entries: [Entry] = [
      ([], [0x08, 1]),
      (part(0, 0x82), entry(3, [2, 2], 28..<44)),
      (part(2, 0x81), entry(3, [2, 1], 20..<28)),
      (Array("halves".utf8), entry(19, [4], 12..<20)),
      (Array("parts".utf8), whole),
      (Array("w".utf8), entry(1, [3], 0..<12)),
    ]
    return table(entries)
  }

  private func written(
    _ folder: TemporaryFolder, index: [UInt8] = Self.index, data: [UInt8] = Self.data
  ) throws -> URL {
    _ = try folder.write(index, to: "model.index")
    _ = try folder.write(data, to: "model.data-00000-of-00001")
    return folder.file("model")
  }

  @Test func wholeAndPartedVariablesAreRead() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try TensorFlowCheckpoint(try written(folder))
    #expect(checkpoint.variables.map(\.name) == ["halves", "parts", "w"])
    #expect(checkpoint.variables.map(\.partCount) == [1, 2, 1])
    #expect(try checkpoint.tensor("w") == Tensor([1, -2.5, .infinity] as [Float]))
    let halves = try checkpoint.tensor("halves")
    #expect(halves == Tensor([1, 0x1p-24, -.infinity, -65504] as [Float]))
    let parts = try checkpoint.tensor("parts")
    #expect(parts == Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Int32]))
  }

  @Test func everyChangedBitIsFound() throws {
    let folder = try TemporaryFolder()
    for (bit, index) in Self.index.withEachBitFlipped {
      // The place of a block that nobody reads is not protected, nor is what pads the footer.
      if bit / 8 >= index.count - 48 && bit / 8 < index.count - 8 { continue }
      let prefix = try written(folder, index: index)
      #expect(throws: FormatError.self, "bit \(bit)") {
        let checkpoint = try TensorFlowCheckpoint(prefix)
        for variable in checkpoint.variables { _ = try checkpoint.tensor(variable.name) }
      }
    }
    for (bit, data) in Self.data.withEachBitFlipped {
      let checkpoint = try TensorFlowCheckpoint(try written(folder, data: data))
      #expect(throws: FormatError.self, "bit \(bit)") {
        for variable in checkpoint.variables { _ = try checkpoint.tensor(variable.name) }
      }
    }
  }

  @Test func everyCutIsFound() throws {
    let folder = try TemporaryFolder()
    for count in 0..<Self.index.count {
      let prefix = try written(folder, index: Array(Self.index[..<count]))
      #expect(throws: FormatError.self, "\(count)") { try TensorFlowCheckpoint(prefix) }
    }
    let short = try TensorFlowCheckpoint(try written(folder, data: Array(Self.data.dropLast())))
    let error = #expect(throws: FormatError.self) { try short.tensor("parts") }
    #expect(error?.message == "is 43 bytes long; 16 bytes from 28 are wanted")
  }

  @Test func mistakesAreNamed() throws {
    let folder = try TemporaryFolder()
    let prefix = try written(folder)
    let checkpoint = try TensorFlowCheckpoint(prefix)
    #expect(throws: FormatError(file: prefix.path, "holds no variable v")) {
      try checkpoint.tensor("v")
    }
    #expect(
      throws: FormatError(
        file: prefix.path, "w is of type DT_FLOAT, which has no tensors here")
    ) { try checkpoint.strings("w") }
    let text = try folder.write("something else", to: "other.index")
    let error = #expect(throws: FormatError.self) {
      try TensorFlowCheckpoint(folder.file("other"))
    }
    #expect(
      error?.description
        == "\(text.path): is no table of LevelDB's: it does not end with the magic number")
    #expect(throws: FormatError(file: folder.file("none.index").path, "cannot be read")) {
      try TensorFlowCheckpoint(folder.file("none"))
    }
  }

  // MARK: TensorFlow's own file

  /// The arrays of an uncompressed `.npz` file by their names.
  private func arrays(_ file: URL) throws -> [String: [UInt8]] {
    let bytes = [UInt8](try Data(contentsOf: file))
    func number(_ place: Int, _ size: Int) -> Int {
      bytes[place..<place + size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var arrays: [String: [UInt8]] = [:]
    var place = 0
    while bytes[place...].starts(with: [0x50, 0x4B, 3, 4]) {
      let (nameLength, extraLength) = (number(place + 26, 2), number(place + 28, 2))
      let name = String(decoding: bytes[(place + 30)..<(place + 30 + nameLength)], as: UTF8.self)
      var size = number(place + 18, 4)
      // Sizes of 64 bits stand in the extra field.
      if size == 0xFFFF_FFFF { size = number(place + 30 + nameLength + 12, 8) }
      let start = place + 30 + nameLength + extraLength
      arrays[String(name.dropLast(4))] = Array(bytes[start..<start + size])
      place = start + size
    }
    return arrays
  }

  @Test(.enabled(if: Golden.isPresent)) func variablesAreWhatTensorFlowSaved() throws {
    let checkpoint = try TensorFlowCheckpoint(
      Golden.url("tensorflow/checkpoint/model.ckpt-10"))
    let expected = try arrays(Golden.url("tensorflow/checkpoint/expected.npz"))
    let folder = try TemporaryFolder()
    var compared = 0
    for variable in checkpoint.variables where variable.dataType != .string {
      let name = variable.name.replacing("/", with: "__")
      let bytes = try #require(expected[name])
      let found = try checkpoint.tensor(variable.name)
      #expect(found.shape.dimensions == variable.dimensions)
      if variable.dataType == .half {
        #if !(os(macOS) && arch(x86_64))
          let content = bytes.suffix(2 * found.elementCount)
          let halves = stride(from: content.startIndex, to: content.endIndex, by: 2).map {
            Float(Float16(bitPattern: UInt16(content[$0]) | UInt16(content[$0 + 1]) << 8))
          }
          #expect(found.scalars(as: Float.self) == halves)
        #endif
      } else {
        #expect(found == (try NumPyFile.read(try folder.write(bytes, to: "a.npy"))))
      }
      compared += 1
    }
    #expect(compared == expected.count && compared == 11)
    #expect(checkpoint.variables.first { $0.name == "big_partitioned" }?.partCount == 2)
    let strings = try checkpoint.strings("text")
    #expect(strings == [Array("abc".utf8), [], [0, 0xFF] + Array(" long string".utf8)])
  }

  // MARK: Writing

  @Test func whatIsWrittenIsReadAgain() throws {
    let folder = try TemporaryFolder()
    var tensors: [String: Tensor] = [
      "b/weights": Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float]),
      "b": Tensor(2.5), "global_step": Tensor(Int64(1) << 40), "none": Tensor([] as [Float]),
      "ü": Tensor([true, false]),
    ]
    // More than one block of the index.
    for index in 0..<3000 { tensors["many/\(index)"] = Tensor([Int32(index)]) }
    try TensorFlowCheckpoint.write(tensors, to: folder.file("model.ckpt-5"))
    let checkpoint = try TensorFlowCheckpoint(folder.file("model.ckpt-5"))
    #expect(checkpoint.variables.count == tensors.count)
    for (name, tensor) in tensors { #expect(try checkpoint.tensor(name) == tensor) }
    #expect(try folder.names == ["model.ckpt-5.data-00000-of-00001", "model.ckpt-5.index"])
  }
}
