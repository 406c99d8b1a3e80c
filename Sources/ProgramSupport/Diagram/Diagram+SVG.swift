extension Diagram {
  // Every character of the fixed-width font is this part of its size wide.
  private static let characterWidth = 0.62
  private static let titleSize = 12.0
  private static let detailSize = 10.0
  private static let boxHeight = 38.0
  private static let layerDistance = 74.0
  private static let margin = 16.0
  private static let fills = ["#e3eefc", "#fdeccf", "#f1f1f4", "#e4f4e2", "#eee4f6"]
  private static let strokes = ["#3b73b9", "#b7791f", "#82828c", "#4c8a46", "#7c4fa0"]

  /// The picture.
  public var svg: String {
    let layout = LayeredLayout(
      widths: boxes.map(width), arrows: arrows.map { ($0.start, $0.end) }, gap: 18)
    let right = layout.vertices.map { $0.x + $0.width / 2 }.max() ?? 0
    let size = (
      width: right + 2 * Self.margin,
      height: Double(max(0, layout.layers.count - 1)) * Self.layerDistance + Self.boxHeight
        + 2 * Self.margin
    )
    let content =
      [arrowHead] + arrows.indices.map { line($0, layout) }
      + boxes.indices.map { drawing(of: $0, layout) }
    return Markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": number(size.width),
        "height": number(size.height),
        "viewBox": "0 0 \(number(size.width)) \(number(size.height))",
        "font-family": "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
      ],
      "\n" + content.joined(separator: "\n") + "\n")
  }

  private func width(_ box: Box) -> Double {
    let title = Double(box.title.count) * Self.titleSize
    let detail = Double(box.detail.count) * Self.detailSize
    return max(40, max(title, detail) * Self.characterWidth + 16)
  }

  private var arrowHead: String {
    let path = Markup.element("path", ["d": "M0 0 L8 4 L0 8 z", "fill": "#5a5a66"])
    let marker = Markup.element(
      "marker",
      [
        "id": "head", "viewBox": "0 0 8 8", "refX": "8", "refY": "4", "markerWidth": "7",
        "markerHeight": "7", "orient": "auto",
      ], path)
    return Markup.element("defs", [:], marker)
      + Markup.element("rect", ["width": "100%", "height": "100%", "fill": "white"])
  }

  private func top(_ vertex: LayeredLayout.Vertex) -> Double {
    Self.margin + Double(vertex.layer) * Self.layerDistance
  }

  private func drawing(of index: Int, _ layout: LayeredLayout) -> String {
    let (box, vertex) = (boxes[index], layout.vertices[index])
    let x = vertex.x + Self.margin
    let frame = Markup.element(
      "rect",
      [
        "x": number(x - vertex.width / 2), "y": number(top(vertex)), "rx": "5",
        "width": number(vertex.width), "height": number(Self.boxHeight),
        "fill": Self.fills[box.kind], "stroke": Self.strokes[box.kind],
      ])
    func text(_ content: String, _ size: Double, _ y: Double, _ colour: String) -> String {
      Markup.text(
        "text",
        [
          "x": number(x), "y": number(top(vertex) + y), "text-anchor": "middle",
          "font-size": number(size), "fill": colour,
        ], content)
    }
    let tip = box.tip.isEmpty ? "" : Markup.text("title", [:], box.tip)
    return Markup.element(
      "g", ["class": "box"],
      tip + frame + text(box.title, Self.titleSize, 16, "#1c1c22")
        + text(box.detail, Self.detailSize, 30, "#55555f"))
  }

  /// A curve that leaves boxes downwards and arrives from above.
  private func line(_ index: Int, _ layout: LayeredLayout) -> String {
    let route = layout.routes[index].map { layout.vertices[$0] }
    let isDown = route[0].layer <= route[route.count - 1].layer
    var path = ""
    for (number, (from, to)) in zip(route, route.dropFirst()).enumerated() {
      let isFirst = number == 0
      let isLast = number == route.count - 2
      let start = point(from, isBottom: isDown, isBox: isFirst)
      let end = point(to, isBottom: !isDown, isBox: isLast)
      let middle = (start.y + end.y) / 2
      if isFirst { path += "M\(pair(start.x, start.y))" }
      path += " C\(pair(start.x, middle)) \(pair(end.x, middle)) \(pair(end.x, end.y))"
    }
    return Markup.element(
      "path",
      [
        "d": path, "fill": "none", "stroke": "#5a5a66", "stroke-width": "1.1",
        "stroke-dasharray": arrows[index].isDashed ? "4 3" : "none", "marker-end": "url(#head)",
      ])
  }

  private func point(
    _ vertex: LayeredLayout.Vertex, isBottom: Bool, isBox: Bool
  ) -> (x: Double, y: Double) {
    let y = isBox ? (isBottom ? Self.boxHeight : 0) : Self.boxHeight / 2
    return (vertex.x + Self.margin, top(vertex) + y)
  }

  private func pair(_ x: Double, _ y: Double) -> String { "\(number(x)) \(number(y))" }

  private func number(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
