import Foundation
import Testing

@testable import ProgramSupport

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Report pages")
struct HTMLReportTests {
  private func sample() -> HTMLReport {
    var report = HTMLReport(title: "Silicon <216> & more")
    report.paragraph("First line.\nSecond \"line\" with <b>no markup</b>.")
    report.highlights([
      .init("2.7", unit: "meV/atom", label: "energy RMSE"),
      .init("0.134", unit: "eV/Å", label: "force RMSE"),
    ])
    report.section("Errors")
    report.subsection("By phase")
    report.table(
      .init(
        columns: ["phase", "RMSE", "MAE"], rows: [["diamond", "1.0", "0.8"], ["a&b", "2", "1"]]))
    var plot = Plot("p", x: PlotAxis("x"), y: PlotAxis("y"))
    plot.series = [PlotSeries("s", .line, x: [0, 1], y: [0, 1])]
    report.figures([.init(plot, caption: "Left."), .init(plot, caption: "Right < left.")])
    report.figures([.init(plot, caption: "Below.")])
    return report
  }

  @Test("the page is well-formed, with all its parts in order")
  func structure() throws {
    let root = try MarkupReader.root(sample().html)
    #expect(root.name == "html")
    let main = try #require(root.all("main").first)
    let parts = (main.children ?? []).compactMap { $0 as? XMLElement }
    #expect(
      parts.map { $0["class"] ?? $0.name }
        == ["h1", "p", "p", "highlights", "h2", "h3", "table", "figures", "figures"])
    #expect(
      root.all("figcaption").map { $0.stringValue }
        == ["Figure 1. Left.", "Figure 2. Right < left.", "Figure 3. Below."])
    #expect(root.all("svg").count == 3)
    #expect(root.all("strong").map { $0.stringValue } == ["2.7 meV/atom", "0.134 eV/Å"])
  }

  @Test("texts are escaped wherever they stand")
  func escaping() throws {
    let root = try MarkupReader.root(sample().html)
    #expect(root.all("title").first?.stringValue == "Silicon <216> & more")
    #expect(root.all("h1").first?.stringValue == "Silicon <216> & more")
    #expect(root.all("p").last?.stringValue == "Second \"line\" with <b>no markup</b>.")
    #expect(root.all("td").map { $0.stringValue ?? "" }.contains("a&b"))
  }

  @Test("numbers are aligned to the right, texts are not")
  func table() throws {
    let table = try #require(MarkupReader.root(sample().html).all("table").first)
    #expect(table.all("th").map { $0.classes } == [[], ["number"], ["number"]])
    #expect(table.all("td").map { $0.classes.isEmpty } == [true, false, false, true, false, false])
    #expect(table.all("tr").count == 3)
  }

  @Test("the page needs no other file and no script, and knows light and dark")
  func selfContained() throws {
    let html = sample().html
    for needed in ["<script", "<link", "src=", "href=", "url(", "@import"] {
      #expect(!html.contains(needed), "\(needed)")
    }
    #expect(html.contains("prefers-color-scheme: dark"))
  }

  @Test("every class that plots use has a style")
  func styles() {
    for name in [
      "grid", "minor", "frame", "guide", "line", "faintLine", "dots", "few", "marks", "steps",
    ]
      + (0..<6).map({ "c\($0)" })
    {
      #expect(HTMLReport.styleSheet.contains(".plot .\(name) {"), "\(name)")
    }
  }
}
