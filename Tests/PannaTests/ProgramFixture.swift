import Atomistics
import Foundation
import ProgramSupport
import Testing

@testable import panna

/// A folder of a test's own, gone with it, and programs run on what is in it.
final class ProgramFixture {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "panna-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  func path(_ name: String) -> String { url(name).path }

  /// What a descriptor file says.
  func descriptors(_ name: String) throws -> DescriptorSettings {
    try DescriptorConfiguration(IniFile(path: path(name))).settings
  }

  /// Writes a file, folders on the way made; `FOLDER` in its text stands for the fixture's.
  func write(_ text: String, to name: String) throws {
    let file = url(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.replacing("FOLDER", with: folder.path).utf8).write(to: file)
  }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: url(name)), as: UTF8.self)
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: url(name)) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// The names of the files in a folder, hidden ones too.
  func names(in name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
  }

  /// Runs a program as the command line would.
  func run(_ program: any Program.Type, _ arguments: String...) throws {
    try program.run(program.options.parse(arguments))
  }

  /// Runs a program with a configuration of this folder, of which some keys are others.
  func run(_ program: any Program.Type, config name: String, _ sets: [String] = []) throws {
    let arguments = ["-c", path(name)] + sets.flatMap { ["--set", $0] }
    try program.run(program.options.parse(arguments))
  }

  /// What is said of an error, the fixture's folder taken out.
  func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return "\(error)".replacing(folder.path + "/", with: "")
    }
  }
}
