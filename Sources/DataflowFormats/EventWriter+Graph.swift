import Foundation
import ProtobufWire

extension EventWriter {
  /// Adds a graph, which TensorBoard's graph page draws.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(
    graph: GraphDef, wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    try write(wallTime: wallTime) { $0.field(4, bytes: graph.binary) }
  }

  /// Adds what the steps of a run cost, which the graph page shows under `tag`.
  ///
  /// - Throws: `FormatError` where the file cannot be written.
  public func write(
    metadata: RunMetadata, tag: String, step: Int,
    wallTime: Double = Date().timeIntervalSince1970
  ) throws {
    try write(wallTime: wallTime) {
      $0.field(2, varint: UInt64(bitPattern: Int64(step)))
      $0.field(8) {
        $0.field(1, string: tag)
        $0.field(2, bytes: metadata.binary)
      }
    }
  }
}
