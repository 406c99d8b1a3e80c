import Tensors

/// The labels of an einsum's dimensions: `ij,jk->ik`.
struct EinsumEquation: Sendable {
  let inputs: [[Character]]
  let output: [Character]

  /// - Parameter ranks: of the inputs; `...` stands for the dimensions without labels of their own,
  ///   which broadcast.
  /// - Throws: `GraphError` that says what does not fit.
  init(_ text: String, ranks: [Int]) throws {
    let text = text.filter { $0 != " " }
    guard let dash = text.firstIndex(of: "-"), text[dash...].hasPrefix("->") else {
      throw GraphError("the equation \"\(text)\" has no \"->\"")
    }
    let operands = text[..<dash].split(separator: ",", omittingEmptySubsequences: false)
    guard operands.count == ranks.count else {
      throw GraphError(
        "the equation \"\(text)\" has \(operands.count) operands, got \(ranks.count)")
    }
    let result = text[text.index(dash, offsetBy: 2)...]
    // Dimensions without labels get Greek ones, which broadcast.
    let open = zip(operands, ranks).map { operand, rank in
      operand.contains(".") ? rank - operand.filter { $0 != "." }.count : 0
    }
    let most = max(0, open.max() ?? 0)
    func labels(_ operand: Substring, _ open: Int) throws -> [Character] {
      let names = operand.filter { $0 != "." }
      let dots = operand.count - names.count
      guard names.allSatisfy(Self.isLabel), dots == 0 || (dots == 3 && operand.contains("..."))
      else {
        throw GraphError("\"\(operand)\" in the equation \"\(text)\": expected letters and \"...\"")
      }
      guard dots == 3, let place = operand.firstIndex(of: ".") else { return Array(operand) }
      let hidden = (most - open..<most).map { Character(Unicode.Scalar(UInt32(0x3B1 + $0))!) }
      return Array(operand[..<place]) + hidden + operand[operand.index(place, offsetBy: 3)...]
    }
    for (operand, count) in zip(operands, open) where count < 0 {
      throw GraphError("\"\(operand)\" in the equation \"\(text)\" has too many labels")
    }
    inputs = try zip(operands, open).map { try labels($0, $1) }
    output = try labels(result, most)
    for (index, rank) in ranks.enumerated() where inputs[index].count != rank {
      throw GraphError(
        "\"\(operands[index])\" does not label the \(rank) dimensions of input \(index)")
    }
    for label in output where !inputs.joined().contains(label) {
      throw GraphError("label \"\(label)\" of the result is in no operand of \"\(text)\"")
    }
  }

  /// Labels as they stand in an equation.
  static func text(_ labels: [Character]) -> String {
    let place = labels.firstIndex(where: isHidden) ?? labels.endIndex
    let rest = labels[place...].drop(while: isHidden)
    return String(labels[..<place]) + (labels[place...].isEmpty ? "" : "...") + String(rest)
  }

  /// Whether a label is Greek, as of the dimensions under `...`: sizes of 1 are repeated.
  static func isHidden(_ label: Character) -> Bool { ("α"..."ω").contains(label) }

  private static func isLabel(_ label: Character) -> Bool {
    label.isLetter && label.isASCII
  }

  /// The labels, one of each, in the order of their first appearance.
  var labels: [Character] {
    (output + inputs.joined()).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// How far apart neighbours along the given labels lie in a tensor; 0 where it does not have them or
  /// repeats them.
  static func strides(
    _ labels: some Sequence<Character>, in tensor: [Character], _ shape: Shape
  ) -> [Int] {
    labels.map { label in
      tensor.indices.filter { tensor[$0] == label && shape[$0] != 1 }
        .reduce(0) { $0 + shape.strides[$1] }
    }
  }
}
