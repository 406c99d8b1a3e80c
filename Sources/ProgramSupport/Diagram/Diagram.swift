/// Boxes with arrows between them, drawn in layers from top to bottom.
///
///     var diagram = Diagram()
///     let x = diagram.add(.init("x", detail: "float[3]", kind: 0))
///     let y = diagram.add(.init("y", detail: "Tanh", kind: 1))
///     diagram.connect(x, to: y)
///     let svg = diagram.svg
public struct Diagram: Sendable {
  /// A box with two lines of text.
  public struct Box: Sendable, Equatable {
    public let title: String
    public let detail: String
    /// What is shown when the pointer is on the box.
    public let tip: String
    /// The number of the colour, from 0 to 4.
    public let kind: Int

    public init(_ title: String, detail: String, tip: String = "", kind: Int) {
      self.title = title
      self.detail = detail
      self.tip = tip
      self.kind = kind
    }
  }

  /// An arrow between boxes, by their indices.
  public struct Arrow: Sendable, Hashable {
    public let start: Int
    public let end: Int
    /// Whether it says order alone.
    public let isDashed: Bool
  }

  public private(set) var boxes: [Box] = []
  public private(set) var arrows: [Arrow] = []
  private var known: Set<Arrow> = []

  public init() {}

  /// Adds a box and gives its index.
  public mutating func add(_ box: Box) -> Int {
    boxes.append(box)
    return boxes.count - 1
  }

  /// Adds an arrow, each once; from a box to itself there is none.
  public mutating func connect(_ start: Int, to end: Int, isDashed: Bool = false) {
    let arrow = Arrow(start: start, end: end, isDashed: isDashed)
    if start != end, known.insert(arrow).inserted { arrows.append(arrow) }
  }
}
