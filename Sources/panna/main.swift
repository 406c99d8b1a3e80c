import DataflowGraph
import Foundation

BLAS.prepare
// Writing more than a file may hold is an error, as with a full disk, not the end of the program.
signal(SIGXFSZ, SIG_IGN)
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
