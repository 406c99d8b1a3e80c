import Tensors

/// A piece of the arena that is wanted from one step to another.
struct MemoryRequest: Equatable {
  var byteCount: Int
  var firstStep: Int
  var lastStep: Int

  func overlapsInTime(_ other: MemoryRequest) -> Bool {
    firstStep <= other.lastStep && other.firstStep <= lastStep
  }
}

/// Where each request lies in an arena, and how large that is.
struct ArenaLayout {
  var offsets: [Int]
  var byteCount: Int
}

/// Finds places so that requests that are alive in the same step do not overlap.
func layOut(_ requests: [MemoryRequest]) -> ArenaLayout {
  layOut(requests.map(\.byteCount)) { requests[$0].overlapsInTime(requests[$1]) }
}

/// Finds places for blocks of memory so that those that may be alive together do not overlap.
///
/// Largest first, each at the lowest place that is free for its whole life.
func layOut(_ byteCounts: [Int], areAliveTogether: (Int, Int) -> Bool) -> ArenaLayout {
  var offsets = Array(repeating: 0, count: byteCounts.count)
  var placed: [Int] = []
  var total = 0
  let order = byteCounts.indices.sorted { (byteCounts[$1], $0) < (byteCounts[$0], $1) }
  for index in order where byteCounts[index] > 0 {
    let size = byteCounts[index].roundedUp(toMultipleOf: AlignedStorage.alignment)
    var offset = 0
    // `placed` is sorted by offset, so the first gap that is large enough is the lowest.
    for other in placed where areAliveTogether(other, index) {
      if offset + size <= offsets[other] { break }
      let end = offsets[other] + byteCounts[other]
      offset = max(offset, end.roundedUp(toMultipleOf: AlignedStorage.alignment))
    }
    offsets[index] = offset
    let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
    placed.insert(index, at: position)
    total = max(total, offset + size)
  }
  return ArenaLayout(offsets: offsets, byteCount: total)
}
