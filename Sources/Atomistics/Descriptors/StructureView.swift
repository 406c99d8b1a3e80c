import Tensors

/// Numbers that lie in an array, or in bytes that someone else keeps.
package enum FloatList {
  case array([Float])
  /// Single precision at any address.
  case packed(UnsafeRawBufferPointer)
  /// Half precision at any address, with what to multiply with.
  case half(UnsafeRawBufferPointer, inverseScale: Float)

  package var count: Int {
    switch self {
    case .array(let numbers): numbers.count
    case .packed(let bytes): bytes.count / MemoryLayout<Float>.size
    case .half(let bytes, _): bytes.count / MemoryLayout<UInt16>.size
    }
  }

  /// Writes some of the numbers.
  package func copy(_ range: Range<Int>, to target: UnsafeMutablePointer<Float>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) of \(count) numbers")
    switch self {
    case .array(let numbers):
      numbers.withUnsafeBufferPointer { numbers in
        guard let start = numbers.baseAddress else { return }
        target.update(from: start + range.lowerBound, count: range.count)
      }
    case .packed(let bytes):
      let bytes = bytes[4 * range.lowerBound..<4 * range.upperBound]
      UnsafeMutableRawBufferPointer(start: target, count: bytes.count)
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes))
    case .half(let bytes, let inverseScale):
      HalfPrecision.expand(
        UnsafeRawBufferPointer(rebasing: bytes[2 * range.lowerBound..<2 * range.upperBound]),
        inverseScale: inverseScale, to: target)
    }
  }

  package var array: [Float] {
    if case .array(let numbers) = self { return numbers }
    return Array(unsafeUninitializedCapacity: count) { target, initialized in
      if let start = target.baseAddress { copy(0..<count, to: start) }
      initialized = count
    }
  }

  /// The first number that is not finite, nil where all are.
  var firstNotFinite: Float? {
    let isFinite =
      switch self {
      case .array(let numbers):
        numbers.withUnsafeBytes { bytes in
          bytes.baseAddress.map {
            VectorMath.areFinite($0, count: numbers.count, of: Float.self)
          } ?? true
        }
      case .packed(let bytes):
        bytes.baseAddress.map { VectorMath.areFinite($0, count: count, of: Float.self) } ?? true
      case .half(let bytes, _): HalfPrecision.areFinite(bytes)
      }
    return isFinite ? nil : array.first { !$0.isFinite }
  }
}

/// A described structure whose numbers may lie in bytes that someone else keeps, as those of a record in a file.
///
/// What a structure is put into a batch from: valid only where it was handed out.
public struct StructureView {
  package let name: String
  /// As in `DescribedStructure`, like all that follows.
  package let energy: Float
  package let species: [Int32]
  package let descriptorSize: Int
  package let descriptors: FloatList
  package let derivatives: Derivatives?
  package let forces: FloatList?
  package let perAtomQuantity: FloatList?

  /// As `DerivativeBlocks`.
  package struct Derivatives {
    package let rowStarts: [Int32]
    package let neighbours: [Int32]
    package let values: FloatList
  }

  /// Checks that every number is one that can be computed with.
  ///
  /// - Throws: `AtomisticsError` with the name of the first that is not.
  func checkFinite() throws {
    let lists: [(String, FloatList?)] = [
      ("energy", .array([energy])), ("descriptors", descriptors),
      ("derivatives", derivatives?.values), ("forces", forces),
      ("per-atom quantity", perAtomQuantity),
    ]
    for (key, numbers) in lists {
      guard let wrong = numbers?.firstNotFinite else { continue }
      throw AtomisticsError(key: key, found: "\(wrong)", allowed: "finite numbers")
    }
  }
}

extension DescribedStructure {
  package var view: StructureView {
    StructureView(
      name: name, energy: energy, species: species, descriptorSize: descriptorSize,
      descriptors: .array(descriptors),
      derivatives: derivatives.map {
        StructureView.Derivatives(
          rowStarts: $0.rowStarts, neighbours: $0.neighbours, values: .array($0.values))
      }, forces: forces.map { .array($0) }, perAtomQuantity: perAtomQuantity.map { .array($0) })
  }

  /// A structure with numbers of its own.
  package init(_ view: StructureView) {
    self.init(
      name: view.name, energy: view.energy, species: view.species,
      descriptorSize: view.descriptorSize, descriptors: view.descriptors.array,
      derivatives: view.derivatives.map {
        DerivativeBlocks(
          rowStarts: $0.rowStarts, neighbours: $0.neighbours, values: $0.values.array)
      }, forces: view.forces?.array, perAtomQuantity: view.perAtomQuantity?.array)
  }
}
