import Atomistics
import Dataflow
import Foundation
import TestSupport
import Testing

@testable import AtomicNetworks
@testable import DataflowAccelerators

/// Trainings on a device, beside those on the CPU.
@Suite(
  .enabled(if: TestDevice.isPresent, TestDevice.absence), .serialized, .timeLimit(.minutes(20)))
struct DeviceTrainingTests {
  private func trainer(
    _ model: NetworkModel, _ objective: TrainingObjective, _ placement: Placement = Placement()
  ) throws -> Trainer {
    var options = SessionOptions()
    options.placement = placement
    return try Trainer(
      model, objective: objective,
      schedule: TrainingSchedule(batchSize: 8, maxSteps: 40, learningRate: 0.002), options: options)
  }

  /// Takes forty steps on the CPU and two times on the device.
  private func compare(
    _ model: NetworkModel, _ objective: TrainingObjective, _ structures: [DescribedStructure]
  ) throws {
    let processor = try trainer(model, objective)
    let placement = TestDevice.placement
    let device = try trainer(model, objective, placement)
    let again = try trainer(model, objective, placement)
    let batch = try processor.batch(of: structures)
    for step in 1...40 {
      let (expected, found) = (try processor.run(batch), try device.run(batch))
      #expect(found.energyErrors == (try again.run(batch)).energyErrors, "step \(step)")
      expectClose(found.energyErrors, expected.energyErrors, step)
      expectClose([found.energyLoss], [expected.energyLoss], step)
      expectClose(found.forceLoss.map { [$0] } ?? [], expected.forceLoss.map { [$0] } ?? [], step)
    }
    let networks = (
      try device.model().networks, try again.model().networks, try processor.model().networks
    )
    for (index, network) in networks.0.enumerated() {
      for (number, layer) in network.layers.enumerated() {
        #expect(layer.weights.hasSameBits(as: networks.1[index].layers[number].weights))
        let expected = networks.2[index].layers[number]
        expectClose(layer.weights.inDouble, expected.weights.inDouble, 40)
        expectClose(layer.biases.inDouble, expected.biases.inDouble, 40)
      }
    }
  }

