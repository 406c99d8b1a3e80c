import Atomistics

extension DescriptorSettings {
  /// The first parameter that differs, by more than single precision can hold, by its name in descriptor files and in
  /// its unit there, lengths in angstrom. It counts what descriptors are computed with, not whether a list says it or a
  /// grid.
  package func difference(
    from other: DescriptorSettings, ignoring: Set<String> = []
  ) -> (name: String, own: String, other: String)? {
    if species != other.species {
      return (
        "species", species.joined(separator: ", "), other.species.joined(separator: ", ")
      )
    }
    if kind != other.kind { return ("type", kind, other.kind) }
    for (mine, others) in zip(values, other.values) where !ignoring.contains(mine.name) {
      guard let own = mine.numbers, let other = others.numbers, !areClose(own, other)
      else { continue }
      // One number for all is said once.
      func text(_ numbers: [Double]) -> String {
        let isOne = own.count == other.count && numbers.allSatisfy { $0 == numbers[0] }
        return numbers.prefix(isOne ? 1 : numbers.count).map { "\(Float($0))" }.joined(
          separator: ", ")
      }
      return (mine.name, text(own), text(other))
    }
    if periodic != other.periodic && !ignoring.contains("pbc") {
      return ("pbc", periodic.inWords, other.periodic.inWords)
    }
    return nil
  }

  private var kind: String {
    if case .modified = self { return "mBP" }
    return "BP"
  }

  /// What descriptors are computed with, a number for each centre; nil for a first centre that stands for no grid.
  private var values: [(name: String, numbers: [Double]?)] {
    switch self {
    case .behlerParrinello(let p):
      return [
        ("Rc_rad", [p.radialCutoff]), ("RsN_rad", [Double(p.radialCentres.count)]),
        ("Rs0_rad", p.radialCentres.first.map { [$0] }), ("Rs_rad", p.radialCentres),
        ("eta_rad", p.radialEtas), ("Rc_ang", [p.angularCutoff]), ("eta_ang", p.angularEtas),
        ("zeta", p.zetas), ("cut_third_distance", [p.cutsThirdDistance ? 1 : 0]),
      ]
    case .modified(let p):
      return [
        ("Rc_rad", [p.radialCutoff]), ("RsN_rad", [Double(p.radialCount)]),
        ("Rs0_rad", p.lists.radialCentres == nil ? [p.radialStart] : nil),
        ("Rs_rad_list", p.radialCentres), ("eta_rad", p.radialEtas),
        ("Rc_ang", [p.angularCutoff]), ("RsN_ang", [Double(p.angularCount)]),
        ("Rs0_ang", p.lists.angularCentres == nil ? [p.angularStart] : nil),
        ("Rs_ang_list", p.angularCentres), ("eta_ang", p.angularEtas),
        ("ThetasN", [Double(p.angleCount)]), ("Thetas_list", p.angles.map { $0 * 180 / .pi }),
        ("zeta", p.zetas), ("epsilon", [p.epsilon]),
      ]
    }
  }

  private func areClose(_ own: [Double], _ other: [Double]) -> Bool {
    own.count == other.count
      && zip(own, other).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($0), abs($1)) }
  }
}
