/// A structure as a network sees it: the descriptor of every atom and what it is trained on.
public struct DescribedStructure: Sendable, Equatable {
  /// The name of the structure: its file's name up to the first dot.
  public var name: String
  /// The total energy in eV, no offset removed.
  public var energy: Float
  /// The place of every atom's species in the list of species that the descriptors were made with.
  public var species: [Int32]
  /// The number of components of one atom's descriptor, g.
  public var descriptorSize: Int
  /// The descriptors, atom by atom: n * g numbers.
  public var descriptors: [Float]
  /// The derivatives of the descriptors by the positions, in 1/angstrom.
  public var derivatives: DerivativeBlocks?
  /// The forces, atom by atom: 3 n numbers in eV/angstrom.
  public var forces: [Float]?
  /// One more number per atom.
  public var perAtomQuantity: [Float]?

  /// A described structure put together by the caller.
  ///
  /// - Precondition: all lists have the lengths that the numbers of atoms and components ask for.
  public init(
    name: String, energy: Float, species: [Int32], descriptorSize: Int, descriptors: [Float],
    derivatives: DerivativeBlocks? = nil, forces: [Float]? = nil, perAtomQuantity: [Float]? = nil
  ) {
    let n = species.count
    precondition(descriptors.count == n * descriptorSize, "descriptors of \(name)")
    if let derivatives {
      precondition(derivatives.atomCount == n, "rows of the derivatives of \(name)")
      precondition(
        descriptorSize.isMultiple(of: derivatives.parts), "parts of the derivatives of \(name)")
      precondition(
        derivatives.values.count * derivatives.parts == derivatives.blockCount * 3 * descriptorSize,
        "blocks of the derivatives of \(name)")
    }
    precondition(forces.map { $0.count == 3 * n } ?? true, "forces of \(name)")
    precondition(perAtomQuantity.map { $0.count == n } ?? true, "numbers per atom of \(name)")
    self.name = name
    self.energy = energy
    self.species = species
    self.descriptorSize = descriptorSize
    self.descriptors = descriptors
    self.derivatives = derivatives
    self.forces = forces
    self.perAtomQuantity = perAtomQuantity
  }

  /// The same structure, its derivatives of descriptors that are cut into so many parts.
  ///
  /// - Precondition: the descriptor's size is a multiple of the parts.
  public func cut(into parts: Int) -> DescribedStructure {
    guard let derivatives else { return self }
    var structure = self
    structure.derivatives = derivatives.cut(into: parts, descriptorSize: descriptorSize)
    return structure
  }

  /// The number of atoms, n.
  public var atomCount: Int { species.count }
}
