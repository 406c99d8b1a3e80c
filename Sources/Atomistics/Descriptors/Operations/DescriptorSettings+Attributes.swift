import Dataflow

/// Descriptor settings as attributes of operations: lengths in angstrom, widths in 1/angstrom², angles in radian.
extension DescriptorSettings {
  /// The settings as attributes; lists that are not given are left out.
  var attributes: Attributes {
    switch self {
    case .behlerParrinello(let p):
      return [
        "type": .string("BP"), "species": .strings(p.species),
        "radial_etas": .floats(p.radialEtas), "radial_cutoff": .float(p.radialCutoff),
        "radial_centres": .floats(p.radialCentres), "angular_etas": .floats(p.angularEtas),
        "angular_cutoff": .float(p.angularCutoff), "zetas": .floats(p.zetas),
        "cuts_third_distance": .bool(p.cutsThirdDistance),
      ]
    case .modified(let p):
      var attributes: Attributes = [
        "type": .string("mBP"), "species": .strings(p.species),
        "radial_eta": .float(p.radialEta), "radial_cutoff": .float(p.radialCutoff),
        "radial_start": .float(p.radialStart), "radial_count": .int(p.radialCount),
        "angular_eta": .float(p.angularEta), "angular_cutoff": .float(p.angularCutoff),
        "angular_start": .float(p.angularStart), "angular_count": .int(p.angularCount),
        "zeta": .float(p.zeta), "angle_count": .int(p.angleCount), "epsilon": .float(p.epsilon),
        "cosine_scale": .float(p.cosineScale),
      ]
      for (name, list) in Self.lists {
        attributes[name] = p.lists[keyPath: list].map { .floats($0) }
      }
      return attributes
    }
  }

  /// The settings of attributes.
  ///
  /// - Throws: `GraphError` for attributes that are missing, of another type or make no sense.
  init(_ attributes: Attributes) throws {
    let species = try attributes.strings("species")
    switch try attributes.string("type") {
    case "BP":
      var p = BehlerParrinelloParameters(
        species: species, radialEtas: try attributes.floats("radial_etas"),
        radialCutoff: try attributes.float("radial_cutoff"), radialStart: 0, radialCount: 1,
        angularEtas: try attributes.floats("angular_etas"),
        angularCutoff: try attributes.float("angular_cutoff"),
        zetas: try attributes.floats("zetas"),
        cutsThirdDistance: try attributes.bool("cuts_third_distance"))
      p.radialCentres = try attributes.floats("radial_centres")
      self = .behlerParrinello(p)
    case "mBP":
      var p = DescriptorParameters(
        species: species, radialEta: try attributes.float("radial_eta"),
        radialCutoff: try attributes.float("radial_cutoff"),
        radialStart: try attributes.float("radial_start"),
        radialCount: try attributes.int("radial_count"),
        angularEta: try attributes.float("angular_eta"),
        angularCutoff: try attributes.float("angular_cutoff"),
        angularStart: try attributes.float("angular_start"),
        angularCount: try attributes.int("angular_count"), zeta: try attributes.float("zeta"),
        angleCount: try attributes.int("angle_count"), epsilon: try attributes.float("epsilon"))
      p.cosineScale = try attributes.float("cosine_scale")
      for (name, list) in Self.lists where attributes[name] != nil {
        p.lists[keyPath: list] = try attributes.floats(name)
      }
      self = .modified(p)
    case let type: throw GraphError("attribute type = \(type): expected BP or mBP")
    }
    do { try validate() } catch { throw GraphError("attributes of descriptors: \(error)") }
  }

  private static var lists: [(String, WritableKeyPath<DescriptorLists, [Double]?>)] {
    [
      ("radial_centres", \.radialCentres), ("radial_etas", \.radialEtas),
      ("angular_centres", \.angularCentres), ("angular_etas", \.angularEtas),
      ("angles", \.angles), ("zetas", \.zetas),
    ]
  }

  /// Checks that every parameter makes sense.
  ///
  /// - Throws: `AtomisticsError` whose key is the parameter's name in descriptor files.
  func validate() throws {
    switch self {
    case .behlerParrinello(let parameters): try parameters.validate()
    case .modified(let parameters): try parameters.validate()
    }
  }
}
