/// Places boxes in layers so that arrows point down and few of them cross, after Sugiyama, Tagawa and
/// Toda (1981): layers by the longest way, an order within each by the mean of the neighbours', and
/// places as near to the neighbours' as the widths allow.
struct LayeredLayout {
  /// A box, or where a long arrow passes a layer.
  struct Vertex {
    let width: Double
    var layer: Int
    /// The middle.
    var x = 0.0
    var above: [Int] = []
    var below: [Int] = []
  }

  /// The boxes first, by their indices.
  private(set) var vertices: [Vertex]
  /// For each arrow the vertices that it passes, from its start to its end.
  private(set) var routes: [[Int]] = []
  /// For each layer its vertices from left to right.
  private(set) var layers: [[Int]] = []
  /// The least distance between neighbours in a layer.
  let gap: Double

  /// - Parameters:
  ///   - widths: those of the boxes.
  ///   - arrows: pairs of boxes; circles are allowed.
  init(widths: [Double], arrows: [(start: Int, end: Int)], gap: Double) {
    self.gap = gap
    vertices = widths.map { Vertex(width: $0, layer: 0) }
    let forward = Self.withoutCircles(widths.count, arrows)
    assignLayers(forward)
    addRoutes(arrows)
    orderLayers()
    placeVertices()
  }

  // MARK: Layers

  /// The arrows with those turned around that would close a circle.
  private static func withoutCircles(
    _ count: Int, _ arrows: [(start: Int, end: Int)]
  ) -> [(start: Int, end: Int)] {
    var following: [[Int]] = Array(repeating: [], count: count)
    for (index, arrow) in arrows.enumerated() { following[arrow.start].append(index) }
    var result = arrows
    // 0: not seen, 1: on the way, 2: done.
    var state = Array(repeating: 0, count: count)
    for root in 0..<count where state[root] == 0 {
      var path = [(box: root, next: 0)]
      state[root] = 1
      while let (box, next) = path.last {
        guard next < following[box].count else {
          state[box] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let arrow = following[box][next]
        let end = arrows[arrow].end
        if state[end] == 1 { result[arrow] = (end, box) }
        if state[end] == 0 {
          state[end] = 1
          path.append((end, 0))
        }
      }
    }
    return result
  }

  /// The longest way from above decides; boxes without one stand right above what needs them.
  private mutating func assignLayers(_ arrows: [(start: Int, end: Int)]) {
    let order = Self.sorted(vertices.count, arrows)
    var incoming: [[Int]] = Array(repeating: [], count: vertices.count)
    var outgoing = incoming
    for arrow in arrows {
      incoming[arrow.end].append(arrow.start)
      outgoing[arrow.start].append(arrow.end)
    }
    for box in order {
      vertices[box].layer = (incoming[box].map { vertices[$0].layer + 1 }.max()) ?? 0
    }
    for box in order.reversed() where incoming[box].isEmpty {
      if let first = outgoing[box].map({ vertices[$0].layer }).min() {
        vertices[box].layer = first - 1
      }
    }
  }

  private static func sorted(_ count: Int, _ arrows: [(start: Int, end: Int)]) -> [Int] {
    var waiting = Array(repeating: 0, count: count)
    var outgoing: [[Int]] = Array(repeating: [], count: count)
    for arrow in arrows {
      waiting[arrow.end] += 1
      outgoing[arrow.start].append(arrow.end)
    }
    var order = (0..<count).filter { waiting[$0] == 0 }
    var next = 0
    while next < order.count {
      for end in outgoing[order[next]] {
        waiting[end] -= 1
        if waiting[end] == 0 { order.append(end) }
      }
      next += 1
    }
    return order
  }

  /// Long arrows get a vertex in each layer that they pass.
  private mutating func addRoutes(_ arrows: [(start: Int, end: Int)]) {
    for arrow in arrows {
      let isDown = vertices[arrow.start].layer <= vertices[arrow.end].layer
      let (top, bottom) = isDown ? (arrow.start, arrow.end) : (arrow.end, arrow.start)
      var route = [top]
      for layer in (vertices[top].layer + 1)..<max(vertices[top].layer + 1, vertices[bottom].layer)
      {
        vertices.append(Vertex(width: 2, layer: layer))
        route.append(vertices.count - 1)
      }
      route.append(bottom)
      for (upper, lower) in zip(route, route.dropFirst()) {
        vertices[upper].below.append(lower)
        vertices[lower].above.append(upper)
      }
      routes.append(isDown ? route : route.reversed())
    }
    let count = (vertices.map(\.layer).max() ?? -1) + 1
    layers = Array(repeating: [], count: count)
    for index in vertices.indices { layers[vertices[index].layer].append(index) }
  }

  // MARK: Order

  /// Sweeps down and up, and keeps the order with the fewest crossings.
  private mutating func orderLayers() {
    var best = layers
    var fewest = crossings()
    for sweep in 0..<12 where fewest > 0 {
      let isDown = sweep % 2 == 0
      for layer in isDown ? Array(layers.indices) : layers.indices.reversed() {
        sort(layer, byThose: isDown ? \.above : \.below)
      }
      let count = crossings()
      if count < fewest { (best, fewest) = (layers, count) }
    }
    layers = best
  }

  private func positions() -> [Int] {
    var positions = Array(repeating: 0, count: vertices.count)
    for layer in layers { for (place, vertex) in layer.enumerated() { positions[vertex] = place } }
    return positions
  }

  private mutating func sort(_ layer: Int, byThose neighbours: KeyPath<Vertex, [Int]>) {
    let positions = positions()
    let wanted = layers[layer].enumerated().map { place, vertex -> (Double, Int) in
      let near = vertices[vertex][keyPath: neighbours]
      let mean = Double(near.map { positions[$0] }.reduce(0, +)) / Double(max(1, near.count))
      return (near.isEmpty ? Double(place) : mean, vertex)
    }
    layers[layer] = wanted.enumerated()
      .sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element.1)
  }

