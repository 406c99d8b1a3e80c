/// The names that are most like `name`, at most three.
package func nearestNames(to name: String, among names: [String]) -> [String] {
  let wanted = Array(name.lowercased().utf8)
  let limit = max(1, wanted.count / 3)
  let near = names.compactMap { candidate -> (distance: Int, name: String)? in
    let other = Array(candidate.lowercased().utf8)
    guard abs(other.count - wanted.count) <= limit else { return nil }
    let distance = editDistance(wanted, other)
    return distance <= limit ? (distance, candidate) : nil
  }
  return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

/// How many bytes have to be put in, left out or changed.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let changed = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}

extension [String] {
  /// `; did you mean a, b?`, nothing where there are no names.
  package var hint: String { isEmpty ? "" : "; did you mean \(joined(separator: ", "))?" }
}
