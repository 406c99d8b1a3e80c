"""Reads a training's event files with TensorBoard and compares them with the training's other files.

    python3 Tests/tensorboard_events.py FOLDER

FOLDER is the folder of a training on energies and forces with validations, logged at every step.
"""

import json
import logging
import pathlib
import sys
import urllib.parse
import urllib.request

import numpy as np
from tensorboard import program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

ERRORS = {
    "1.Losses/1.LOSS-Delta_E2": lambda d: np.sum(d**2),
    "1.Losses/2.Energy_RMSE": np.std,
    "5.Errors/1.Energy_RMSE": lambda d: np.sqrt(np.mean(d**2)),
    "5.Errors/4.Energy_MAE": lambda d: np.mean(np.abs(d)),
}
VALIDATIONS = [
    "6.Validation/1.Energy_RMSE",
    "6.Validation/2.Energy_RMSE_atom",
    "6.Validation/3.Energy_MAE_atom",
    "6.Validation/4.Force_RMSE",
]


def require(condition, text):
    if not condition:
        sys.exit(f"error: {text}")


def check_scalars(events, folder):
    """The tags of the original's, and numbers that follow from the text files of the training."""
    deltas = np.loadtxt(folder / "delta_e.dat", ndmin=2)
    steps = list(range(1, len(deltas) + 1))
    for tag, measure in ERRORS.items():
        points = events.Scalars(tag)
        require([p.step for p in points] == steps, f"{tag}: steps {[p.step for p in points]}")
        expected = [measure(row) for row in deltas]
        found = [p.value for p in points]
        require(np.allclose(found, expected, rtol=1e-5, atol=1e-7), f"{tag}: {found}, not {expected}")
    rows = np.loadtxt(folder / "validation.dat", ndmin=2)
    for column, tag in enumerate(VALIDATIONS, start=1):
        points = events.Scalars(tag)
        require([p.step for p in points] == list(rows[:, 0]), f"{tag}: wrong steps")
        require(np.allclose([p.value for p in points], rows[:, column], rtol=1e-5, atol=1e-7), tag)
    for tag in ["learning_rate", "1.Losses/5.F_Loss", "5.Errors/3.Force_RMSE", "5.Errors/6.Force_MAE"]:
        require(len(events.Scalars(tag)) == len(deltas), f"{tag}: not one for each step")
    return len(events.Tags()["scalars"])


def check_histograms(events, folder):
    """The last histogram of each parameter is that of the saved networks."""
    saved = folder / "saved_networks"
    metadata = json.loads((saved / "networks_metadata.json").read_text())
    expected = {}
    for index, (symbol, layers) in enumerate(
        zip(metadata["networks_species"], metadata["networks_files"])
    ):
        for layer, (weights, biases) in enumerate(layers):
            expected[f"S{symbol}.{index}/W{layer}"] = np.load(saved / weights)
            expected[f"S{symbol}.{index}/b{layer}"] = np.load(saved / biases)
    tags = set(events.Tags()["histograms"])
    require(tags == set(expected), f"histograms {sorted(tags)}, not {sorted(expected)}")
    for tag, array in expected.items():
        histogram = events.Histograms(tag)[-1].histogram_value
        require(histogram.num == array.size == sum(histogram.bucket), f"{tag}: {histogram.num} elements")
        require(np.isclose(histogram.min, array.min()) and np.isclose(histogram.max, array.max()), tag)
        require(np.isclose(histogram.sum, array.sum(dtype=np.float64), atol=1e-6), tag)
    return len(expected)


def check_text(events):
    event = events.Tensors("hyperparameters")[0]
    text = tensor_util.make_ndarray(event.tensor_proto).item().decode()
    require("learning_rate" in text and "DEFAULT_NETWORK" in text, f"hyperparameters: {text}")


def check_graph(events):
    """A graph whose nodes find their inputs, and the cost of a step of it."""
    graph = events.Graph()
    names = {node.name for node in graph.node}
    require(len(names) == len(graph.node), "two nodes have one name")
    for node in graph.node:
        for name in node.input:
            source = name.lstrip("^").split(":")[0]
            require(source in names, f"{node.name} reads {name}, which is not there")
    tags = events.Tags()["run_metadata"]
    require(len(tags) == 5, f"run metadata {tags}")
    stats = [s for d in events.RunMetadata(tags[0]).step_stats.dev_stats for s in d.node_stats]
    require(stats, "no operation has a cost")
    for step in stats:
        require(step.node_name in names, f"{step.node_name} is not in the graph")
        require(step.all_start_micros > 0 and step.all_end_rel_micros > 0, f"{step.node_name}: no time")
    return len(names), len(stats), tags[0]


def check_pages(folder, tag):
    """What the pages of TensorBoard ask its server for."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = program.TensorBoard()
    server.configure(argv=[None, "--logdir", str(folder), "--port", "0", "--load_fast", "false"])
    url = server.launch()

    def get(path, **query):
        with urllib.request.urlopen(f"{url}data/plugin/{path}?{urllib.parse.urlencode(query)}") as page:
            return page.read().decode()

    graph = get("graphs/graph", run=".", conceptual="false", large_attrs_key="_too_large_attrs")
    require('op: "ApplyAdam"' in graph, "the graph page has no graph")
    costs = get("graphs/run_metadata", run=".", tag=tag)
    require("all_end_rel_micros" in costs, "the graph page has no costs")
    for plugin, name in [("scalars", "learning_rate"), ("text", "hyperparameters")]:
        require(name in json.loads(get(f"{plugin}/tags"))["."], f"the page of {plugin} lacks {name}")
    require(json.loads(get("histograms/tags"))["."], "the page of histograms is empty")


def main():
    folder = pathlib.Path(sys.argv[1])
    sizes = {"scalars": 0, "histograms": 0, "tensors": 0, "compressedHistograms": 1, "images": 1}
    events = EventAccumulator(str(folder), size_guidance=sizes).Reload()
    scalars = check_scalars(events, folder)
    histograms = check_histograms(events, folder)
    check_text(events)
    nodes, costs, tag = check_graph(events)
    check_pages(folder, tag)
    print(
        f"TensorBoard reads {scalars} curves, {histograms} histograms, the hyperparameters, a graph of"
        f" {nodes} nodes and the cost of {costs} operations"
    )


main()
