import AtomicNetworks
import Atomistics
import Dataflow

/// Tells a structure or a potential from others, by a checksum of what decides the motion of atoms.
struct ContentChecksum: CustomStringConvertible {
  private var bytes: [UInt8] = []

  init(_ structure: Structure) {
    add(structure.species)
    add(structure.positions)
    add(structure.cell.vectors)
    add(structure.cell.periodic)
    add(structure.velocities ?? [])
    add(structure.masses ?? [])
  }

  init(_ potential: PotentialSource) {
    switch potential {
    case .stillingerWeber: add(PotentialSource.reference)
    case .networks(let model):
      add(model.descriptors as Any)
      add(model.energyRescale)
      for network in model.networks { add(network) }
    }
  }

  private mutating func add(_ network: SpeciesNetwork) {
    add(network.symbol)
    add(network.offset)
    for layer in network.layers {
      add(layer.weights)
      add(layer.biases)
      add(layer.activation)
    }
    guard let graph = network.graph else { return }
    add(graph.source.text)
    for (name, text) in graph.source.includes.sorted(by: { $0.key < $1.key }) { add([name, text]) }
    for parameter in graph.parameters {
      add(parameter.name)
      add(parameter.value)
    }
  }

  private mutating func add(_ tensor: Tensor) {
    add(tensor.shape)
    tensor.withBytes { bytes += $0 }
  }

  /// Numbers are written so that they are told from all others.
  private mutating func add(_ value: Any) { bytes += "\(value);".utf8 }

  /// Eight hexadecimal digits.
  var description: String {
    let digits = String(CRC32C.checksum(bytes), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
