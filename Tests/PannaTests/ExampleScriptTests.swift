import Foundation
import Testing

/// The scripts of the examples, with a program that only says that it was called.
@Suite struct ExampleScriptTests {
  /// The scripts work in folders of their own, where a relative path leads elsewhere.
  @Test(arguments: ["silicon/run.sh quick out", "ani/run.sh data.h5 out"])
  func theProgramMayHaveARelativePath(script: String) throws {
    let fixture = try ProgramFixture()
    try fixture.write("#!/bin/sh\nexit 3\n", to: "panna")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: fixture.path("panna"))
    let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Examples").standardizedFileURL
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let words = script.split(separator: " ").map(String.init)
    process.arguments = ["bash", examples.appendingPathComponent(words[0]).path] + words[1...]
    process.currentDirectoryURL = fixture.folder
    process.environment = ProcessInfo.processInfo.environment.merging(["PANNA": "./panna"]) { $1 }
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    // Of a program that is not found it would be 127.
    #expect(process.terminationStatus == 3)
    #expect(fixture.exists("out"))
  }
}
