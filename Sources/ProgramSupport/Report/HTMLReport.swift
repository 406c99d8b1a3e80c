/// A page of text, tables and plots in one file that needs nothing else.
///
/// Every text is escaped. The page is well-formed XML, is read without scripts and follows the reader's
/// choice of light or dark.
public struct HTMLReport: Sendable {
  /// A table: the first columns hold texts, the others numbers.
  public struct Table: Sendable {
    /// The heads of the columns.
    public var columns: [String]
    /// As many texts as columns each.
    public var rows: [[String]]
    /// How many columns are aligned to the left, as texts are.
    public var textColumns: Int

    /// A table whose first column holds texts.
    ///
    /// - Precondition: every row is as long as the heads.
    public init(columns: [String], rows: [[String]], textColumns: Int = 1) {
      precondition(rows.allSatisfy { $0.count == columns.count }, "a row is too long or too short")
      self.columns = columns
      self.rows = rows
      self.textColumns = textColumns
    }
  }

  /// A plot and what is to be said about it.
  public struct Figure: Sendable {
    /// What is shown.
    public var plot: Plot
    /// What stands below.
    public var caption: String

    /// A figure.
    public init(_ plot: Plot, caption: String) {
      self.plot = plot
      self.caption = caption
    }
  }

  /// A number that the page begins with.
  public struct Highlight: Sendable, Equatable {
    /// The number.
    public var value: String
    /// Its unit.
    public var unit: String
    /// What it means.
    public var label: String

    /// A number.
    public init(_ value: String, unit: String, label: String) {
      self.value = value
      self.unit = unit
      self.label = label
    }
  }

  /// The page's heading.
  public let title: String
  private var body: [String] = []
  private var figureCount = 0

  /// A page with a heading and nothing else.
  public init(title: String) { self.title = title }

  /// Begins a section.
  public mutating func section(_ heading: String) { body.append(Markup.text("h2", [:], heading)) }

  /// Begins a part of a section.
  public mutating func subsection(_ heading: String) {
    body.append(Markup.text("h3", [:], heading))
  }

  /// Adds text; its lines become paragraphs.
  public mutating func paragraph(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      body.append(Markup.text("p", [:], String(line)))
    }
  }

  /// Adds numbers in large type, each with its unit and what it means below.
  public mutating func highlights(_ entries: [Highlight]) {
    let items = entries.map {
      Markup.element(
        "div", [:],
        Markup.element(
          "strong", [:], Markup.escaped($0.value + " ") + Markup.text("small", [:], $0.unit))
          + Markup.text("span", [:], $0.label))
    }
    body.append(
      Markup.element("div", ["class": "highlights"], "\n\(items.joined(separator: "\n"))\n"))
  }

  /// Adds a table.
  public mutating func table(_ table: Table) {
    func row(_ cells: [String], _ element: String) -> String {
      let content = cells.enumerated().map { index, text in
        index < table.textColumns
          ? Markup.text(element, [:], text)
          : Markup.text(element, ["class": "number"], text)
      }
      return Markup.element("tr", [:], content.joined())
    }
    let head = Markup.element("thead", [:], row(table.columns, "th"))
    let rows = table.rows.map { row($0, "td") }.joined(separator: "\n")
    body.append(
      Markup.element(
        "div", ["class": "table"],
        Markup.element("table", [:], head + "\n" + Markup.element("tbody", [:], rows))))
  }

  /// Adds figures, two side by side where the window is wide; they are numbered through the page.
  public mutating func figures(_ figures: [Figure]) {
    let items = figures.map { figure in
      figureCount += 1
      let caption =
        Markup.text("b", [:], "Figure \(figureCount).") + " " + Markup.escaped(figure.caption)
      return Markup.element(
        "figure", [:], figure.plot.svg + "\n" + Markup.element("figcaption", [:], caption))
    }
    body.append(
      Markup.element("div", ["class": "figures"], "\n\(items.joined(separator: "\n"))\n"))
  }

  /// The whole page.
  public var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    \(Markup.text("title", [:], title))
    <style>
    \(Self.styleSheet)
    </style>
    </head>
    <body>
    <main>
    \(Markup.text("h1", [:], title))
    \(body.joined(separator: "\n"))
    </main>
    </body>
    </html>

    """
  }
}
