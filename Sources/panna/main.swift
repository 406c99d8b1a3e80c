import DataflowGraph
import Foundation

BLAS.useOneThread
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
