import Dataflow

/// The cost of wrong energies, by the names of `loss_function`.
///
/// D is a structure's predicted energy minus its reference, n its number of atoms, a the cap; sums run
/// over the batch (equations 14 and 15).
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
  /// Σ D² + exp(a tanh(Σ D²/n² / a))
  case quadExpTanhAtom = "quad_exp_tanh_atom"
  /// Σ D² + exp(a tanh(Σ D²/n / a))
  case quadExpTanhStdAtom = "quad_exp_tanh_std_atom"
  /// Σ D² + exp(a tanh(Σ D² / a))
  case quadExpTanh = "quad_exp_tanh"

  /// The loss as a scalar value.
  ///
  /// - Parameters:
  ///   - errors: D, `[structures]`.
  ///   - atomCounts: n, `[structures]`.
  ///   - cap: a, 5 in the original.
  ///   - reduction: what stands for Σ.
  func value(
    errors: Value, atomCounts: Value, cap: Double = Self.cap, reduction: LossReduction = .sum
  ) -> Value {
    let squares = square(errors)
    let total = reduction.value(squares)
    var perAtom: Value { reduction.value(squares / atomCounts) }
    var perAtomSquared: Value { reduction.value(square(errors / atomCounts)) }
    func capped(_ x: Value) -> Value { exp(tanh(x / cap) * cap) }
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

  /// Whether the loss is a sum of what each structure costs.
  var isSum: Bool { [.quad, .quadAtom, .quadStdAtom].contains(self) }

  /// Whether the cap has an effect.
  public var hasCap: Bool {
    [.quadExpTanhAtom, .quadExpTanhStdAtom, .quadExpTanh].contains(self)
  }

  /// The original's cap.
  public static let cap = 5.0

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

/// How the structures of a batch are put together in a loss.
public enum LossReduction: String, Sendable, CaseIterable {
  /// As the original's first generation does.
  case sum
  /// As its second one does.
  case mean

  func value(_ x: Value) -> Value {
    switch self {
    case .sum: DataflowGraph.sum(x)
    case .mean: DataflowGraph.mean(x)
    }
  }
}

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

  /// Whether the loss is a sum of what each structure costs.
  var isSum: Bool { [.quad, .quadAtom].contains(self) }

  /// The loss as a scalar value.
  ///
  /// - Parameters:
  ///   - squaredErrors: s, `[structures]`.
  ///   - atomCounts: n, `[structures]`.
  ///   - reduction: what stands for Σ.
  func value(
    squaredErrors: Value, atomCounts: Value, reduction: LossReduction = .sum
  ) -> Value {
    var perAtom: Value { reduction.value(squaredErrors / square(atomCounts)) }
    switch self {
    case .quad: return reduction.value(squaredErrors)
    case .expQuad: return exponential(reduction.value(squaredErrors))
    case .quadAtom: return perAtom
    case .expQuadAtom: return exponential(perAtom)
    }
  }
}
