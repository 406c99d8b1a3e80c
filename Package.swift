// swift-tools-version: 6.1

import PackageDescription

// Arrows point down only: a target names nothing but targets above it in this list.
let package = Package(
  name: "panna",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Dataflow", targets: ["Dataflow"]),
    .library(name: "DataflowAccelerators", targets: ["DataflowAccelerators"]),
    .library(name: "DataflowTesting", targets: ["DataflowTesting"]),
    .library(name: "Atomistics", targets: ["Atomistics"]),
    .library(name: "AtomicNetworks", targets: ["AtomicNetworks"]),
    .executable(name: "panna", targets: ["panna"]),
    .executable(name: "benchmarks", targets: ["Benchmarks"]),
  ],
  targets: [
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CChecksum"),
    .systemLibrary(name: "CProcessor"),
    .target(name: "CProducts"),
    .target(name: "Tensors", dependencies: ["CProcessor"]),
    .target(name: "ProtobufWire"),
    .target(
      name: "DataflowGraph",
      dependencies: ["Tensors", "ProtobufWire", "COpenBLAS", "CProcessor", "CProducts"]),
    .target(name: "DataflowRuntime", dependencies: ["DataflowGraph"]),
    .target(name: "DataflowAccelerators", dependencies: ["DataflowRuntime"]),
    .target(name: "DataflowPipelines", dependencies: ["DataflowRuntime"]),
    .target(name: "DataflowFormats", dependencies: ["Tensors", "ProtobufWire", "CChecksum"]),
    .target(
      name: "DataflowInterchange", dependencies: ["DataflowRuntime", "DataflowFormats"]),
    .target(
      name: "Dataflow",
      dependencies: [
        "Tensors", "DataflowGraph", "DataflowRuntime", "DataflowPipelines", "DataflowFormats",
        "DataflowInterchange",
      ]),
    .target(name: "DataflowTesting", dependencies: ["Dataflow"]),
    .target(name: "ProgramSupport"),
    .target(name: "Atomistics", dependencies: ["Dataflow"]),
    .target(name: "AtomicNetworks", dependencies: ["Atomistics"]),
    .target(name: "CBenchmarks"),
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "AtomicNetworks", "DataflowAccelerators", "ProgramSupport", "COpenBLAS", "CBenchmarks",
      ]),
    .executableTarget(
      name: "panna", dependencies: ["AtomicNetworks", "DataflowAccelerators", "ProgramSupport"]),

    .target(
      name: "TestSupport", dependencies: ["DataflowTesting", "DataflowAccelerators"],
      path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"]),
    .testTarget(name: "DataflowGraphTests", dependencies: ["Dataflow", "TestSupport"]),
    .testTarget(name: "DataflowRuntimeTests", dependencies: ["Dataflow", "TestSupport"]),
    .testTarget(
      name: "DataflowAcceleratorsTests",
      dependencies: ["AtomicNetworks", "DataflowAccelerators", "TestSupport"]),
    .testTarget(name: "DataflowPipelinesTests", dependencies: ["Dataflow", "TestSupport"]),
    .testTarget(name: "DataflowFormatsTests", dependencies: ["DataflowFormats", "TestSupport"]),
    .testTarget(name: "DataflowInterchangeTests", dependencies: ["Dataflow", "TestSupport"]),
    .testTarget(name: "ProgramSupportTests", dependencies: ["ProgramSupport", "TestSupport"]),
    .testTarget(name: "AtomisticsTests", dependencies: ["Atomistics", "TestSupport"]),
    .testTarget(name: "AtomicNetworksTests", dependencies: ["AtomicNetworks", "TestSupport"]),
    .testTarget(
      name: "PannaTests",
      dependencies: ["panna", "AtomicNetworks", "ProgramSupport", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
