import AtomicNetworks
import Testing

@Suite struct EarlyStoppingTests {
  @Test func smallGainsAreTheBestButNotWorthTheWait() {
    var stopping = EarlyStopping(patience: 3, minimumGain: 0.5)
    let values = [4, 3.75, 3.6, 3.4, 3.2, 3.3, 3.0]
    let isBest = values.enumerated().map { stopping.add($1, step: $0) }
    #expect(isBest == [true, true, true, true, true, false, true])
    // 3.4 is better than 4 by the gain, and nothing since is so than 3.4.
    #expect(stopping.best?.step == 6 && stopping.best?.value == 3)
    #expect(stopping.waitingFrom == 3.4 && stopping.waited == 3 && stopping.shouldStop)
  }

  /// They may be the best, and nothing else is different without them.
  @Test func valuesOutOfTurnAreNotWaitedFor() {
    var (with, without) = (
      EarlyStopping(patience: 2, minimumGain: 0.5), EarlyStopping(patience: 2, minimumGain: 0.5)
    )
    let isFirstBest = with.add(2, step: 1, isAwaited: false)
    #expect(isFirstBest)
    #expect(with.best?.step == 1 && with.waitingFrom == nil && with.waited == 0)
    for (step, value) in [3, 2.75, 2.25, 2.0].enumerated() {
      _ = without.add(value, step: 2 * step)
      let isBest = [
        with.add(value, step: 2 * step), with.add(10, step: 2 * step + 1, isAwaited: false),
      ]
      #expect(isBest == [false, false])
      #expect(with.waitingFrom == without.waitingFrom && with.waited == without.waited)
      #expect(with.shouldStop == without.shouldStop)
    }
    #expect(with.best?.value == 2 && with.best?.step == 1)
  }

  @Test func withoutAGainEveryBetterValueCounts() {
    var stopping = EarlyStopping(patience: 2, minimumGain: 0)
    for (step, value) in [2, 1, 1, 0.5].enumerated() { _ = stopping.add(value, step: step) }
    #expect(stopping.best?.step == 3 && stopping.waitingFrom == 0.5 && stopping.waited == 0)
    #expect(!stopping.shouldStop)
  }
}
