@_exported import DataflowTesting
