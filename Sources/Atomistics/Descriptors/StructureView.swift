import Tensors

/// Numbers that lie in an array, or in bytes that someone else keeps.
package enum FloatList {
  case array([Float])
  /// Single precision at any address.
  case packed(UnsafeRawBufferPointer)
  /// Half precision at any address, with what to multiply with.
  case half(UnsafeRawBufferPointer, inverseScale: Float)
  /// The same in an array.
  case halfArray([Float16], inverseScale: Float)
  /// Single precision in a file, read where it is copied, and once.
  case streamed(StreamedFloats)

  package var count: Int {
    switch self {
    case .array(let numbers): numbers.count
    case .packed(let bytes): bytes.count / MemoryLayout<Float>.size
    case .half(let bytes, _): bytes.count / MemoryLayout<Float16>.size
    case .halfArray(let numbers, _): numbers.count
    case .streamed(let numbers): numbers.count
    }
  }

  /// The memory of the numbers.
  var byteCount: Int {
    switch self {
    case .array, .packed, .streamed: MemoryLayout<Float>.size * count
    case .half, .halfArray: MemoryLayout<Float16>.size * count
    }
  }

  /// The same numbers, that nobody else keeps.
  var owned: FloatList {
    switch self {
    case .array, .halfArray: self
    case .packed, .streamed: .array(array)
    case .half(let bytes, let inverseScale):
      .halfArray(
        Array(unsafeUninitializedCapacity: count) { target, initialized in
          UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
          initialized = count
        }, inverseScale: inverseScale)
    }
  }

  /// Calls `body` with the numbers in half precision and what to multiply them with; rounded where they are not.
  package func withHalves<R>(
    _ body: (UnsafeRawBufferPointer, _ inverseScale: Float) throws -> R
  ) rethrows -> R {
    switch self {
    case .half(let bytes, let inverseScale): return try body(bytes, inverseScale)
    case .halfArray(let numbers, let inverseScale):
      return try numbers.withUnsafeBytes { try body($0, inverseScale) }
    case .array, .packed, .streamed:
      let half = HalfPrecision(array)
      return try half.bits.withUnsafeBytes { try body($0, 1 / half.scale) }
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
    case .halfArray(let numbers, let inverseScale):
      numbers[range].withUnsafeBytes {
        HalfPrecision.expand($0, inverseScale: inverseScale, to: target)
      }
    case .streamed(let numbers): numbers.copy(range, to: target)
    }
  }

  package var array: [Float] {
    if case .array(let numbers) = self { return numbers }
    return Array(unsafeUninitializedCapacity: count) { target, initialized in
      if let start = target.baseAddress { copy(0..<count, to: start) }
      initialized = count
    }
  }

  /// The first number that is not finite, nil where all are; of numbers that are not read yet none is.
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
      case .halfArray(let numbers, _): numbers.withUnsafeBytes { HalfPrecision.areFinite($0) }
      case .streamed: true
      }
    return isFinite ? nil : array.first { !$0.isFinite }
  }
}

/// A described structure whose numbers may lie in bytes that someone else keeps, as those of a record in a file.
///
/// What a structure is put into a batch from: valid only where it was handed out.
public struct StructureView: @unchecked Sendable {
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
    package let parts: Int
    package let rowStarts: [Int32]
    package let neighbours: [Int32]
    package let values: FloatList

    /// The same derivatives, of descriptors that are cut into so many parts.
    package func cut(into parts: Int, descriptorSize: Int) -> Derivatives {
      Derivatives(blocks.cut(into: parts, descriptorSize: descriptorSize))
    }

    /// The same with numbers of their own.
    fileprivate var blocks: DerivativeBlocks {
      DerivativeBlocks(
        parts: parts, rowStarts: rowStarts, neighbours: neighbours, values: values.array)
    }
  }

  /// The same structure, whose numbers nobody else keeps.
  var owned: StructureView {
    StructureView(
      name: name, energy: energy, species: species, descriptorSize: descriptorSize,
      descriptors: descriptors.owned,
      derivatives: derivatives.map {
        Derivatives(
          parts: $0.parts, rowStarts: $0.rowStarts, neighbours: $0.neighbours,
          values: $0.values.owned)
      }, forces: forces?.owned, perAtomQuantity: perAtomQuantity?.owned)
  }

  /// The memory of its numbers, in bytes.
  var byteCount: Int {
    let lists = [descriptors, derivatives?.values, forces, perAtomQuantity]
    let integers =
      species.count + (derivatives.map { $0.rowStarts.count + $0.neighbours.count } ?? 0)
    return lists.reduce(4 * integers + 256) { $0 + ($1?.byteCount ?? 0) }
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

extension StructureView.Derivatives {
  init(_ blocks: DerivativeBlocks) {
    self.init(
      parts: blocks.parts, rowStarts: blocks.rowStarts, neighbours: blocks.neighbours,
      values: .array(blocks.values))
  }
}

extension DescribedStructure {
  package var view: StructureView {
    StructureView(
      name: name, energy: energy, species: species, descriptorSize: descriptorSize,
      descriptors: .array(descriptors),
      derivatives: derivatives.map(StructureView.Derivatives.init),
      forces: forces.map { .array($0) }, perAtomQuantity: perAtomQuantity.map { .array($0) })
  }

  /// A structure with numbers of its own.
  package init(_ view: StructureView) {
    self.init(
      name: view.name, energy: view.energy, species: view.species,
      descriptorSize: view.descriptorSize, descriptors: view.descriptors.array,
      derivatives: view.derivatives?.blocks, forces: view.forces?.array,
      perAtomQuantity: view.perAtomQuantity?.array)
  }
}
