import Atomistics
import Dataflow
import Foundation

/// The potential of LAMMPS' pair style and of the OpenKIM driver: a text with the descriptors and the
/// networks' sizes, and for each species a file of parameters in single precision.
///
/// The offsets are part of the last biases, so that such a potential gives total energies.
public enum LAMMPSPotential {
  /// How the text gives the descriptors.
  public enum Version: Int, Sendable, CaseIterable {
    /// A regular grid and one width and exponent: `!gversion = 0`, which every reader takes for granted.
    case grid = 0
    /// Lists of centres, widths and exponents: `!gversion = 1`.
    case lists = 1
  }

  /// Whom a potential is written for.
  public enum Reader: Sendable {
    /// The pair style, of either generation.
    case lammps
    /// The driver, which knows no lists.
    case openKIM
  }

  static let defaultName = "panna.in"
  /// What records epsilon; readers take the line for a comment.
  static let epsilonComment = "#epsilon="
  /// The same of the vectors along which structures may repeat, where they are not all.
  static let periodicComment = "#pbc="

  // MARK: Writing

  /// Writes a model.
  ///
  /// Keys stand in an order that every known reader accepts: what a grid is made of before the number of
  /// its points.
  ///
  /// - Throws: `NetworkError` for what the format cannot express, or its reader would take for something else.
  public static func write(
    _ model: NetworkModel, to folder: URL, name: String = "panna.in", version: Version = .grid,
    for reader: Reader = .lammps
  ) throws {
    guard case .modified(var descriptors)? = model.descriptors else {
      throw NetworkError(
        model.descriptors == nil
          ? "the networks do not say how their descriptors are made, which the format asks for"
          : "the format is for modified Behler-Parrinello descriptors (mBP) only")
    }
    descriptors.simplify()
    try check(descriptors, version, reader)
    let networks = try model.networks.map { try Exported($0, model.energyRescale, version) }
    try Folder.make(folder)
    for network in networks {
      try AtomicFile.write(network.parameters, to: folder.appendingPathComponent(network.file))
    }
    let text = header(descriptors, version) + networks.map(\.section).joined()
    try AtomicFile.write(Array(text.utf8), to: folder.appendingPathComponent(name))
  }

  /// What a reader may do otherwise than this program; empty where nothing.
  public static func caveats(
    _ model: NetworkModel, for reader: Reader = .lammps
  ) -> [String] {
    guard case .modified(let descriptors)? = model.descriptors else { return [] }
    var caveats: [String] = []
    if !all(descriptors.periodic) {
      caveats.append(
        "pbc is \(descriptors.periodic.inWords), which the format does not hold: boundaries of the box are to"
          + " be as open where the potential is used")
    }
    if reader == .lammps && descriptors.epsilon != driverEpsilon {
      caveats.append(
        "epsilon is \(descriptors.epsilon), which the format does not hold: LAMMPS' pair style of the"
          + " first generation takes 0.01, that of the second 0.001")
    }
    let shifts = model.networks.map { network in
      let bias =
        Double(network.layers.last?.biases.scalars(as: Float.self).last ?? 0) / model.energyRescale
      return abs(Double(Float(bias) + Float(network.offset)) - (bias + network.offset))
    }
    if let shift = shifts.max(), shift > 1e-6 {
      caveats.append(
        "the last biases hold the offsets in single precision: energies are shifted by up to"
          + " \(Float(shift)) eV for each atom")
    }
    return caveats
  }

  /// What OpenKIM's driver takes, whatever networks were trained with.
  private static let driverEpsilon = 0.01
  /// What LAMMPS' pair style of the first and of the second generation takes.
  private static let lammpsEpsilons = [driverEpsilon, 0.001]

  private static func check(
    _ descriptors: DescriptorParameters, _ version: Version, _ reader: Reader
  ) throws {
    if reader == .openKIM && (version == .lists || descriptors.lists != DescriptorLists()) {
      throw NetworkError("OpenKIM's driver knows no lists of centres, widths or exponents")
    }
    if version == .grid && descriptors.lists != DescriptorLists() {
      throw NetworkError("lists of centres, widths or exponents need gvector_version = 1")
    }
    if reader == .openKIM && descriptors.epsilon != driverEpsilon {
      throw NetworkError(
        "epsilon is \(descriptors.epsilon), but OpenKIM's driver always takes \(driverEpsilon)")
    }
    if reader == .lammps && !lammpsEpsilons.contains(descriptors.epsilon) {
      throw NetworkError(
        "epsilon is \(descriptors.epsilon), but LAMMPS' pair style takes"
          + " \(lammpsEpsilons.map { "\($0)" }.joined(separator: " or "))")
    }
    if reader == .lammps, let zeta = descriptors.zetas.first(where: { Int32(exactly: $0) == nil }) {
      throw NetworkError("zeta is \(zeta), but LAMMPS reads whole numbers only")
    }
  }