  private func expectClose(_ found: [Double], _ expected: [Double], _ step: Int) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) {
      // Energies are differences of some eV, of which one unit in the last place is 2^-22.
      #expect(abs(a - b) <= 1e-4 * abs(b) + 0x1p-20, "step \(step)")
    }
  }

  @Test func energies() throws {
    try compare(Fixtures.model(), TrainingObjective(), try Fixtures.structures(8))
  }

  @Test func energiesAndForces() throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.1
    objective.energyLoss = .quadExpTanhAtom
    objective.regularization.weightsL2 = 0.01
    objective.clipValue = 0.5
    try compare(Fixtures.model(.tanh), objective, try Fixtures.structures(8))
  }

  @Test(arguments: [false, true]) func derivativesInParts(isHalf: Bool) throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.1
    objective.hasHalfDerivatives = isHalf
    let descriptors = DerivativePartsTests.descriptors
    try compare(
      Fixtures.model(.tanh, descriptors: descriptors), objective,
      try Fixtures.structures(8, descriptors: descriptors))
  }

  @Test func derivativesInHalfPrecision() throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.1
    objective.hasHalfDerivatives = true
    try compare(Fixtures.model(.tanh), objective, try Fixtures.structures(8))
  }

  @Test(.enabled(if: Golden.isPresent, "reference data absent"))
  func theDataOfTheOriginal() throws {
    let folder = Golden.url("panna/golden")
    let model = try NetworkModel(folder: folder.appendingPathComponent("init_net"))
    var objective = TrainingObjective()
    objective.forcesCost = 0.02
    let files = try DescribedStructureFile.files(in: folder.appendingPathComponent("tfr_sparse"))
    try compare(model, objective, try files.flatMap(DescribedStructureFile.read))
  }

  /// Batches that are on their way to the device before their step train to the same bits; nothing waits for ever where
  /// a training ends before its batches.
  @Test(arguments: [0, 0.1]) func batchesSentAhead(forcesCost: Double) throws {
    var objective = TrainingObjective()
    objective.forcesCost = forcesCost
    let structures = try Fixtures.structures(9)
    func train(sends: Bool) throws -> [Tensor] {
      let trainer = try trainer(Fixtures.model(), objective, TestDevice.placement)
      #expect(trainer.batchSender != nil)
      let batches = BatchPipeline(
        structures, order: ShuffledOrder(count: 9, seed: 3), batchSize: 4,
        make: trainer.batchMaker, sender: sends ? trainer.batchSender : nil)
      for _ in 0..<12 {
        let batch = try #require(try batches.next())
        #expect((batch.ahead != nil) == sends)
        _ = try trainer.run(batch)
      }
      if forcesCost == 0 { batches.close() }
      return try trainer.state().map(\.value)
    }
    for (a, b) in zip(try train(sends: true), try train(sends: false)) {
      #expect(a.hasSameBits(as: b))
    }
    #expect(try trainer(Fixtures.model(), objective).batchSender == nil)
  }

  /// An error of the data comes behind the batches before it.
  @Test func errorsComeInOrder() throws {
    let trainer = try trainer(Fixtures.model(), TrainingObjective(), TestDevice.placement)
    var structures = try Fixtures.structures(9)
    structures[5].species[0] = 7
    var order = ShuffledOrder(count: 9, seed: 3)
    let batches = BatchPipeline(
      structures, order: order, batchSize: 1, make: trainer.batchMaker, sender: trainer.batchSender)
    var count = 0
    #expect(throws: DataError.self) {
      while let batch = try batches.next() {
        _ = try trainer.run(batch)
        count += 1
      }
    }
    let places = (0..<9).map { order.index(at: $0) }
    #expect(count == places.firstIndex(of: 5))
  }

  /// Devices that share batches: the bits of one that computes the same slices alone, close to those of the CPU. They
  /// are one of OpenCL's, opened twice.
  @Test(
    .enabled(if: !TestDevice.catalog.openCL.isEmpty, TestDevice.absence),
    arguments: [(0, false), (0.1, false), (0.1, true)])
  func devicesShareBatches(forcesCost: Double, half: Bool) throws {
    let entry = TestDevice.catalog.openCL[0]
    let devices = try (0..<2).map { try Accelerator(entry.open(), name: .local("OPENCL", $0)) }
    var objective = TrainingObjective()
    objective.forcesCost = forcesCost
    objective.hasHalfDerivatives = half
    objective.regularization.weightsL2 = 0.01
    let structures = try Fixtures.structures(9)
    func run(_ devices: [Accelerator], threads: Int) throws -> ([TrainingStep], [Tensor]) {
      var options = SessionOptions(intraOpParallelismThreads: threads)
      options.placement.devices += devices
      options.placement.defaultDevice = devices.first?.name ?? DeviceName()
      let trainer = try Trainer(
        Fixtures.model(), objective: objective,
        schedule: TrainingSchedule(batchSize: 8, maxSteps: 40, learningRate: 0.002),
        options: options, slicing: devices.isEmpty ? .whole : .count(3),
        sliceDevices: devices.map(\.name))
      let steps = try (0..<40).map { step in
        // Sizes change, and addresses with them.
        let first = step % 3 == 2 ? 4 : 0
        return try trainer.run(trainer.batch(of: Array(structures[first..<min(first + 8, 9)])))
      }
      return (steps, try trainer.state().map(\.value))
    }
    let (expected, _) = try run([], threads: 1)
    let (one, oneState) = try run([devices[0]], threads: 2)
    for (step, (a, b)) in zip(one, expected).enumerated() {
      expectClose(a.energyErrors, b.energyErrors, step)
      expectClose(a.squaredForceErrors ?? [], b.squaredForceErrors ?? [], step)
      expectClose([a.energyLoss], [b.energyLoss], step)
    }
    for threads in [1, 2, 3] {
      let (both, state) = try run(devices, threads: threads)
      for (a, b) in zip(both, one) {
        #expect(a.energyErrors == b.energyErrors && a.energyLoss == b.energyLoss)
        #expect(a.squaredForceErrors == b.squaredForceErrors && a.forceLoss == b.forceLoss)
      }
      for (a, b) in zip(state, oneState) { #expect(a.hasSameBits(as: b)) }
    }
  }

  /// What a training with forces leaves to the CPU: nothing but the node that waits for all others.
  @Test(arguments: [false, true]) func nothingOfAStepIsTheProcessors(half: Bool) throws {
    var objective = TrainingObjective()
    objective.forcesCost = 0.1
    objective.hasHalfDerivatives = half
    let trainer = try trainer(Fixtures.model(), objective, TestDevice.placement)
    let trace = RunTrace()
    _ = try trainer.run(try trainer.batch(of: try Fixtures.structures(4)), trace: trace)
    let elsewhere = trace.records.filter { !$0.device.contains(TestDevice.device!.name.type!) }
    #expect(elsewhere.map(\.operation).filter { $0 != "NoOp" } == [])
    #expect(trace.records.count > 40)
  }

  /// Energies, forces and virials of a potential whose networks are computed on the device.
  @Test func potentials() throws {
    let model = Fixtures.model()
    var options = SessionOptions()
    options.placement = TestDevice.placement
    let structure = Structure(
      name: "cluster", species: ["H", "O", "H", "H"],
      positions: [[0, 0, 0], [1, 0.1, 0], [0.2, 1.1, 0.3], [1.2, 1, 0.9]])
    let results = try [
      NetworkPotential(model), NetworkPotential(model, options: options),
    ].map { try $0.labelled(structure, executor: SerialExecutor()) }
    #expect(abs(results[0].energy! - results[1].energy!) <= 1e-10)
    for (a, b) in zip(results[0].forces!, results[1].forces!) {
      #expect((0..<3).allSatisfy { abs(a[$0] - b[$0]) <= 1e-9 })
    }
  }

  /// The state of a training goes from the CPU to a device and back.
  @Test func statesTravel() throws {
    let structures = try Fixtures.structures(4)
    let processor = try trainer(Fixtures.model(), TrainingObjective())
    let batch = try processor.batch(of: structures)
    _ = try processor.run(batch)
    let state = Dictionary(uniqueKeysWithValues: try processor.state().map { ($0.name, $0.value) })
    let device = try trainer(Fixtures.model(), TrainingObjective(), TestDevice.placement)
    try device.restore(state, step: 1)
    for (name, value) in try device.state() { #expect(value.hasSameBits(as: state[name]!)) }
    let (a, b) = (try processor.run(batch), try device.run(batch))
    expectClose(b.energyErrors, a.energyErrors, 2)
  }
}
