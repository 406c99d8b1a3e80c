import Testing

@testable import ProgramSupport

@Suite("Ticks of plots")
struct PlotTicksTests {
  @Test(
    "linear ticks are multiples of 1, 2 or 5 times a power of ten",
    arguments: [
      (0.0, 10.0, 5, ["0", "2", "4", "6", "8", "10"]),
      (0, 1, 5, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
      (-4.336, -4.301, 5, ["−4.33", "−4.32", "−4.31"]),
      (-1, 1, 4, ["−1.0", "−0.5", "0.0", "0.5", "1.0"]),
      (0, 57000, 6, ["0", "10000", "20000", "30000", "40000", "50000"]),
      (0, 3e-5, 3, ["0", "1×10⁻⁵", "2×10⁻⁵", "3×10⁻⁵"]),
    ])
  func linear(low: Double, high: Double, count: Int, labels: [String]) {
    #expect(PlotTicks.linear(low...high, count: count).labels == labels)
  }

  @Test("numbers of six digits and more are written with powers of ten")
  func large() {
    let ticks = PlotTicks.linear(0...250_000, count: 5)
    #expect(ticks.labels == ["0", "0.5×10⁵", "1.0×10⁵", "1.5×10⁵", "2.0×10⁵", "2.5×10⁵"])
    #expect(ticks.values == [0, 50_000, 100_000, 150_000, 200_000, 250_000])
  }

  @Test("there are enough ticks and not too many, all within the range", arguments: 3...9)
  func numberOfTicks(count: Int) {
    for exponent in -12...12 {
      for mantissa in [1.0, 1.3, 1.9, 2, 2.7, 4.99, 5, 7.1, 9.99] {
        let span = mantissa * Double("1e\(exponent)")!
        for low in [0, -span / 3, 17 * span] {
          let ticks = PlotTicks.linear(low...low + span, count: count).values
          #expect((count * 2 / 5...count + 1).contains(ticks.count), "\(low) \(span)")
          let slack = 1e-6 * span
          #expect(ticks.first! >= low - slack && ticks.last! <= low + span + slack)
          #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0 < $1 })
        }
      }
    }
  }

  @Test("no two labels of an axis are equal", arguments: [1e-9, 1e-4, 0.03, 1, 700, 1e5, 1e12])
  func labelsDiffer(span: Double) {
    for low in [0, span, -span / 2, 40 * span] {
      let labels = PlotTicks.linear(low...low + span, count: 7).labels
      #expect(Set(labels).count == labels.count, "\(labels)")
    }
  }

  @Test("the step is the least nice number that is large enough")
  func niceSteps() {
    #expect(PlotTicks.niceStep(1) == 1)
    #expect(PlotTicks.niceStep(1.01) == 2)
    #expect(PlotTicks.niceStep(3) == 5)
    #expect(PlotTicks.niceStep(7) == 10)
    #expect(abs(PlotTicks.niceStep(0.012) - 0.02) < 1e-15)
  }

  @Test("logarithmic ticks are powers of ten, with their multiples as lighter lines")
  func decades() {
    let ticks = PlotTicks.logarithmic(0.02...300, count: 6)
    #expect(ticks.labels == ["0.1", "1", "10", "100"])
    #expect(ticks.minor.count == 8 + 8 + 8 + 8 + 2)
    #expect(ticks.minor.allSatisfy { (0.02...300).contains($0) })
  }

  @Test("many decades are marked every few, with raised exponents")
  func manyDecades() {
    let ticks = PlotTicks.logarithmic(1e-12...1e6, count: 6)
    #expect(ticks.labels == ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰", "10³", "10⁶"])
    #expect(ticks.minor.isEmpty)
  }

  @Test("about one decade is marked at 1, 2 and 5, less of it at equal steps")
  func withinDecades() {
    #expect(PlotTicks.logarithmic(0.4...12, count: 6).labels == ["0.5", "1", "2", "5", "10"])
    #expect(
      PlotTicks.logarithmic(0.015...0.9, count: 6).labels
        == ["0.02", "0.05", "0.1", "0.2", "0.5"])
    #expect(PlotTicks.logarithmic(0.9...110, count: 6).labels == ["1", "10", "100"])
    #expect(
      PlotTicks.logarithmic(2.1...2.9, count: 4).labels == ["2.2", "2.4", "2.6", "2.8"])
  }
}
