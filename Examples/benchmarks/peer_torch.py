"""A and B in PyTorch, C in TorchANI where it is installed.

Usage: peer_torch.py THREADS SECONDS WORKLOADS [FOLDER]

WORKLOADS are letters such as AB. TORCH_DEVICE names a device of PyTorch's for A and B (cpu). FOLDER holds
what `benchmarks --inputs FOLDER` wrote; C needs it.
"""

import importlib.util
import os
import sys
import warnings

import numpy as np
import torch

from inputs import check, measure, molecules, silicon, structures

threads, seconds, workloads = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
device = os.environ.get("TORCH_DEVICE", "cpu")
torch.backends.cuda.matmul.allow_tf32 = False
warnings.filterwarnings("ignore")


def tensor(numbers):
    return torch.from_numpy(numbers).to(device)


def parameters(layers):
    return [tuple(torch.nn.Parameter(tensor(p.copy())) for p in layer) for layer in layers]


def network(x, layers):
    for index, (weights, biases) in enumerate(layers):
        x = torch.addmm(biases, x, weights)
        if index + 1 < len(layers):
            x = torch.exp(-x * x)
    return x


def training(workload, case, loss, layers, expected):
    check(workload, float(loss().detach()), expected)
    flat = [p for layer in layers for p in layer]
    optimizer = torch.optim.Adam(flat, lr=1e-4, fused=True)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()
        if device != "cpu":
            torch.cuda.synchronize()

    measure(workload, case, "PyTorch", threads, "ms", 1, seconds, step)


def a():
    inputs = molecules()
    descriptors = [tensor(d) for d in inputs["descriptors"]]
    molecule = tensor(inputs["molecule"])
    energies, atoms = tensor(inputs["energies"]), tensor(inputs["atoms"])
    layers = [parameters(one) for one in inputs["layers"]]

    def loss():
        outputs = torch.cat([network(x, one) for x, one in zip(descriptors, layers)])
        errors = torch.zeros(1024, device=device).index_add(0, molecule, outputs[:, 0]) - energies
        return (errors**2).sum() + torch.exp(5 * torch.tanh(((errors / atoms) ** 2).sum() / 5))

    training("A", "training step on energies", loss, [l for one in layers for l in one], 242785.31)


def b():
    inputs = silicon()
    descriptors = tensor(inputs["descriptors"])
    derivatives = tensor(inputs["derivatives"])
    neighbours = tensor(inputs["neighbours"])
    energies, forces = tensor(inputs["energies"]), tensor(inputs["forces"])
    layers = parameters(inputs["layers"])

    def loss():
        x = descriptors.detach().requires_grad_(True)
        outputs = network(x, layers)
        (gradient,) = torch.autograd.grad(outputs.sum(), x, create_graph=True)
        pulls = torch.bmm(gradient[:, None, :], derivatives).reshape(-1, 3)
        found = -torch.zeros(len(x), 3, device=device).index_add(0, neighbours, pulls)
        errors = outputs.reshape(64, 216).sum(1) - energies
        return (errors**2).sum() + 1.3 * ((found - forces) ** 2).sum()

    training("B", "training step on energies and forces", loss, layers, 33688.54)


def c():
    if importlib.util.find_spec("torchani") is None:
        return
    from torchani.aev import AEVComputer
    folder = sys.argv[4]
    organic = AEVComputer.like_1x(
        neighborlist="all_pairs", radial_num_shifts=32, angular_num_shifts=8,
        angular_num_sections=8)
    silicon = AEVComputer.like_1x(
        num_species=1, neighborlist="cell_list", radial_start=0.5, radial_cutoff=4.6001,
        radial_num_shifts=16, angular_start=1.5, angular_cutoff=4.6, angular_eta=6.0,
        angular_zeta=50.0, angular_num_shifts=4, angular_num_sections=8)
    describe(organic, structures(f"{folder}/molecules.xyz"), "HCNO", "1000 molecules, 768 components")
    describe(silicon, structures(f"{folder}/silicon.xyz"), ["Si"], "216 Si, 48 components")


def describe(computer, frames, symbols, name):
    most = max(len(frame[0]) for frame in frames)
    species = np.full((len(frames), most), -1, np.int64)
    places = np.zeros((len(frames), most, 3), np.float32)
    for row, (kinds, positions, _) in enumerate(frames):
        species[row, : len(kinds)] = [list(symbols).index(kind) for kind in kinds]
        places[row, : len(kinds)] = positions
    cell = pbc = None
    if frames[0][2] is not None:
        cell, pbc = torch.tensor(frames[0][2], dtype=torch.float32), torch.tensor([True] * 3)
    atoms = int((species >= 0).sum())
    species, places = torch.from_numpy(species), torch.from_numpy(places)

    def values():
        with torch.no_grad():
            return computer(species, places, cell, pbc)

    def backward():
        x = places.clone().requires_grad_(True)
        return torch.autograd.grad(computer(species, x, cell, pbc).sum(), x)

    for case, run in (("values", values), ("values and derivatives", backward)):
        # One pass back is what a force needs; the engine makes every derivative in that case.
        measure("C", f"{name}: {case}", "TorchANI", threads, "µs", atoms, seconds, run)


for workload, run in (("A", a), ("B", b), ("C", c)):
    if workload in workloads:
        run()
