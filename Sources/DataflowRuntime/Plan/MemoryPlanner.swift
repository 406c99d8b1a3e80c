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
///
/// Largest first, each at the lowest place that is free for its whole life.
func layOut(_ requests: [MemoryRequest]) -> ArenaLayout {
  var offsets = Array(repeating: 0, count: requests.count)
  var placed: [Int] = []
  var total = 0
  let order = requests.indices.sorted {
    (requests[$1].byteCount, $0) < (requests[$0].byteCount, $1)
  }
  for index in order where requests[index].byteCount > 0 {
    let size = requests[index].byteCount.roundedUp(toMultipleOf: AlignedStorage.alignment)
    var offset = 0
    // `placed` is sorted by offset, so the first gap that is large enough is the lowest.
    for other in placed where requests[other].overlapsInTime(requests[index]) {
      if offset + size <= offsets[other] { break }
      let end = offsets[other] + requests[other].byteCount
      offset = max(offset, end.roundedUp(toMultipleOf: AlignedStorage.alignment))
    }
    offsets[index] = offset
    let position = placed.firstIndex { offsets[$0] > offset } ?? placed.count
    placed.insert(index, at: position)
    total = max(total, offset + size)
  }
  return ArenaLayout(offsets: offsets, byteCount: total)
}
