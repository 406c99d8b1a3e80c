import Tensors

/// Bytes that were changed at random, as damage and malice change them.
public struct Mutations {
  private let seeds: [[UInt8]]
  private var generator: PhiloxGenerator
  /// What readers of texts stumble over.
  private static let words = [
    "-1", "0", "1e999", "nan", "-inf", "99999999999999999999", "4294967296", "\"", "'", "[", "]",
    "{", "}", "=",
    ",", "\n", "\0", "<", "</", "/>", "&", ":", ";", "#", "é", "(", ")", "%", "\\", " ",
  ].map { Array($0.utf8) }
  private static let numbers: [UInt64] = [
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, .max,
  ]

  /// - Parameter seeds: what is right, at least one.
  public init(of seeds: [[UInt8]], seed: UInt64) {
    self.seeds = seeds
    generator = PhiloxGenerator(seed: seed)
  }

  /// One of the seeds with one to four changes.
  public mutating func next() -> [UInt8] {
    var bytes = seeds[pick(seeds.count)]
    for _ in 0...pick(4) { change(&bytes) }
    return bytes
  }

  private mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(max(count, 1))) }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = pick(bytes.count + 1)
    let length = min(1 + pick(pick(2) == 0 ? 8 : 200), bytes.count - place)
    let range = place..<place + max(0, length)
    switch pick(9) {
    case 0: if place < bytes.count { bytes[place] ^= 1 << UInt8(pick(8)) }
    case 1: if place < bytes.count { bytes[place] = UInt8(pick(256)) }
    case 2: bytes.removeSubrange(range)
    case 3: bytes.insert(contentsOf: bytes[range], at: pick(bytes.count + 1))
    case 4: bytes.removeSubrange(place...)
    case 5: bytes.insert(contentsOf: Self.words[pick(Self.words.count)], at: place)
    case 6: bytes.replaceSubrange(range, with: Self.words[pick(Self.words.count)])
    case 7: overwrite(&bytes, place)
    default: splice(&bytes, place)
    }
  }

  /// Puts a number at the edge of its type in the place of one.
  private mutating func overwrite(_ bytes: inout [UInt8], _ place: Int) {
    let number = Self.numbers[pick(Self.numbers.count)]
    for byte in 0..<(1 << pick(4)) where place + byte < bytes.count {
      bytes[place + byte] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(byte)))
    }
  }

  /// Goes on as another seed does.
  private mutating func splice(_ bytes: inout [UInt8], _ place: Int) {
    let other = seeds[pick(seeds.count)]
    bytes.removeSubrange(place...)
    bytes += other[pick(other.count + 1)...]
  }
}
