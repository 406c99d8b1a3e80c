"""Runs exported graphs in TensorFlow and compares the results with those beside them.

Usage: tensorflow_roundtrip.py FOLDER, with a folder of its own for each graph: graph.pb,
manifest.json, and the NumPy files that it names; or for a checkpoint, with variables.json.
"""

import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

TOLERANCE = 1e-5

# What TensorFlow says where its operation has fewer types or shapes than this engine's.
LIMITS = (
    "not in the list of allowed values",
    "No OpKernel was registered",
    "specified for empty output shape",
)


def distance(found, expected):
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        relative = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    relative = np.where(same, 0, np.nan_to_num(relative, nan=np.inf))
    return float(relative.max(initial=0))


def run(folder):
    """The largest difference of a fetch, relative to the larger of 1 and the expected element."""
    manifest = json.loads((folder / "manifest.json").read_text())
    definition = tf.compat.v1.GraphDef()
    definition.ParseFromString((folder / "graph.pb").read_bytes())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
        feeds = {name: np.load(folder / file) for name, file in manifest["feeds"].items()}
        with tf.compat.v1.Session(graph=graph) as session:
            if manifest["initializers"]:
                session.run([graph.get_operation_by_name(n) for n in manifest["initializers"]])
            targets = [graph.get_operation_by_name(n) for n in manifest["targets"]]
            for _ in range(manifest["repetitions"]):
                session.run(targets, feeds)
            found = session.run(list(manifest["fetches"]), feeds)
    worst = 0.0
    for value, file in zip(found, manifest["fetches"].values()):
        expected = np.load(folder / file)
        if value.shape != expected.shape or value.dtype != expected.dtype:
            raise ValueError(f"{value.dtype}{value.shape}, expected {expected.dtype}{expected.shape}")
        worst = max(worst, distance(value.astype(float), expected.astype(float)))
    return worst


def restore(folder):
    """The largest difference of a variable that TensorFlow finds in a checkpoint."""
    files = json.loads((folder / "variables.json").read_text())
    reader = tf.train.load_checkpoint(str(folder / "model.ckpt-7"))
    if set(reader.get_variable_to_shape_map()) != set(files):
        raise ValueError(f"variables {sorted(reader.get_variable_to_shape_map())}")
    worst = 0.0
    for name, file in files.items():
        found, expected = reader.get_tensor(name), np.load(folder / file)
        if found.shape != expected.shape or found.dtype != expected.dtype:
            raise ValueError(f"{name}: {found.dtype}{found.shape}")
        worst = max(worst, distance(found.astype(float), expected.astype(float)))
    return worst


def main():
    folders = sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.is_dir())
    agreeing, missing, failures = 0, 0, 0
    for folder in folders:
        try:
            difference = (restore if (folder / "variables.json").exists() else run)(folder)
            text = f"{difference:.1e}" if not difference <= TOLERANCE else None
        except Exception as error:  # Each graph is reported, whatever is wrong with it.
            text = f"{type(error).__name__}: {error}"
            if any(limit in text for limit in LIMITS):
                missing += 1
                continue
        agreeing += text is None
        failures += text is not None
        if text is not None:
            print(f"{folder.name}: {text}")
    print(f"{agreeing} of {len(folders)} graphs agree with TensorFlow {tf.__version__}")
    print(f"{missing} are more than TensorFlow's operation allows, {failures} differ")
    sys.exit(1 if failures or not agreeing else 0)


main()
