import Dataflow
import Foundation
import TestSupport
import Testing

/// Tensors that go from one session to another.
@Suite(.timeLimit(.minutes(10))) struct RendezvousTests {
  private func sessions(_ graphs: [Graph], inter: Int = 1) -> (Rendezvous, [Session]) {
    let rendezvous = Rendezvous()
    var options = SessionOptions(interOpParallelismThreads: inter)
    options.rendezvous = rendezvous
    return (rendezvous, graphs.map { Session($0, options: options) })
  }

  /// A product cut in two: one session has the input and the result, the other computes in between.
  @Test(arguments: [1, 2]) func partsComputeWhatTheWholeDoes(inter: Int) throws {
    let (near, far) = (Graph(), Graph())
    let x = near.placeholder(.float64, ["n", 3], name: "x")
    let sent = try send(tanh(x), as: "x", from: "/task:0", to: "/task:1")
    let returned = try near.receive("y", .float64, ["m", 3], from: "/task:1", to: "/task:0")
    let result = returned * 2
    let received = try far.receive("x", .float64, ["n", 3], from: "/task:0", to: "/task:1")
    let back = try send(square(received), as: "y", from: "/task:1", to: "/task:0")

    let (_, sessions) = sessions([near, far], inter: inter)
    let done = DispatchSemaphore(value: 0)
    Thread {
      for _ in 0..<20 { _ = try? sessions[1].run([], targets: [back]) }
      done.signal()
    }.start()
    for number in 1...20 {
      let input = Tensor.random([number % 4, 3], seed: UInt64(number))
      let found = try sessions[0].run([result], feeds: [x: input], targets: [sent])[0]
      let whole = Graph()
      let y = whole.placeholder(.float64, ["n", 3])
      let expected = try Session(whole).run([square(tanh(y)) * 2], feeds: [y: input])[0]
      #expect(found.hasSameBits(as: expected))
    }
    done.wait()
  }

  @Test func whoWaitsCanBeCancelledAndSentHome() throws {
    let graph = Graph()
    let value = try graph.receive("never", .float32, [2], name: "wanted")
    let (rendezvous, sessions) = sessions([graph])
    let cancellation = Cancellation()
    soon { cancellation.cancel() }
    #expect(throws: RunInterruption.cancelled) {
      try sessions[0].run([value], options: RunOptions(cancellation: cancellation))
    }
    soon { rendezvous.close() }
    let ended = #expect(throws: QueueEnded.self) { try sessions[0].run([value]) }
    #expect(ended?.node == "wanted")
    #expect(try sessions[0].runUnlessEnded([value]) == nil)
    #expect(try !rendezvous.send(Tensor(1), key: "other"))
  }

  @Test func othersOfTheSameSessionRunMeanwhile() throws {
    let graph = Graph()
    let x = graph.placeholder(.float32, [])
    let sent = try send(x, as: "x")
    let received = try graph.receive("x", .float32, [])
    let session = Session(graph)
    let found = Locked([Float]())
    let done = DispatchSemaphore(value: 0)
    Thread {
      let result = try? session.run([received])[0].scalar(as: Float.self)
      found.withLock { $0.append(result ?? -1) }
      done.signal()
    }.start()
    usleep(2000)
    _ = try session.run([], feeds: [x: Tensor(4 as Float)], targets: [sent])
    done.wait()
    #expect(found.withLock { $0 } == [4])
  }

  @Test func anotherTypeIsAnError() throws {
    let graph = Graph()
    let received = try graph.receive("x", .float32, [], name: "r")
    let (rendezvous, sessions) = sessions([graph])
    _ = try rendezvous.send(Tensor(1.0), key: ";;x")
    let error = #expect(throws: GraphError.self) { try sessions[0].run([received]) }
    #expect(error?.node == "r" && error?.message == "received double[], expected float")
  }

  @Test(arguments: [[3, 2], [2], [4, 1], []] as [Shape]) func anotherShapeIsAnError(shape: Shape)
    throws
  {
    let graph = Graph()
    let received = try graph.receive("x", .float64, ["n", 3], name: "r")
    let (rendezvous, sessions) = sessions([graph])
    _ = try rendezvous.send(Tensor(zeros: shape, elementType: .float64), key: ";;x")
    let error = #expect(throws: GraphError.self) { try sessions[0].run([received]) }
    #expect(
      error?.node == "r" && error?.message.hasPrefix("output 0 has the shape \(shape)") == true)
  }

  /// The next run receives the next tensor.
  @Test func whatDoesNotFitIsNotKept() throws {
    let graph = Graph()
    let x = graph.placeholder(.float64, ["n"])
    let wanted = Recv("x", TensorSpec(.float64, ["n"]), from: "", to: "", knowsSizes: true)
    let total = try graph.add(wanted, name: "r").output + x
    let (rendezvous, sessions) = sessions([graph])
    for tensor in [Tensor([1.0, 2]), Tensor([4.0, 5, 6])] {
      _ = try rendezvous.send(tensor, key: ";;x")
    }
    let feeds = [x: Tensor([10.0, 20, 30])]
    let error = #expect(throws: GraphError.self) { try sessions[0].run([total], feeds: feeds) }
    #expect(error?.node == "r")
    #expect(error?.message == "output 0 has the shape [2], expected [3]")
    #expect(try sessions[0].run([total], feeds: feeds) == [Tensor([14.0, 25, 36])])
  }

  @Test func textsNameThem() throws {
    let graph = try Graph(
      text: """
        x = Recv(tensor_type: float, shape: [n, 2], tensor_name: "x", send_device: "a", recv_device: "b")
        y = Send(x, tensor_name: "y", send_device: "b", recv_device: "a")
        """)
    #expect(try Graph(text: graph.text).text == graph.text)
    #expect(graph.node(named: "x")?.operationName == "Recv")
  }
}
