// swift-tools-version: 6.1

import PackageDescription

// Operations of one's own: a package that depends on the engine and on the checks of operations.
let package = Package(
  name: "operations",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "panna", path: "../..")],
  targets: [
    .target(
      name: "Operations", dependencies: [.product(name: "Dataflow", package: "panna")]),
    .testTarget(
      name: "OperationsTests",
      dependencies: ["Operations", .product(name: "DataflowTesting", package: "panna")]),
  ],
  swiftLanguageModes: [.v6]
)
