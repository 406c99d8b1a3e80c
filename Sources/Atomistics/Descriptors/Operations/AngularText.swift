import Dataflow
import Foundation

/// What the angular parts of descriptors' kernels for devices differ in: statements on a pair of an atom's
/// neighbours, `j` and `k`, whose components are a Gaussian for each of some centres times a factor for each of
/// some angles.
struct AngularText {
  let centreCount: Int
  let angleCount: Int
  /// Numbers that the statements refer to.
  let tables: [(name: String, numbers: [Double])]
  private let geometryLines: [String]
  private let factorLines: [String]
  private let slopeLines: [String]
  private let gaussLines: [String]
  private let pullLines: [String]

  /// Statements that give `weight`, which all components have, and what the others need.
  func geometry(indent: Int) -> String { text(geometryLines, indent) }

  /// Statements that give `factor` of the angle `a`, and `slope`, its derivative by the cosine.
  func factor(indent: Int, hasSlope: Bool) -> String {
    text(hasSlope ? factorLines + slopeLines : factorLines, indent)
  }

  /// Statements that give `gauss` of the centre `p`, and `gaussSlope`, the derivative of its logarithm.
  func gauss(indent: Int) -> String { text(gaussLines, indent) }

  /// Statements that add the derivative by the displacement to `j` to `pullX`, `pullY` and `pullZ`, from the
  /// energy without `weight`, `value`, and its derivatives `byLength` and `byCosine`.
  func pull(indent: Int) -> String { text(pullLines, indent) }

  private func text(_ lines: [String], _ indent: Int) -> String {
    lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { String($0) }
  }
}

extension AngularText {
  /// Distances, directions and the cosine of a pair, with `name` for the type.
  private static func directions(_ name: String) -> String {
    """
    const \(name) lengthJ = columns[j], lengthK = columns[k];
    const \(name) ux = columns[pairs + j], uy = columns[2 * pairs + j], uz = columns[3 * pairs + j];
    const \(name) vx = columns[pairs + k], vy = columns[2 * pairs + k], vz = columns[3 * pairs + k];
    const \(name) product = ux * vx + uy * vy + uz * vz;
    const \(name) cosine = product > 1 ? 1 : product < -1 ? -1 : product;
    """
  }

  /// Equation 5.
  static func modified(_ p: DescriptorParameters, _ type: ElementType) -> AngularText {
    let (name, scale) = (DeviceDialect.name(of: type), p.cosineScale)
    func literal(_ value: Double) -> String { DeviceDialect.literal(value, type) }
    let smoothing = p.angles.map { p.epsilon * sin($0) * sin($0) }
    let halves = smoothing.map { 1 / (1 + (1 + $0).squareRoot()) }
    // The square of the sine from the vector product has no difference of almost equal numbers.
    let geometry = """
      \(directions(name))
      const \(name) wx = uy * vz - uz * vy, wy = uz * vx - ux * vz, wz = ux * vy - uy * vx;
      const \(name) mean = \(literal(0.5)) * (lengthJ + lengthK);
      const \(name) scaled = \(literal(scale)) * cosine;
      const \(name) whole = wx * wx + wy * wy + wz * wz;
      const \(name) part = \(literal(scale * scale)) * whole + \(literal(1 - scale * scale));
      const \(name) sinSquare = part < \(literal(leastSquare(type))) ? \(literal(leastSquare(type))) : part;
      const \(name) weight = 2 * columns[4 * pairs + j] * columns[4 * pairs + k];
      """
    let factor = """
      const \(name) root = sqrt(sinSquare + smoothings[a]);
      \(type == .float32 ? singlePower : doublePower(p.zetas))
      const \(name) factor = power * base;
      """
    let slope = """
      const \(name) slope = zetas[a] * power * \(literal(scale))
        * (halfCosines[a] - halfSines[a] * scaled / root);
      """
    let gauss = """
      const \(name) away = mean - centres[p];
      const \(name) gauss = exp(-etas[p] * away * away), gaussSlope = -etas[p] * away;
      """
    // The mean distance changes half as much as either distance: that is in the Gaussian's slope.
    let pull = """
      const \(name) along = 2 * columns[4 * pairs + k]
        * (columns[5 * pairs + j] * value + columns[4 * pairs + j] * byLength);
      const \(name) across = weight * byCosine / lengthJ;
      pullX += along * ux + across * (vx - ux * cosine);
      pullY += along * uy + across * (vy - uy * cosine);
      pullZ += along * uz + across * (vz - uz * cosine);
      """
    return AngularText(
      centreCount: p.angularCount, angleCount: p.angleCount,
      tables: [
        ("etas", p.angularEtas), ("centres", p.angularCentres), ("smoothings", smoothing),
        ("cosines", p.angles.map { cos($0) }), ("sines", p.angles.map { sin($0) }),
        ("lengths", smoothing.map { (1 + $0).squareRoot() }), ("halves", halves),
        ("halfSines", zip(halves, p.angles).map { $0 * sin($1) }),
        ("halfCosines", zip(halves, p.angles).map { $0 * cos($1) }), ("zetas", p.zetas),
      ],
      geometryLines: lines(geometry), factorLines: lines(factor), slopeLines: lines(slope),
      gaussLines: lines(gauss), pullLines: lines(pull))
  }

