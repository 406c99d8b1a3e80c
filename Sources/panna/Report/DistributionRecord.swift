import Foundation
import ProgramSupport

/// A radial distribution function that `md` wrote.
struct DistributionRecord {
  /// In Å.
  let distances: [Double]
  let values: [Double]

  /// - Throws: `WorkError` with file and line.
  init(_ url: URL) throws {
    let file = try ColumnFile(url, header: "# r_angstrom g")
    guard file.rowCount > 0 else {
      throw WorkError("\(file.path): there is no line of numbers in it")
    }
    let distances = file.columns[0]
    for row in distances.indices.dropFirst() where distances[row] <= distances[row - 1] {
      throw file.error(
        inRow: row, "r_angstrom: found \(distances[row]); expected more than \(distances[row - 1])")
    }
    self.init(distances: distances, values: file.columns[1])
  }

  /// - Precondition: there is at least one distance, and as many values.
  init(distances: [Double], values: [Double]) {
    self.distances = distances
    self.values = values
  }

  /// Where the function is largest, in Å, and how large.
  var highestPeak: (distance: Double, value: Double) {
    let index = values.indices.max { values[$0] < values[$1] }!
    return (distances[index], values[index])
  }

  /// The root mean square of the difference, nil where the distances are not the same.
  func difference(from other: Self) -> Double? {
    guard distances.count == other.distances.count,
      zip(distances, other.distances).allSatisfy({ abs($0 - $1) < 1e-6 })
    else { return nil }
    let squares = zip(values, other.values).map { ($0 - $1) * ($0 - $1) }
    return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }
}
