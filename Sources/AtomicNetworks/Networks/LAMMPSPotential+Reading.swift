import Atomistics
import Dataflow
import Foundation

extension LAMMPSPotential {
  /// Reads a potential as networks: from its text file, or from the folder that holds `panna.in`.
  ///
  /// Offsets stay in the last biases, where the format has them.
  ///
  /// - Throws: `NetworkError` that names the file and what is wrong.
  public static func read(_ location: URL) throws -> NetworkModel {
    let folder = (try? location.resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory ?? false
    let file = folder ? location.appendingPathComponent(defaultName) : location
    guard let data = FileManager.default.contents(atPath: file.path),
      let text = String(validating: data, as: UTF8.self)
    else { throw NetworkError(file: file.path, "cannot be read as a text") }
    do {
      return try Text(text).model(in: file.deletingLastPathComponent())
    } catch let error as NetworkError where error.file == nil {
      throw NetworkError(file: file.path, error.message)
    } catch let error as AtomisticsError {
      throw NetworkError(file: file.path, "\(error)")
    }
  }

  /// The text's sections, blanks taken out.
  private struct Text {
    private var sections: [String: [String: String]] = [:]
    private var epsilon: Double?
    /// Nil where structures may repeat along all vectors.
    private var periodic: [Bool]?

    init(_ text: String) throws {
      var section = ""
      let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      for (index, line) in lines.enumerated() {
        let content = String(line.filter { !$0.isWhitespace })
        if content.hasPrefix(epsilonComment) {
          let number = content.dropFirst(epsilonComment.count)
          epsilon = Double(number)
          guard let epsilon, epsilon.isFinite else {
            throw NetworkError("line \(index + 1): epsilon = \(number): expected a number")
          }
        }
        if content.hasPrefix(periodicComment) {
          let words = content.dropFirst(periodicComment.count)
          let flags = words.split(separator: ",").map { ["True": true, "False": false][$0] }
          periodic = flags.compactMap(\.self)
          guard flags.count == 3, periodic?.count == 3 else {
            throw NetworkError(
              "line \(index + 1): pbc = \(words): expected True or False three times")
          }
        }
        if content.isEmpty || content.hasPrefix("#") { continue }
        if content.hasPrefix("[") && content.hasSuffix("]") && !content.contains("=") {
          section = String(content.dropFirst().dropLast())
          guard sections.updateValue([:], forKey: section) == nil else {
            throw NetworkError("line \(index + 1): section [\(section)] appears twice")
          }
          continue
        }
        guard let equals = content.firstIndex(of: "=") else {
          throw NetworkError("line \(index + 1): \"\(line)\": expected key = value")
        }
        let key = String(content[..<equals])
        sections[key.hasPrefix("!") ? "" : section, default: [:]][key] =
          String(content[content.index(after: equals)...])
      }
    }

    func model(in folder: URL) throws -> NetworkModel {
      let version = sections[""]?["!gversion"] ?? "0"
      guard let number = Int(version), Version(rawValue: number) != nil else {
        throw NetworkError("!gversion = \(version); allowed: 0, 1")
      }
      let species = try value("species", in: "GVECT_PARAMETERS").split(separator: ",").map(
        String.init)
      if let count = sections["GVECT_PARAMETERS"]?["Nspecies"], Int(count) != species.count {
        throw NetworkError("Nspecies = \(count), but there are \(species.count) species")
      }
      let parameters = try gvectParameters()
      let settings = try parameters.settings(species: species)
      var model = NetworkModel(
        networks: try species.map { try network($0, settings.size, folder) }, descriptors: settings)
      model.assumesEpsilon = parameters.assumesEpsilon
      model.assumesPeriodicity = parameters.assumesPeriodicity
      _ = try model.descriptorSize()
      return model
    }

    private func gvectParameters() throws -> GvectParameters {
      typealias Keys = GvectParameters.CodingKeys
      func number(_ key: Keys) throws -> Double {
        try parse(key.rawValue, "a number") { Double($0) }
      }
      func count(_ key: Keys) throws -> Int {
        try parse(key.rawValue, "a whole number") { Int($0) }
      }
      func list(_ key: Keys) throws -> [Double] {
        try parse(key.rawValue, "numbers in brackets") { text in
          let parts = text.trimmingCharacters(in: ["[", "]"]).split(separator: ",")
          let numbers = parts.compactMap { Double($0) }
          return parts.count == numbers.count && !numbers.isEmpty ? numbers : nil
        }
      }
      func has(_ key: Keys) -> Bool { sections["GVECT_PARAMETERS"]?[key.rawValue] != nil }
      func numbers(_ key: Keys) throws -> GvectParameters.Numbers {
        let all = try list(key)
        return all.count == 1 ? .one(all[0]) : .list(all)
      }
      return GvectParameters(
        radialEta: try numbers(.radialEta), radialCutoff: try number(.radialCutoff),
        radialStart: has(.radialStart) ? try number(.radialStart) : nil,
        radialCount: try count(.radialCount),
        radialStep: has(.radialStep) ? try number(.radialStep) : nil,
        radialCentres: has(.radialCentres) ? try list(.radialCentres) : nil,
        angularEta: try numbers(.angularEta), angularCutoff: try number(.angularCutoff),
        angularStart: has(.angularStart) ? try number(.angularStart) : nil,
        angularCount: try count(.angularCount),
        angularStep: has(.angularStep) ? try number(.angularStep) : nil,
        angularCentres: has(.angularCentres) ? try list(.angularCentres) : nil,
        zeta: try numbers(.zeta), angleCount: try count(.angleCount),
        angles: has(.angles) ? try list(.angles) : nil, epsilon: epsilon, periodic: periodic)
    }

    private func network(_ symbol: String, _ inputSize: Int, _ folder: URL) throws -> SpeciesNetwork
    {
      let sizes = try integers("sizes", symbol)
      let layerCount = try parse("Nlayers", "a whole number", in: symbol) { Int($0) }
      let allowed = 1...SpeciesNetwork.largestSize
      guard sizes.count == layerCount, sizes.last == 1, sizes.allSatisfy(allowed.contains) else {
        throw NetworkError(
          "[\(symbol)] sizes = \(sizes): expected \(layerCount) numbers from 1 to"
            + " \(allowed.upperBound), the last one 1")
      }
      var activations = sizes.indices.map { $0 == sizes.count - 1 ? Activation.linear : .gaussian }
      if sections[symbol]?["activations"] != nil {
        let codes = try integers("activations", symbol)
        activations = codes.compactMap(Activation.init(rawValue:))
        guard activations.count == codes.count, codes.count == sizes.count else {
          throw NetworkError(
            "[\(symbol)] activations = \(codes): expected \(sizes.count) numbers from 0 to 4")
        }
      }
      let file = folder.appendingPathComponent(try value("file", in: symbol))
      var numbers = try floats(file, count: Self.parameterCount(inputSize, sizes))[...]
      var input = inputSize
      let layers = zip(sizes, activations).map { size, activation in
        defer { input = size }
        let weights = Array(numbers.prefix(input * size))
        let biases = Array(numbers.dropFirst(input * size).prefix(size))
        numbers = numbers.dropFirst((input + 1) * size)
        return SpeciesNetwork.Layer(
          weights: Tensor(shape: [input, size], scalars: weights), biases: Tensor(biases),
          activation: activation)
      }
      return SpeciesNetwork(symbol: symbol, layers: layers, offset: 0)
    }

    private static func parameterCount(_ input: Int, _ sizes: [Int]) -> Int {
      zip([input] + sizes, sizes).reduce(0) { $0 + ($1.0 + 1) * $1.1 }
    }

    private func floats(_ file: URL, count: Int) throws -> [Float] {
      guard let data = FileManager.default.contents(atPath: file.path) else {
        throw NetworkError(file: file.path, "cannot be read")
      }
      guard data.count == 4 * count else {
        throw NetworkError(
          file: file.path, "has \(data.count) bytes; \(count) parameters are \(4 * count)")
      }
      let numbers = data.withUnsafeBytes { bytes in
        (0..<count).map { index in
          let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
          return Float(bitPattern: UInt32(littleEndian: bits))
        }
      }
      if let place = numbers.firstIndex(where: { !$0.isFinite }) {
        throw NetworkError(
          file: file.path, "parameter \(place): found \(numbers[place]); allowed: finite numbers")
      }
      return numbers
    }

    private func integers(_ key: String, _ section: String) throws -> [Int] {
      try parse(key, "whole numbers", in: section) { text in
        let parts = text.split(separator: ",")
        let numbers = parts.compactMap { Int($0) }
        return numbers.count == parts.count ? numbers : nil
      }
    }

    private func parse<T>(
      _ key: String, _ expected: String, in section: String = "GVECT_PARAMETERS",
      _ read: (String) -> T?
    ) throws -> T {
      let text = try value(key, in: section)
      guard let result = read(text) else {
        throw NetworkError("[\(section)] \(key) = \(text): expected \(expected)")
      }
      return result
    }

    private func value(_ key: String, in section: String) throws -> String {
      guard let entries = sections[section] else {
        throw NetworkError("section [\(section)] is missing")
      }
      guard let value = entries[key] else { throw NetworkError("[\(section)] \(key) is missing") }
      return value
    }
  }
}
