import Testing

@testable import Tensors

@Suite struct PhiloxGeneratorTests {
  /// The known answers of the Random123 library.
  @Test func knownAnswers() {
    #expect(
      PhiloxGenerator.block(key: 0, stream: 0, index: 0)
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      PhiloxGenerator.block(key: .max, stream: .max, index: .max)
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
  }

  @Test(arguments: [0, 1, 3, 4, 7]) func stateResumes(drawn: Int) {
    var generator = PhiloxGenerator(seed: 42, stream: 7)
    for _ in 0..<drawn { _ = generator.nextWord() }
    var resumed = PhiloxGenerator(state: generator.state)
    for _ in 0..<9 { #expect(generator.nextWord() == resumed.nextWord()) }
  }

  @Test func uniformNumbersFillTheUnitInterval() {
    var generator = PhiloxGenerator(seed: 1)
    let numbers = (0..<10_000).map { _ in generator.uniform() }
    #expect(numbers.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(numbers.reduce(0, +) / 10_000 - 0.5) < 0.01)
  }
}
