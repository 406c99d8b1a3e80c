import DataflowGraph
import Foundation

BLAS.useOneThread
// A file that grows beyond the limit is an error with a message, like a full disk, not the end.
signal(SIGXFSZ, SIG_IGN)
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