  private static func header(_ descriptors: DescriptorParameters, _ version: Version) -> String {
    let lines =
      version == .grid
      ? gridLines(descriptors) : listLines(descriptors)
    var text = version == .lists ? "!gversion = 1\n" : ""
    text += "\(epsilonComment.dropLast()) = \(descriptors.epsilon)\n"
    if !all(descriptors.periodic) {
      text += "\(periodicComment.dropLast()) = \(descriptors.periodic.inWords)\n"
    }
    text += "[GVECT_PARAMETERS]\nNspecies = \(descriptors.species.count)\n"
    text += "species = \(descriptors.species.joined(separator: ","))\n"
    return text + lines.map { "\($0) = \($1)\n" }.joined()
  }

  private static func gridLines(_ d: DescriptorParameters) -> [(String, String)] {
    [
      ("eta_rad", "\(d.radialEta)"), ("Rc_rad", "\(d.radialCutoff)"),
      ("Rs0_rad", "\(d.radialStart)"), ("Rsst_rad", "\(d.radialStep)"),
      ("RsN_rad", "\(d.radialCount)"),
      ("eta_ang", "\(d.angularEta)"), ("Rc_ang", "\(d.angularCutoff)"),
      ("Rs0_ang", "\(d.angularStart)"), ("Rsst_ang", "\(d.angularStep)"),
      ("RsN_ang", "\(d.angularCount)"),
      ("zeta", "\(d.zeta)"), ("ThetasN", "\(d.angleCount)"),
    ]
  }

  private static func listLines(_ d: DescriptorParameters) -> [(String, String)] {
    func list(_ numbers: [Double]) -> String {
      "[" + numbers.map { "\($0)" }.joined(separator: ", ") + "]"
    }
    let zetas = d.zetas.map { "\(Int($0))" }
    return [
      ("RsN_rad", "\(d.radialCount)"), ("eta_rad", list(d.radialEtas)),
      ("Rc_rad", "\(d.radialCutoff)"), ("Rs_rad", list(d.radialCentres)),
      ("RsN_ang", "\(d.angularCount)"), ("eta_ang", list(d.angularEtas)),
      ("Rc_ang", "\(d.angularCutoff)"), ("Rs_ang", list(d.angularCentres)),
      ("ThetasN", "\(d.angleCount)"), ("zeta", "[" + zetas.joined(separator: ", ") + "]"),
      ("Thetas", list(d.angles)),
    ]
  }

  /// One species as its section and its file.
  private struct Exported {
    let file: String
    let section: String
    let parameters: [UInt8]

    init(_ network: SpeciesNetwork, _ rescale: Double, _ version: Version) throws {
      guard network.graph == nil else {
        throw NetworkError(
          "species \(network.symbol): the format has no networks that a text defines")
      }
      let allowed: [Activation] = [.linear, .gaussian, .relu] + (version == .lists ? [.tanh] : [])
      for layer in network.layers where !allowed.contains(layer.activation) {
        throw NetworkError(
          "species \(network.symbol): the format has no activation \(layer.activation); allowed:"
            + " \(allowed.map { $0.spellings[0] }.joined(separator: ", "))")
      }
      let last = network.layers.count - 1
      guard network.layers[last].activation == .linear else {
        throw NetworkError(
          "species \(network.symbol): the last layer must be linear to take up the offset")
      }
      file = "weights_\(network.symbol).dat"
      let sizes = network.layers.map { "\($0.outputSize)" }.joined(separator: ",")
      let codes = network.layers.map { "\($0.activation.rawValue)" }.joined(separator: ",")
      section =
        "\n[\(network.symbol)]\nNlayers = \(network.layers.count)\nsizes = \(sizes)\nfile = \(file)\n"
        + "activations = \(codes)\n"
      let numbers = network.layers.enumerated().flatMap { index, layer in
        let weights = layer.weights.scalars(as: Float.self)
        let biases = layer.biases.scalars(as: Float.self)
        guard index == last else { return weights + biases }
        return weights.map { rescale == 1 ? $0 : Float(Double($0) / rescale) }
          + biases.map { rescale == 1 ? $0 : Float(Double($0) / rescale) }.map {
            $0 + Float(network.offset)
          }
      }
      parameters = numbers.flatMap { number in
        (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
      }
    }
  }
}
