/// The hash that names examples: SHA-224 (FIPS 180-4).
public enum SHA224 {
  /// The digest as 56 hexadecimal digits.
  public static func hexadecimal(_ message: some Sequence<UInt8>) -> String {
    digest(message).map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  private static func digest(_ message: some Sequence<UInt8>) -> [UInt32] {
    var state: [UInt32] = [
      0xC105_9ED8, 0x367C_D507, 0x3070_DD17, 0xF70E_5939, 0xFFC0_0B31, 0x6858_1511, 0x64F9_8FA7,
      0xBEFA_4FA4,
    ]
    var bytes = Array(message)
    let bits = UInt64(bytes.count) * 8
    bytes.append(0x80)
    while bytes.count % 64 != 56 { bytes.append(0) }
    for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(bits >> shift & 0xFF)) }
    for start in stride(from: 0, to: bytes.count, by: 64) {
      update(&state, with: bytes[start..<start + 64])
    }
    return Array(state.dropLast())
  }

  private static func update(_ state: inout [UInt32], with block: ArraySlice<UInt8>) {
    func rotate(_ x: UInt32, _ count: UInt32) -> UInt32 { x >> count | x << (32 - count) }
    var schedule = stride(from: block.startIndex, to: block.endIndex, by: 4).map { place in
      (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[place + $1]) }
    }
    for index in 16..<64 {
      let (x, y) = (schedule[index - 15], schedule[index - 2])
      let first = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3
      let second = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10
      schedule.append(schedule[index - 16] &+ first &+ schedule[index - 7] &+ second)
    }
    var w = state
    for index in 0..<64 {
      let (a, e) = (w[0], w[4])
      let choice = e & w[5] ^ ~e & w[6]
      let majority = a & w[1] ^ a & w[2] ^ w[1] & w[2]
      let first =
        w[7] &+ (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) &+ choice &+ constants[index]
        &+ schedule[index]
      let second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) &+ majority
      w = [first &+ second, a, w[1], w[2], w[3] &+ first, e, w[5], w[6]]
    }
    for index in 0..<8 { state[index] = state[index] &+ w[index] }
  }

  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
