import Tensors
import Testing

@testable import DataflowRuntime

@Suite struct MemoryPlannerTests {
  @Test(arguments: 0..<200) func livingRequestsNeverOverlap(seed: Int) {
    var generator = PhiloxGenerator(seed: UInt64(seed))
    let requests = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
      let first = Int.random(in: 0..<30, using: &generator)
      return MemoryRequest(
        byteCount: Int.random(in: 0...500, using: &generator), firstStep: first,
        lastStep: first + Int.random(in: 0..<10, using: &generator))
    }
    let layout = layOut(requests)
    for (i, a) in requests.enumerated() where a.byteCount > 0 {
      #expect(layout.offsets[i].isMultiple(of: AlignedStorage.alignment))
      #expect(layout.offsets[i] + a.byteCount <= layout.byteCount)
      for (j, b) in requests.enumerated().dropFirst(i + 1)
      where b.byteCount > 0 && a.overlapsInTime(b) {
        let apart =
          layout.offsets[i] + a.byteCount <= layout.offsets[j]
          || layout.offsets[j] + b.byteCount <= layout.offsets[i]
        #expect(apart, "requests \(i) and \(j)")
      }
    }
  }

  @Test func requestsOneAfterTheOtherShareOnePlace() {
    let requests = (0..<10).map { MemoryRequest(byteCount: 640, firstStep: $0, lastStep: $0) }
    let layout = layOut(requests)
    #expect(layout.byteCount == 640)
    #expect(layout.offsets.allSatisfy { $0 == 0 })
  }

  @Test func requestsThatLiveTogetherNeedTheirSum() {
    let requests = (0..<10).map { _ in MemoryRequest(byteCount: 64, firstStep: 0, lastStep: 1) }
    #expect(layOut(requests).byteCount == 640)
  }
}
