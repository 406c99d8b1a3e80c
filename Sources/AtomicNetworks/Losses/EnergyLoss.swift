import Dataflow

/// The cost of wrong energies, by the names of `loss_function`.
///
/// D is a structure's predicted energy minus its reference, n its number of atoms; sums run over the
/// batch (equations 14 and 15).
public enum EnergyLoss: String, Sendable, CaseIterable {
  /// Σ D²
  case quad
  /// ½ exp(2 Σ D²)
  case expQuad = "exp_quad"
  /// Σ D²/n²
  case quadAtom = "quad_atom"
  /// Σ D²/n
  case quadStdAtom = "quad_std_atom"
  /// ½ exp(2 Σ D²/n²)
  case expQuadAtom = "exp_quad_atom"
  /// ½ exp(2 Σ D²/n)
  case expQuadStdAtom = "exp_quad_std_atom"
  /// Σ D² + exp(5 tanh(Σ D²/n² / 5))
  case quadExpTanhAtom = "quad_exp_tanh_atom"
  /// Σ D² + exp(5 tanh(Σ D²/n / 5))
  case quadExpTanhStdAtom = "quad_exp_tanh_std_atom"
  /// Σ D² + exp(5 tanh(Σ D² / 5))
  case quadExpTanh = "quad_exp_tanh"

  /// The loss as a scalar value.
  ///
  /// - Parameters:
  ///   - errors: D, `[structures]`.
  ///   - atomCounts: n, `[structures]`.
  func value(errors: Value, atomCounts: Value) -> Value {
    let squares = square(errors)
    let total = sum(squares)
    var perAtom: Value { sum(squares / atomCounts) }
    var perAtomSquared: Value { sum(square(errors / atomCounts)) }
    switch self {
    case .quad: return total
    case .expQuad: return exponential(total)
    case .quadAtom: return perAtomSquared
    case .quadStdAtom: return perAtom
    case .expQuadAtom: return exponential(perAtomSquared)
    case .expQuadStdAtom: return exponential(perAtom)
    case .quadExpTanhAtom: return total + capped(perAtomSquared)
    case .quadExpTanhStdAtom: return total + capped(perAtom)
    case .quadExpTanh: return total + capped(total)
    }
  }

  /// TensorBoard's tag for the loss, as the original writes it.
  public var tag: String {
    switch self {
    case .quad: "1.Losses/1.LOSS-Delta_E2"
    case .quadAtom: "1.Losses/1.LOSS-Delta_E2_div_Natom2"
    case .quadStdAtom: "1.Losses/1.LOSS-Delta_E2_div_Natom"
    case .expQuad, .expQuadAtom, .expQuadStdAtom: "1.Losses/mul_1"
    case .quadExpTanhAtom: "1.Losses/1.LOSS-quad_exp_tanh_Delta_E2_div_Natom2"
    case .quadExpTanhStdAtom: "1.Losses/1.LOSS-quad_exp_tanh_Delta_E2_div_Natom"
    case .quadExpTanh: "1.Losses/1.LOSS-quad_exp_tanh_Delta_E2"
    }
  }
}

/// ½ exp(2 x)
private func exponential(_ x: Value) -> Value { exp(x * 2) * 0.5 }

/// exp(a tanh(x / a)) with a = 5 (equation 15)
private func capped(_ x: Value) -> Value { exp(tanh(x / 5) * 5) }

/// The cost of wrong forces, by the names of `floss_function`.
///
/// s is the squared norm of all force-component errors of a structure (equation 18).
public enum ForceLoss: String, Sendable, CaseIterable {
  /// Σ s
  case quad
  /// ½ exp(2 Σ s)
  case expQuad = "exp_quad"
  /// Σ s/n²
  case quadAtom = "quad_atom"
  /// ½ exp(2 Σ s/n²)
  case expQuadAtom = "exp_quad_atom"

  /// The loss as a scalar value.
  ///
  /// - Parameters:
  ///   - squaredErrors: s, `[structures]`.
  ///   - atomCounts: n, `[structures]`.
  func value(squaredErrors: Value, atomCounts: Value) -> Value {
    switch self {
    case .quad: sum(squaredErrors)
    case .expQuad: exponential(sum(squaredErrors))
    case .quadAtom: sum(squaredErrors / square(atomCounts))
    case .expQuadAtom: exponential(sum(squaredErrors / square(atomCounts)))
    }
  }
}
