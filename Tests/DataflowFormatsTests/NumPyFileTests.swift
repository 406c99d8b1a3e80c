import Foundation
import Tensors
import TestSupport
import Testing

@testable import DataflowFormats

@Suite struct NumPyFileTests {
  /// What `numpy.save` of NumPy 2.4 writes: the text is padded to 118 bytes.
  private static func file(
    _ descriptor: String, _ shape: String, order: String = "False", version: UInt8 = 1,
    _ data: [UInt8]
  ) -> [UInt8] {
    let text = "{'descr': '\(descriptor)', 'fortran_order': \(order), 'shape': \(shape), }"
    let size = 118 - (version == 1 ? 0 : 2)
    let header = text.padding(toLength: size - 1, withPad: " ", startingAt: 0) + "\n"
    let length: [UInt8] = version == 1 ? [UInt8(size), 0] : [UInt8(size), 0, 0, 0]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
  }

  private static let cases: [(Tensor, [UInt8])] = [
    (
      Tensor(shape: [2, 1], scalars: [1, -2] as [Float]),
      file("<f4", "(2, 1)", [UInt8](hex: "0000803f 000000c0"))
    ),
    (Tensor(1.5 as Double), file("<f8", "()", [UInt8](hex: "000000000000f83f"))),
    (Tensor([258, -1] as [Int32]), file("<i4", "(2,)", [UInt8](hex: "02010000 ffffffff"))),
    (Tensor([-2] as [Int64]), file("<i8", "(1,)", [UInt8](hex: "feffffffffffffff"))),
    (Tensor([7, 255] as [UInt8]), file("|u1", "(2,)", [7, 255])),
    (Tensor([true, false]), file("|b1", "(2,)", [1, 0])),
    (Tensor(shape: [0, 3], scalars: [Float]()), file("<f4", "(0, 3)", [])),
  ]

  @Test(arguments: 0..<7) func bytesAreNumPys(index: Int) throws {
    let (tensor, bytes) = Self.cases[index]
    #expect(NumPyFile.encode(tensor) == bytes)
    #expect(try NumPyFile.decode(bytes) == tensor)
  }

  @Test func dataBeginAtAMultipleOf64() {
    for rank in 0..<30 {
      let tensor = Tensor(
        shape: Shape(Array(repeating: 1, count: rank)), scalars: [0] as [UInt8])
      #expect(NumPyFile.encode(tensor).count % 64 == 1)
    }
  }

  @Test func filesReturn() throws {
    let folder = try TemporaryFolder()
    let tensor = Tensor(shape: [3, 2], scalars: (0..<6).map { Float($0) })
    try NumPyFile.write(tensor, to: folder.file("w.npy"))
    #expect(try NumPyFile.read(folder.file("w.npy")) == tensor)
    #expect(try folder.names == ["w.npy"])
  }

  @Test func pipesAreReadToTheirEnd() throws {
    let pipe = Pipe()
    let (tensor, bytes) = Self.cases[0]
    try pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
    try pipe.fileHandleForWriting.close()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    #expect(try NumPyFile.read(URL(fileURLWithPath: path)) == tensor)
    #expect(throws: FormatError.self) { try NumPyFile.read(URL(fileURLWithPath: "/tmp")) }
  }

  @Test(arguments: [2, 3] as [UInt8]) func newerVersionsAreRead(version: UInt8) throws {
    let bytes = Self.file("<i4", "(2,)", version: version, [UInt8](hex: "02010000 ffffffff"))
    #expect(try NumPyFile.decode(bytes) == Tensor([258, -1] as [Int32]))
  }

  /// Element [i, j, k] of a column-major array is number i + 2 j + 6 k.
  @Test func columnMajorArraysAreTransposed() throws {
    let data = (0..<24).flatMap { [$0, 0, 0, 0] as [UInt8] }
    let tensor = try NumPyFile.decode(Self.file("<i4", "(2, 3, 4)", order: "True", data))
    var expected: [Int32] = []
    for i in 0..<2 {
      for j in 0..<3 { for k in 0..<4 { expected.append(Int32(i + 2 * j + 6 * k)) } }
    }
    #expect(tensor == Tensor(shape: [2, 3, 4], scalars: expected))
  }

  @Test func saysWhatIsWrong() throws {
    let good = Self.file("<f4", "(2,)", Array(repeating: 0, count: 8))
    var version = good
    version[6] = 4
    for (bytes, message) in [
      (Array(good.dropFirst()), "is no NumPy file: it does not begin with \\x93NUMPY"),
      (Array(good[..<11]), "ends within its header"),
      (Array(good[..<100]), "ends within its header, which has 128 of 100 bytes"),
      (version, "has format version 4.0; allowed: 1.0, 2.0, 3.0"),
      (Array(good.dropLast()), "holds 7 bytes of data, float[2] has 8"),
      (good + [0], "holds 9 bytes of data, float[2] has 8"),
      (
        Self.file(">f4", "(2,)", []),
        "holds elements of type >f4; allowed: <f4, <f8, <f2, <i4, <i8, |u1, |b1"
      ),
      (
        Self.file("<f4", "(2,)", order: "no", []),
        "has fortran_order no in its header; allowed: True, False"
      ),
      (
        Self.file("<f4", "(2, -1)", []),
        "has the shape (2, -1) in its header; allowed: whole numbers from 0"
      ),
      (
        Self.file("<f4", "(9000000000000000000, 3, 0)", []),
        "holds 0 bytes of data, float[9000000000000000000, 3, 0] has more than any file"
      ),
      (
        Self.file("|b1", "(3,)", [0, 1, 2]),
        "the truth value at element 2 is 2; allowed: 0, 1"
      ),
    ] {
      let error = #expect(throws: FormatError.self) { try NumPyFile.decode(bytes) }
      #expect(error?.message == message)
    }
  }

  /// Damage is an error or another array, never a trap.
  @Test func everyChangedBitOfTheHeaderIsSurvived() {
    let (tensor, bytes) = Self.cases[0]
    var errors = 0
    for (_, changed) in Array(bytes[..<72]).withEachBitFlipped {
      do {
        _ = try NumPyFile.decode(changed + bytes[72...])
      } catch {
        errors += 1
      }
    }
    #expect(errors > 300)
    #expect(tensor.elementCount == 2)
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func numPysFilesAreReadAndWrittenAlike() throws {
    let folder = Golden.url("panna/tests/evaluation/test_1")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)!
      .compactMap { $0 as? URL }.filter { $0.pathExtension == "npy" }
    #expect(!files.isEmpty)
    for file in files {
      let tensor = try NumPyFile.read(file)
      #expect(
        file.lastPathComponent.contains(
          tensor.shape.dimensions.map(String.init).joined(separator: "x")))
      let bytes = [UInt8](try Data(contentsOf: file))
      let written = NumPyFile.encode(tensor)
      #expect(written.suffix(tensor.byteCount) == bytes.suffix(tensor.byteCount))
    }
  }
}
