extension HTMLReport {
  /// What the page and its plots look like; neither `<` nor `&` may stand here.
  static let styleSheet = """
    :root {
      color-scheme: light dark;
      --page: #fbfbf9; --card: #ffffff; --ink: #1c1f23; --muted: #5c636b; --rule: #dfe1e4;
      --grid: #e6e8ea; --minor: #f1f2f4;
      --c0: #3b4754; --c1: #d1491b; --c2: #1b72b8; --c3: #16825d; --c4: #8a4bb0; --c5: #a87900;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --page: #14171a; --card: #1b1f23; --ink: #e7e9eb; --muted: #9da5ad; --rule: #343a40;
        --grid: #30363c; --minor: #24292e;
        --c0: #b4c0cc; --c1: #ff8a5c; --c2: #6bb3f2; --c3: #4fc796; --c4: #c898ea; --c5: #e0b84a;
      }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0; background: var(--page); color: var(--ink);
      font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
    }
    main { max-width: 1200px; margin: 0 auto; padding: 40px 24px 64px; }
    h1 { font-size: 32px; line-height: 1.2; margin: 0 0 12px; letter-spacing: -0.01em; }
    h2 {
      font-size: 21px; margin: 48px 0 12px; padding-top: 20px; border-top: 1px solid var(--rule);
    }
    h3 { font-size: 16px; margin: 28px 0 8px; }
    p { max-width: 46em; margin: 0 0 12px; }
    .highlights {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 16px;
      margin: 24px 0;
    }
    .highlights div {
      background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
      padding: 14px 18px;
    }
    .highlights strong { display: block; font-size: 23px; line-height: 1.4; font-weight: 600; }
    .highlights small { font-size: 15px; font-weight: 500; white-space: nowrap; }
    .highlights span { color: var(--muted); font-size: 14px; }
    .table { overflow-x: auto; margin: 16px 0 24px; }
    table { border-collapse: collapse; font-size: 15px; font-variant-numeric: tabular-nums; }
    th { color: var(--muted); font-weight: 500; text-align: left; vertical-align: bottom; }
    th, td { padding: 6px 28px 6px 0; border-bottom: 1px solid var(--rule); }
    td { overflow-wrap: break-word; }
    .number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
    .figures {
      display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr));
      gap: 20px; margin: 16px 0 24px;
    }
    figure {
      margin: 0; padding: 16px; min-width: 0; background: var(--card);
      border: 1px solid var(--rule); border-radius: 8px;
    }
    figcaption { font-size: 14px; color: var(--muted); margin-top: 8px; line-height: 1.45; }
    figcaption b { color: var(--ink); font-weight: 600; }
    .plot { display: block; width: 100%; max-width: 640px; height: auto; margin: 0 auto; }
    .plot text { fill: currentColor; font-size: 13.5px; }
    .plot .tick { font-size: 12.5px; opacity: 0.8; }
    .plot path { fill: none; stroke-linejoin: round; }
    .plot .grid { stroke: var(--grid); }
    .plot .minor { stroke: var(--minor); }
    .plot .frame { stroke: currentColor; opacity: 0.55; }
    .plot .guide { stroke: currentColor; opacity: 0.5; stroke-dasharray: 5 4; }
    .plot .line { stroke-width: 1.4; stroke-linecap: round; }
    .plot .faintLine { stroke-width: 1; opacity: 0.25; }
    .plot .dots { stroke-width: 2.6; stroke-linecap: round; opacity: 0.7; }
    .plot .few { stroke-width: 4.5; }
    .plot .marks { stroke-width: 7; stroke-linecap: round; }
    .plot .steps { stroke-width: 1.2; fill-opacity: 0.14; }
    .plot .c0 { stroke: var(--c0); }
    .plot .c1 { stroke: var(--c1); }
    .plot .c2 { stroke: var(--c2); }
    .plot .c3 { stroke: var(--c3); }
    .plot .c4 { stroke: var(--c4); }
    .plot .c5 { stroke: var(--c5); }
    .plot .steps.c0 { fill: var(--c0); }
    .plot .steps.c1 { fill: var(--c1); }
    .plot .steps.c2 { fill: var(--c2); }
    .plot .steps.c3 { fill: var(--c3); }
    .plot .steps.c4 { fill: var(--c4); }
    .plot .steps.c5 { fill: var(--c5); }
    @media print { main { padding: 0; } figure, .highlights div { break-inside: avoid; } }
    """

  /// The rules for plots with the page's colours put in, for programs that know no variables.
  static let plotStyles: String = {
    let light = styleSheet.prefix(upTo: styleSheet.firstRange(of: "@media")!.lowerBound)
    var rules = styleSheet.split(separator: "\n").filter { $0.hasPrefix(".plot ") }
      .joined(separator: "\n")
    for part in light.split(whereSeparator: { "{;}".contains($0) }) where part.contains(": #") {
      let pair = part.split(separator: ":").map { $0.filter { !$0.isWhitespace } }
      rules = rules.replacing("var(\(pair[0]))", with: pair[1])
    }
    return "svg { color: #1c1f23; font-family: sans-serif }\n" + rules
  }()
}
