import Testing

@testable import ProgramSupport

/// Boxes stand in layers, do not overlap, and arrows point down.
@Suite struct DiagramTests {
  /// Arrows drawn at random, those of odd seeds with circles.
  private func layout(_ seed: Int) -> (LayeredLayout, [(start: Int, end: Int)]) {
    var state = UInt64(seed + 1)
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let count = 2 + random(40)
    let arrows = (0..<random(80)).compactMap { _ -> (start: Int, end: Int)? in
      let (a, b) = (random(count), random(count))
      if a == b { return nil }
      return seed % 2 == 0 ? (min(a, b), max(a, b)) : (a, b)
    }
    let widths = (0..<count).map { _ in Double(20 + random(200)) }
    return (LayeredLayout(widths: widths, arrows: arrows, gap: 10), arrows)
  }

  @Test(arguments: 0..<60) func boxesOfALayerDoNotOverlap(seed: Int) {
    let (layout, arrows) = layout(seed)
    #expect(layout.layers.joined().sorted() == Array(layout.vertices.indices))
    for layer in layout.layers {
      for (left, right) in zip(layer, layer.dropFirst()) {
        let (a, b) = (layout.vertices[left], layout.vertices[right])
        #expect(b.x - b.width / 2 - (a.x + a.width / 2) > 10 - 1e-9)
      }
    }
    for (arrow, route) in zip(arrows, layout.routes) {
      #expect(route.first == arrow.start && route.last == arrow.end)
      for (from, to) in zip(route, route.dropFirst()) {
        #expect(abs(layout.vertices[from].layer - layout.vertices[to].layer) <= 1)
      }
      if seed % 2 == 0 {
        #expect(layout.vertices[arrow.start].layer < layout.vertices[arrow.end].layer)
      }
    }
  }

  @Test func aLadderHasNoCrossings() {
    // Two chains whose arrows are given so that they cross at first.
    let arrows = [(0, 3), (1, 2), (2, 4), (3, 5)].map { (start: $0.0, end: $0.1) }
    let layout = LayeredLayout(widths: Array(repeating: 10, count: 6), arrows: arrows, gap: 5)
    let isLeft = layout.vertices[0].x < layout.vertices[1].x
    #expect((layout.vertices[3].x < layout.vertices[2].x) == isLeft)
    #expect((layout.vertices[5].x < layout.vertices[4].x) == isLeft)
  }

  @Test func thePictureIsWellFormed() throws {
    var diagram = Diagram()
    let x = diagram.add(.init("x < \"1\"", detail: "a & b", tip: "tip", kind: 0))
    let y = diagram.add(.init("y", detail: "", kind: 1))
    diagram.connect(x, to: y)
    diagram.connect(x, to: y)
    diagram.connect(y, to: y)
    diagram.connect(x, to: y, isDashed: true)
    _ = try MarkupReader.root(diagram.svg)
    func count(_ part: String) -> Int { diagram.svg.ranges(of: part).count }
    #expect(count("<g class=\"box\">") == 2)
    #expect(count("marker-end") == 2 && count("\"4 3\"") == 1)
    #expect(count("x &lt; &quot;1&quot;</text>") == 1 && count("<title>tip</title>") == 1)
  }
}