  /// How many pairs of arrows cross between neighbouring layers.
  private func crossings() -> Int {
    let positions = positions()
    var count = 0
    for layer in layers {
      // Ends of arrows in the order of their starts: each pair out of order is a crossing.
      let ends = layer.flatMap { vertices[$0].below.map { positions[$0] }.sorted() }
      var seen: [Int] = []
      for end in ends {
        let place = seen.partitioningIndex { $0 > end }
        count += seen.count - place
        seen.insert(end, at: place)
      }
    }
    return count
  }

  // MARK: Places

  private mutating func placeVertices() {
    for layer in layers { place(layer, near: layer.map { _ in 0 }) }
    for sweep in 0..<16 {
      let isDown = sweep % 2 == 0
      for layer in isDown ? layers : layers.reversed() {
        let wanted = layer.map { vertex in
          let own = vertices[vertex]
          let near = (isDown ? own.above : own.below) + (sweep > 11 ? own.above + own.below : [])
          return near.isEmpty
            ? own.x : near.map { vertices[$0].x }.reduce(0, +) / Double(near.count)
        }
        place(layer, near: wanted)
      }
    }
    let left = vertices.map { $0.x - $0.width / 2 }.min() ?? 0
    for index in vertices.indices { vertices[index].x -= left }
  }

  /// Puts a layer's vertices as near to the wanted places as their order and widths allow, in the sense of
  /// least squares: neighbours that would overlap are moved together (pool adjacent violators).
  private mutating func place(_ layer: [Int], near wanted: [Double]) {
    var offsets: [Double] = []
    var offset = 0.0
    for (index, vertex) in layer.enumerated() {
      if index > 0 {
        offset += (vertices[layer[index - 1]].width + vertices[vertex].width) / 2 + gap
      }
      offsets.append(offset)
    }
    var groups: [(sum: Double, count: Double)] = []
    for (wish, offset) in zip(wanted, offsets) {
      groups.append((wish - offset, 1))
      while groups.count > 1,
        groups[groups.count - 2].sum * groups.last!.count
          > groups.last!.sum * groups[groups.count - 2].count
      {
        let last = groups.removeLast()
        groups[groups.count - 1].sum += last.sum
        groups[groups.count - 1].count += last.count
      }
    }
    var next = 0
    for group in groups {
      for _ in 0..<Int(group.count) {
        vertices[layer[next]].x = group.sum / group.count + offsets[next]
        next += 1
      }
    }
  }
}

extension [Int] {
  /// The first index whose element fulfils what all after it fulfil too.
  fileprivate func partitioningIndex(where isAfter: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
