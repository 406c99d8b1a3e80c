// The whole engine under one name: `import Dataflow`.
@_exported import DataflowFormats
@_exported import DataflowGraph
@_exported import DataflowInterchange
@_exported import DataflowPipelines
@_exported import DataflowRuntime
@_exported import Tensors
