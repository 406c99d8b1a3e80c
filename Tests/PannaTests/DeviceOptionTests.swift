import AtomicNetworks
import Atomistics
import Dataflow
import Foundation
import ProgramSupport
import TestSupport
import Testing

@testable import panna

/// The key `device`, the option `--device` and the program `devices`.
@Suite(.timeLimit(.minutes(20))) struct DeviceOptionTests {
  @Test(arguments: [
    ("cpu", DeviceChoice.processor), ("gpu", .gpu(0)), ("GPU:2", .gpu(2)), ("opencl", .openCL(0)),
    ("opencl:1", .openCL(1)), ("auto", .auto),
  ])
  func choices(text: String, choice: DeviceChoice) {
    #expect(DeviceChoice(text) == choice)
    #expect(DeviceChoice(choice.description) == choice)
  }

  @Test(arguments: [
    ("gpu", TrainingDevices.one(.gpu(0)), "gpu:0"), ("gpus", .gpus, "gpus"),
    ("gpu:0,GPU:1", .several([.gpu(0), .gpu(1)]), "gpu:0, gpu:1"),
    (" opencl , gpu:3", .several([.openCL(0), .gpu(3)]), "opencl:0, gpu:3"),
  ])
  func choicesOfSeveral(text: String, devices: TrainingDevices, name: String) {
    #expect(TrainingDevices(text) == devices)
    #expect(devices.description == name)
    #expect(TrainingDevices(name) == devices)
  }

  /// A list is for `train`; others say so.
  @Test func severalDevicesAreForTrain() throws {
    let workspace = try TrainingWorkspace()
    let expected = "expected cpu, gpu, gpu:N, opencl:N or auto; several devices are for train"
    for text in ["gpu:0,gpu:1", "gpus"] {
      #expect(workspace.run("evaluate", ["--device", text]) == 2)
      #expect(
        try workspace.said("evaluate", ["--device", text]).contains("--device \(text): \(expected)")
      )
      let setting = ["--set", "PARALLELIZATION.device=\(text)"]
      #expect(workspace.run("evaluate", setting) == 2)
      #expect(
        try workspace.said("evaluate", setting).contains(
          "[PARALLELIZATION] device = \(text): \(expected)"))
    }
    for text in ["gpu,gpu:0", "gpu:0,cpu", "gpu:0,auto", "gpu:0,", "gpu:0;gpu:1", "gpu:0, x"] {
      #expect(TrainingDevices(text) == nil)
      #expect(
        try workspace.said("train", ["--device", text]).contains(
          "--device \(text): expected \(TrainingDevices.allowed)"))
    }
  }

  /// One that is not there is named.
  @Test func listsWithDevicesThatAreNotThere() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let said = try workspace.said("train", ["--device", "opencl:97,opencl:98"])
    #expect(said.contains("device opencl:97: "))
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train"))
  }

  /// Losses that are no sums cannot be shared, which is said before anything is written.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func lossesThatAreNotShared() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    let settings = [
      "--set", "PARALLELIZATION.slices=2", "--set", "TRAINING_PARAMETERS.loss_function=exp_quad",
    ]
    #expect(workspace.run("train", settings) == 1)
    #expect(
      try workspace.said("train", settings).contains(
        "slices = 2: a batch can be cut into slices where losses are sums over its structures and"
          + " networks are layers"))
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train"))
  }

  /// Two devices that share batches give the bits of one that computes the same slices.
  @Test(
    .enabled(
      if: TestDevice.catalog.openCL.first?.properties.name.hasPrefix("pthread") == true,
      "OpenCL's first device is not PoCL's"),
    .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func trainingOnSeveralDevices() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    func train(_ settings: [String], _ folder: String) throws -> [Data] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: TrainTests.executable)
      let more = [
        "IO_INFORMATION.train_dir=\(workspace.path)/\(folder)",
        "PARALLELIZATION.intra_op_parallelism_threads=2",
      ]
      process.arguments =
        ["train", "--config", "\(workspace.path)/train.ini"] + settings
        + more.flatMap { ["--set", $0] }
      // PoCL's processor, twice.
      process.environment = ProcessInfo.processInfo.environment.merging(
        ["POCL_DEVICES": "pthread pthread"]) { $1 }
      let pipe = Pipe()
      (process.standardOutput, process.standardError) = (pipe, pipe)
      try process.run()
      let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(said)")
      let count = said.split(separator: "\n").filter { $0.hasPrefix("train: computes on") }.count
      #expect(count == (settings.contains("opencl:0,opencl:1") ? 2 : 1), "\(said)")
      let networks = URL(fileURLWithPath: "\(workspace.path)/\(folder)/saved_networks")
      return try FileManager.default.contentsOfDirectory(atPath: networks.path).sorted()
        .map { try Data(contentsOf: networks.appendingPathComponent($0)) }
    }
    let both = try train(["--device", "opencl:0,opencl:1"], "both")
    let one = try train(["--device", "opencl:0", "--set", "PARALLELIZATION.slices=2"], "one")
    let whole = try train(["--device", "opencl:0"], "whole")
    #expect(both == one && both.count > 2)
    #expect(both.map(\.count) == whole.map(\.count))
  }

  @Test(arguments: ["", "cuda", "gpu:", "gpu:-1", "gpu:1:2", "cpu:1", "auto:0", "gpu:x"])
  func wrongChoices(text: String) throws {
    #expect(DeviceChoice(text) == nil)
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("train", ["--device", text]) == 2)
    #expect(workspace.run("train", ["--set", "PARALLELIZATION.device=\(text)"]) == 2)
    #expect(
      try workspace.said("train", ["--set", "PARALLELIZATION.device=\(text)"])
        .contains("device = \(text)"))
  }

  @Test(arguments: ["gpu:97", "opencl:97"]) func devicesThatAreNotThere(text: String) throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    #expect(workspace.run("train", ["--device", text]) == 1)
    #expect(try workspace.said("train", ["--device", text]).contains("device \(text): "))
    #expect(!FileManager.default.fileExists(atPath: workspace.path + "/train"))
  }

  private func output(
    _ program: String, _ arguments: [String], includesErrors: Bool = false
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    if includesErrors { process.standardError = pipe }
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return text
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func whatThereIsIsListed() throws {
    let text = try output(TrainTests.executable, ["devices"])
    #expect(text.hasPrefix("cpu: "))
    for entry in TestDevice.catalog.gpus + TestDevice.catalog.openCL {
      #expect(text.contains(entry.properties.name))
    }
    for line in TestDevice.catalog.missing { #expect(text.contains("not found: \(line)")) }
  }

  /// Beside the device, and where the original has it.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func placementIsLogged() throws {
    let workspace = try TrainingWorkspace()
    #expect(workspace.run("tfr_packer") == 0)
    func log(_ settings: [String]) throws -> String {
      let folder = "\(workspace.path)/\(settings.count)\(settings.joined().count)"
      let all =
        settings.map { "\($0)=True" } + [
          "TRAINING_PARAMETERS.max_steps=1", "IO_INFORMATION.train_dir=\(folder)",
        ]
      return try output(
        TrainTests.executable,
        ["train", "--config", "\(workspace.path)/train.ini"] + all.flatMap { ["--set", $0] })
    }
    let sections = ["PARALLELIZATION", "IO_INFORMATION"].map { "\($0).log_device_placement" }
    for settings in [[sections[0]], [sections[1]], sections] {
      #expect(try log(settings).contains("/device:CPU:0"))
    }
    #expect(try !log([]).contains("/device:CPU:0"))
  }

  @Test func placementThatIsNotToBeLogged() throws {
    let workspace = try TrainingWorkspace()
    func said(_ settings: String...) throws -> String {
      #expect(workspace.run("train", settings.flatMap { ["--set", $0] }) == 2)
      return try workspace.said("train", settings.flatMap { ["--set", $0] })
    }
    for section in ["PARALLELIZATION", "IO_INFORMATION"] {
      #expect(
        try said("\(section).log_device_placement=perhaps").contains(
          "train.ini with --set: [\(section)] log_device_placement = perhaps: expected True or"
            + " False"))
    }
    #expect(
      try said(
        "PARALLELIZATION.log_device_placement=yes", "IO_INFORMATION.log_device_placement=no"
      ).contains(
        "[PARALLELIZATION] log_device_placement = yes: expected False as in [IO_INFORMATION], or"
          + " only one of the two"))
  }

  #if os(Linux)
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
    func noLibraryOfDevicesIsLinked() throws {
      let libraries = try output("/usr/bin/ldd", [TrainTests.executable]).lowercased()
      #expect(libraries.contains("libc.so"))
      for name in ["libcuda", "nvrtc", "cublas", "opencl"] { #expect(!libraries.contains(name)) }
    }
  #endif

  @Test func theReferencePotentialIsTheProcessors() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      "1\nProperties=species:S:1:pos:R:3\nSi 0 0 0\n", to: "atom.xyz")
    let message = fixture.message {
      try fixture.run(
        Predict.self, "-p", "stillinger-weber", "--device", "opencl", fixture.path("atom.xyz"))
    }
    #expect(message == "device opencl:0: stillinger-weber is computed on the processor")
  }

  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func trainingAndEvaluationOnADevice() throws {
    let device = TestDevice.device!.name.type == "GPU" ? "gpu" : "opencl"
    let (processor, accelerated) = (try TrainingWorkspace(), try TrainingWorkspace())
    for workspace in [processor, accelerated] {
      let option = workspace.path == processor.path ? "cpu" : device
      #expect(workspace.run("tfr_packer") == 0)
      #expect(workspace.run("train", ["--device", option]) == 0)
      #expect(workspace.run("evaluate", ["--device", option]) == 0)
    }
    for file in ["20.dat", "20_forces.dat"] {
      func numbers(_ workspace: TrainingWorkspace) throws -> [[Double]] {
        try String(contentsOfFile: workspace.path + "/evaluation/\(file)", encoding: .utf8)
          .split(separator: "\n").dropFirst()
          .map { $0.split(separator: " ").compactMap { Double($0) } }
      }
      let (expected, found) = (try numbers(processor), try numbers(accelerated))
      #expect(expected.count == found.count && expected.count > 10)
      for (a, b) in zip(expected.joined(), found.joined()) {
        #expect(abs(a - b) <= 1e-3 * max(1, abs(a)))
      }
    }
  }

  /// Descriptors, networks and forces of a device's beside the processor's.
  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func predictionsOnADevice() throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    let settings = try fixture.descriptors("gvect.ini")
    try waterNetworks(describedBy: settings).write(to: fixture.url("networks"))
    let frames = (1...3).map { GvectCalculatorTests.water($0) }
    try ExtendedXYZ.write(frames, to: fixture.url("in.xyz"))
    func predict(_ device: String) throws -> [Structure] {
      try fixture.run(
        Predict.self, "-p", fixture.path("networks"), "--device", device, "-o",
        fixture.path("\(device).xyz"), fixture.path("in.xyz"))
      return try ExtendedXYZ.read(fixture.url("\(device).xyz"))
    }
    let device = TestDevice.device!.name.type == "GPU" ? "gpu" : "opencl"
    for (found, expected) in zip(try predict(device), try predict("cpu")) {
      #expect(abs(found.energy! - expected.energy!) <= 1e-9 * max(1, abs(expected.energy!)))
      for (a, b) in zip(found.forces!, expected.forces!) {
        #expect((0..<3).allSatisfy { abs(a[$0] - b[$0]) <= 1e-9 })
      }
    }
  }

  /// What computes each operation of a prediction is said where that is asked for.
  @Test(
    .enabled(if: TestDevice.isPresent, TestDevice.absence),
    .enabled(if: FileManager.default.isExecutableFile(atPath: TrainTests.executable)))
  func placementOfPredictionsIsLogged() throws {
    let fixture = try ProgramFixture()
    try fixture.write(GvectCalculatorTests.ini, to: "gvect.ini")
    let settings = try fixture.descriptors("gvect.ini")
    try waterNetworks(describedBy: settings).write(to: fixture.url("networks"))
    try ExtendedXYZ.write([GvectCalculatorTests.water(1)], to: fixture.url("in.xyz"))
    let name = TestDevice.device!.name
    let device = name.type == "GPU" ? "gpu" : "opencl"
    let arguments = [
      "predict", "-p", fixture.path("networks"), "--device", device, fixture.path("in.xyz"),
    ]
    let line = "predict: descriptors: \(name)"
    func text(_ options: [String]) throws -> String {
      try output(TrainTests.executable, arguments + options, includesErrors: true)
    }
    #expect(try text(["--log-device-placement"]).contains(line))
    #expect(try !text([]).contains(line))
  }

  @Test(.enabled(if: TestDevice.isPresent, TestDevice.absence))
  func graphsRunOnADevice() throws {
    let fixture = try ProgramFixture()
    try fixture.write(
      """
      x = placeholder(float[rows, 3])
      y = 2 * Exp(x)
      """, to: "net.graph")
    try NumPyFile.write(
      Tensor(shape: [2, 3], scalars: [0, 1, 2, 3, 4, 5] as [Float]), to: fixture.url("x.npy"))
    for device in ["CPU:0", TestDevice.device!.name.short] {
      try fixture.run(
        GraphTool.self, "run", fixture.path("net.graph"), "--device", device, "--feed",
        "x=\(fixture.path("x.npy"))", "--fetch", "y=\(fixture.path("\(device).npy"))")
    }
    let results = try ["CPU:0", TestDevice.device!.name.short].map {
      try NumPyFile.read(fixture.url("\($0).npy")).scalars(as: Float.self)
    }
    for (a, b) in zip(results[0], results[1]) { #expect(abs(a - b) <= 1e-5 * a) }
  }
}
