import Testing

@testable import Tensors

@Suite struct HalfPrecisionTests {
  /// All numbers there are, by the instruction and from the bits, as the language converts them; also on threads that
  /// take the least numbers for zero, as those of sessions do.
  @Test(arguments: [false, true]) func everyNumberIsConvertedExactly(flushing: Bool) {
    for start in stride(from: 0, to: 1 << 16, by: 8) {
      let bits = SIMD8<UInt16>((0..<8).map { UInt16(start + $0) })
      // Where they lie need not be aligned.
      var bytes: [UInt8] = [0]
      withUnsafeBytes(of: bits) { bytes += $0 }
      func convert() -> [SIMD8<Float>] {
        [
          bytes.withUnsafeBytes { VectorMath.single($0.baseAddress! + 1) },
          VectorMath.singleFromBits(bits),
        ]
      }
      let found = flushing ? FloatingPointMode.flushing(convert) : convert()
      for lane in 0..<8 {
        let expected = Float(Float16(bitPattern: bits[lane]))
        for numbers in found {
          #expect(
            expected.isNaN
              ? numbers[lane].isNaN : numbers[lane].bitPattern == expected.bitPattern,
            "the number with bits \(bits[lane])")
        }
      }
    }
  }

  @Test func finiteNumbersAreTold() {
    for count in [0, 1, 15, 16, 17, 63, 64, 100, 150] {
      var numbers = [Float](repeating: 1, count: count + 1)
      func areFinite() -> Bool {
        numbers.withUnsafeBytes {
          // Also where numbers are not aligned.
          VectorMath.areFinite($0.baseAddress!, count: count, of: Float.self)
        }
      }
      #expect(areFinite())
      for place in 0..<count {
        for wrong in [Float.nan, .infinity, -.infinity] {
          numbers[place] = wrong
          #expect(!areFinite(), "\(wrong) at \(place) of \(count)")
          numbers[place] = -.greatestFiniteMagnitude
        }
      }
    }
  }

  @Test func unalignedNumbersAreChecked() {
    var bytes = [UInt8](repeating: 0, count: 4 * 40 + 1)
    for place in 0..<40 {
      func areFinite() -> Bool {
        bytes.withUnsafeBytes {
          VectorMath.areFinite($0.baseAddress! + 1, count: 40, of: Float.self)
        }
      }
      #expect(areFinite())
      withUnsafeBytes(of: Float.nan.bitPattern) { nan in
        for index in 0..<4 { bytes[1 + 4 * place + index] = nan[index] }
      }
      #expect(!areFinite(), "not a number at \(place)")
      for index in 0..<4 { bytes[1 + 4 * place + index] = 0 }
    }
  }
}
