"""What the peers' scripts share: the benchmarks' inputs and how times are taken.

Element i of a stream is splitmix64 of both, as in Sources/Benchmarks/CounterStream.swift, so that every
program makes the same numbers.
"""

import json
import time

import numpy as np


def uniform(stream, count, first=0):
    """`count` float32 numbers in [0, 1) of a stream, from number `first` on."""
    result = np.empty(count, np.float32)
    with np.errstate(over="ignore"):
        base = np.uint64(stream) * np.uint64(0x9E3779B97F4A7C15)
        for start in range(0, count, 1 << 22):
            end = min(count, start + (1 << 22))
            z = np.arange(first + start + 1, first + end + 1, dtype=np.uint64)
            z = z * np.uint64(0xBF58476D1CE4E5B9) + base
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
            result[start:end] = (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
    return result


def signed(stream, count, first=0):
    return 2 * uniform(stream, count, first) - 1


def layers(sizes, stream):
    """Weights and biases of a network."""
    result = []
    for index, (rows, columns) in enumerate(zip(sizes, sizes[1:])):
        limit = np.float32(np.sqrt(3 / rows))
        weights = signed(stream + 2 * index, rows * columns).reshape(rows, columns) * limit
        result.append((weights, signed(stream + 2 * index + 1, columns) * np.float32(0.1)))
    return result


def molecules():
    """A: descriptors and molecules of the atoms of every species, energies, atoms of molecules."""
    atoms = 14 + (5 * uniform(1, 1024)).astype(int)
    molecule = np.repeat(np.arange(1024), atoms)
    species = np.searchsorted(np.array([0.5, 0.8, 0.9]), uniform(2, len(molecule)), side="right")
    descriptors = uniform(3, len(molecule) * 768).reshape(-1, 768)
    own = [np.flatnonzero(species == kind) for kind in range(4)]
    return {
        "descriptors": [descriptors[rows] for rows in own],
        "molecule": np.concatenate([molecule[rows] for rows in own]),
        "energies": 4 * signed(4, 1024),
        "atoms": atoms.astype(np.float32),
        "layers": [layers([768, 128, 128, 64, 1], 1000 + 100 * kind) for kind in range(4)],
    }


def silicon():
    """B: derivatives are [atom][component][slot * 3 + direction], the fastest form for batched products."""
    atoms, slots, width = 64 * 216, 47, 48
    derivatives = signed(13, atoms * slots * width * 3).reshape(atoms, slots, width, 3)
    derivatives *= np.float32(0.3)
    local = np.arange(atoms) % 216
    shift = (215 * uniform(12, atoms)).astype(int)
    others = (np.arange(slots - 1) * 13 + shift[:, None]) % 215 + 1 + local[:, None]
    first = np.arange(atoms) - local
    neighbours = np.concatenate(
        [np.arange(atoms)[:, None], others % 216 + first[:, None]], axis=1)
    return {
        "descriptors": uniform(11, atoms * width).reshape(atoms, width),
        "derivatives": np.ascontiguousarray(derivatives.transpose(0, 2, 1, 3)).reshape(
            atoms, width, slots * 3),
        "neighbours": neighbours.reshape(-1),
        "energies": 10 * signed(14, 64),
        "forces": signed(15, atoms * 3).reshape(atoms, 3),
        "layers": layers([48, 32, 16, 1], 2000),
    }


def structures(path):
    """Symbols, positions and cells (or None) in an extended xyz file."""
    result = []
    with open(path) as file:
        while line := file.readline():
            comment, count = file.readline(), int(line)
            rows = [file.readline().split() for _ in range(count)]
            cell = None
            if 'Lattice="' in comment:
                numbers = comment.split('Lattice="')[1].split('"')[0].split()
                cell = np.array(numbers, float).reshape(3, 3)
            result.append(([row[0] for row in rows], np.array([r[1:4] for r in rows], float), cell))
    return result


def measure(workload, case, program, threads, unit, operations, seconds, run):
    """Repeats `run` and prints one JSON object, as `benchmarks --json` does."""
    for _ in range(2):
        run()
    times, processors, end = [], [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start, busy = time.perf_counter(), time.process_time()
        run()
        times.append(time.perf_counter() - start)
        processors.append(time.process_time() - busy)
    scale = (1e3 if unit == "ms" else 1e6) / operations
    times = sorted(scale * t for t in times)
    print(json.dumps({
        "workload": workload, "case": case, "program": program, "threads": threads, "unit": unit,
        "repetitions": len(times), "min": times[0], "median": times[len(times) // 2],
        "max": times[-1], "processors": scale * min(processors)}, ensure_ascii=False), flush=True)


def check(what, found, expected, tolerance=1e-5):
    if not abs(found - expected) <= tolerance * abs(expected):
        raise SystemExit(f"{what}: found {found}, expected {expected}")