  /// What keeps three atoms in line without epsilon from 0/0; far enough above what rounding leaves.
  private static func leastSquare(_ type: ElementType) -> Double {
    type == .float32 ? 1e-9 : 1e-14
  }

  /// Statements that give `base`, x of equation 5 over its highest, and `power`, x to the power of zeta - 1, by
  /// multiplications where that is a small whole number for all angles.
  private static func doublePower(_ zetas: [Double]) -> String {
    let base = "const double base = halves[a] + halfSines[a] * root + halfCosines[a] * scaled;\n"
    let exponent = zetas[0] - 1
    guard zetas.allSatisfy({ $0 == zetas[0] }), exponent >= 0, exponent <= 256,
      exponent == exponent.rounded()
    else {
      return base + """
        const double positive = base < 1e-300 ? 1e-300 : base;
        const double power = pow(positive, zetas[a] - 1);
        """
    }
    guard exponent > 0 else { return base + "const double power = 1;" }
    var text = base + "double power = base;"
    let bits = String(Int(exponent), radix: 2).dropFirst()
    for bit in bits { text += "\npower = power * power\(bit == "1" ? " * base" : "");" }
    return text
  }

  /// The same in single precision, where a large exponent makes much of what rounding leaves of a base near 1:
  /// what it lacks of 1 is computed, which is a square, and the logarithm of that.
  private static let singlePower = """
    const float aside = scaled / lengths[a] - cosines[a], above = root / lengths[a] - sines[a];
    const float found = (aside * aside + above * above) * lengths[a] / (2 + 2 * lengths[a]);
    const float missing = found < 0.999999f ? found : 0.999999f;
    const float base = 1 - missing;
    const float power = exp((zetas[a] - 1) * log1p(-missing));
    """

  /// Equation 4: angles are exponents with either sign of the cosine, centres are widths.
  static func behlerParrinello(
    _ p: BehlerParrinelloParameters, _ type: ElementType
  ) -> AngularText {
    let (name, cutoff) = (DeviceDialect.name(of: type), p.angularCutoff)
    func literal(_ value: Double) -> String { DeviceDialect.literal(value, type) }
    let zetas = p.zetas.flatMap { [$0, $0] }
    // Atoms in one place have no direction.
    let geometry = """
      \(directions(name))
      const \(name) wx = ux * lengthJ - vx * lengthK, wy = uy * lengthJ - vy * lengthK;
      const \(name) wz = uz * lengthJ - vz * lengthK;
      const \(name) apart = sqrt(wx * wx + wy * wy + wz * wz);
      const \(name) third = apart < \(literal(1e-8)) ? \(literal(1e-8)) : apart;
      const \(name) phase = \(literal(.pi / cutoff)) * third;
      const int counts = \(p.cutsThirdDistance ? "third < \(literal(cutoff))" : "1");
      const \(name) thirdCutoff = counts ? \(literal(0.5)) + \(literal(0.5)) * cos(phase) : 0;
      const \(name) squares = lengthJ * lengthJ + lengthK * lengthK + third * third;
      const \(name) both = columns[4 * pairs + j] * columns[4 * pairs + k];
      const \(name) weight = both * thirdCutoff;
      """
    let factor = """
      const \(name) found = 1 + signs[a] * cosine;
      const \(name) base = found < \(literal(1e-14)) ? \(literal(1e-14)) : found;
      const \(name) power = scales[a] * pow(base, zetas[a] - 1);
      const \(name) factor = power * base;
      """
    let slope = "const \(name) slope = zetas[a] * signs[a] * power;"
    let gauss = """
      const \(name) gauss = exp(-etas[p] * squares), gaussSlope = -2 * etas[p];
      """
    let pull = """
      const \(name) along = columns[4 * pairs + k] * thirdCutoff * columns[5 * pairs + j] * value
        + weight * lengthJ * byLength;
      const \(name) thirdSlope = counts ? \(literal(-0.5 * .pi / cutoff)) * sin(phase) : 0;
      const \(name) aside = (both * thirdSlope * value + weight * third * byLength) / third;
      const \(name) across = weight * byCosine / lengthJ;
      pullX += along * ux + across * (vx - ux * cosine) + aside * wx;
      pullY += along * uy + across * (vy - uy * cosine) + aside * wy;
      pullZ += along * uz + across * (vz - uz * cosine) + aside * wz;
      """
    return AngularText(
      centreCount: p.angularEtas.count, angleCount: zetas.count,
      tables: [
        ("etas", p.angularEtas), ("zetas", zetas), ("scales", zetas.map { exp2(1 - $0) }),
        ("signs", zetas.indices.map { $0 % 2 == 0 ? 1 : -1 }),
      ],
      geometryLines: lines(geometry), factorLines: lines(factor), slopeLines: lines(slope),
      gaussLines: lines(gauss), pullLines: lines(pull))
  }
}
