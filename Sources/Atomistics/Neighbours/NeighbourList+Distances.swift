extension NeighbourList {
  /// Atoms at one place see nothing of each other and count twice for the rest: an atom on the border of
  /// its cell that is listed with its image, as a rule.
  ///
  /// - Parameters:
  ///   - structure: what the list is of.
  ///   - first: the atom of the list's first row.
  /// - Throws: `AtomisticsError` with the first atom that is where another is.
  func checkDistances(_ structure: Structure, from first: Int = 0) throws(AtomisticsError) {
    for row in 0..<atomCount {
      guard
        let twin = self.row(row).first(where: { dot(displacements[$0], displacements[$0]) <= 1e-16 }
        )
      else { continue }
      let name = structure.name.isEmpty ? "" : " of \(structure.name)"
      throw AtomisticsError(
        key: "position of atom \(first + row + 1)\(name)",
        found: "the place of atom \(neighbours[twin] + 1)", allowed: "a place of its own")
    }
  }
}
