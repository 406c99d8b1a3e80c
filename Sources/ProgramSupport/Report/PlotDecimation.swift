/// A place in a drawing.
struct PlotPoint: Equatable {
  var x: Double
  var y: Double
}

/// Leaves points out that would not change the picture.
enum PlotDecimation {
  /// Of all consecutive points in the same column of unit width the first, lowest, highest and last.
  static func line(_ points: [PlotPoint]) -> [PlotPoint] {
    var result: [PlotPoint] = []
    var start = 0
    while start < points.count {
      let column = points[start].x.rounded(.down)
      var end = start + 1
      while end < points.count, points[end].x.rounded(.down) == column { end += 1 }
      appendExtremes(of: points, start..<end, to: &result)
      start = end
    }
    return result
  }

  private static func appendExtremes(
    of points: [PlotPoint], _ column: Range<Int>, to result: inout [PlotPoint]
  ) {
    guard column.count > 4 else {
      result += points[column]
      return
    }
    let lowest = column.min { points[$0].y < points[$1].y }!
    let highest = column.max { points[$0].y < points[$1].y }!
    let kept = Set([column.lowerBound, lowest, highest, column.upperBound - 1])
    result += kept.sorted().map { points[$0] }
  }

  /// The first point in each square of `spacing` by `spacing`.
  static func dots(_ points: [PlotPoint], spacing: Double) -> [PlotPoint] {
    struct Square: Hashable {
      let column: Int
      let row: Int
    }
    var taken = Set<Square>()
    return points.filter { point in
      let square = Square(
        column: Int((point.x / spacing).rounded(.down)),
        row: Int((point.y / spacing).rounded(.down)))
      return taken.insert(square).inserted
    }
  }
}
