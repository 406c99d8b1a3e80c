import Tensors

/// Where in a session a kernel is made: its node, and what the session offers.
public struct KernelSite {
  /// The node, as it stands in the graph that runs.
  public let node: Node
  public let inputs: [TensorSpec]
  public let outputs: [TensorSpec]
  /// Which outputs something reads.
  public let isOutputUsed: [Bool]
  /// What outlives runs.
  public let resources: ResourceStore
  /// The nodes that call the functions which the node is in, from the outside; empty for a node of none.
  private let callers: String
  private let makeRunnerOn: (GraphFunction, DeviceName?) throws -> any FunctionRunner

  package init(
    node: Node, inputs: [TensorSpec], outputs: [TensorSpec], isOutputUsed: [Bool],
    resources: ResourceStore, callers: String,
    makeRunner: @escaping (GraphFunction, DeviceName?) throws -> any FunctionRunner
  ) {
    self.node = node
    self.inputs = inputs
    self.outputs = outputs
    self.isOutputUsed = isOutputUsed
    self.resources = resources
    self.callers = callers
    makeRunnerOn = makeRunner
  }

  /// What tells the node from all others of a session, also from itself where several nodes call one function.
  public var name: String { callers + node.graph.path + node.name }

  /// Makes what runs a function inside a run of this step.
  ///
  /// - Parameter device: where the function's nodes run that ask for nothing; nil for where the session's do.
  /// - Throws: `GraphError` where there is no such device, and where the function cannot be planned.
  public func makeRunner(
    _ function: GraphFunction, on device: DeviceName? = nil
  ) throws -> any FunctionRunner {
    try makeRunnerOn(function, device)
  }
}

/// Runs a function's graph for a kernel.
public protocol FunctionRunner: AnyObject {
  /// The function's outputs for the given inputs, the captured values included, as part of the run
  /// that `context` belongs to.
  func run(_ inputs: [Tensor], in context: borrowing KernelContext) throws -> [Tensor]
}

/// A kernel that runs functions, which have memory of their own.
package protocol FunctionCaller: Kernel {
  var functionRunners: [any FunctionRunner] { get }
}

/// Queues, stacks and the like that a session holds; tensors of the type `resource` hold their numbers.
///
/// Safe to use from several threads.
public final class ResourceStore: Sendable {
  private struct Contents {
    var resources: [any Sendable] = []
    var numbers: [String: Int] = [:]
  }

  private let contents = Guarded(Contents())

  public init() {}

  /// The number of the resource of that name, made where there is none yet.
  public func handle(named name: String, make: () throws -> any Sendable) rethrows -> Int {
    try contents.withLock { contents in
      if let number = contents.numbers[name] { return number }
      contents.resources.append(try make())
      contents.numbers[name] = contents.resources.count - 1
      return contents.resources.count - 1
    }
  }

  /// The resource that a handle stands for.
  ///
  /// - Throws: `GraphError` where it is of another kind.
  public func resource<R>(_ number: Int, as kind: R.Type = R.self) throws -> R {
    let found = contents.withLock { contents in
      contents.resources.indices.contains(number) ? contents.resources[number] : nil
    }
    guard let found else { throw GraphError("the handle \(number) stands for nothing") }
    guard let resource = found as? R else {
      throw GraphError("the handle stands for a \(type(of: found)), not a \(R.self)")
    }
    return resource
  }

  /// Every resource of one kind, in the order they were made.
  public func all<R>(_: R.Type) -> [R] {
    contents.withLock { $0.resources.compactMap { $0 as? R } }
  }
}

extension Operation {
  /// Checks that an input stands for a resource.
  func expectHandle(_ input: TensorSpec, _ what: String) throws {
    try expect(input, type: .resource, what)
    try expect(input, rank: 0, what)
  }
}

extension TensorView {
  /// The number in a handle, a scalar of the type `resource`.
  package var handle: Int {
    get { base.loadUnaligned(as: Int.self) }
    nonmutating set { base.storeBytes(of: newValue, as: Int.self) }
  }
}
