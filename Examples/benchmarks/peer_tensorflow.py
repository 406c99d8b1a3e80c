"""A and B in TensorFlow 1's graphs, and the overhead of its sessions (D).

Usage: peer_tensorflow.py THREADS SECONDS WORKLOADS

WORKLOADS are letters such as ABD.
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from inputs import check, measure, molecules, silicon

v1 = tf.compat.v1
v1.disable_eager_execution()
threads, seconds, workloads = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]


def constants(inputs):
    """Inputs as variables, which cost nothing to feed."""
    feeds = {}

    def make(array):
        placeholder = v1.placeholder(array.dtype, array.shape)
        feeds[placeholder] = array
        return tf.identity(v1.Variable(placeholder, trainable=False, use_resource=False))

    result = {
        name: [make(a) for a in value] if isinstance(value, list) else make(value)
        for name, value in inputs.items() if name != "layers"
    }
    return result, feeds


def parameters(layers):
    return [tuple(v1.Variable(p, use_resource=False) for p in layer) for layer in layers]


def network(x, layers):
    for index, (weights, biases) in enumerate(layers):
        x = tf.nn.bias_add(tf.matmul(x, weights), biases)
        if index + 1 < len(layers):
            x = tf.exp(-tf.square(x))
    return x


def training(workload, case, loss, feeds, expected):
    step = v1.train.AdamOptimizer(1e-4).minimize(loss)
    config = v1.ConfigProto(
        inter_op_parallelism_threads=threads, intra_op_parallelism_threads=threads)
    with v1.Session(config=config) as session:
        session.run(v1.global_variables_initializer(), feeds)
        check(workload, float(session.run(loss)), expected)
        measure(
            workload, case, "TensorFlow", threads, "ms", 1, seconds, session.make_callable(step))


def a():
    inputs = molecules()
    values, feeds = constants(inputs)
    layers = [parameters(one) for one in inputs["layers"]]
    outputs = tf.concat([network(x, one) for x, one in zip(values["descriptors"], layers)], 0)
    errors = tf.math.unsorted_segment_sum(outputs[:, 0], values["molecule"], 1024)
    errors -= values["energies"]
    per_atom = tf.reduce_sum(tf.square(errors / values["atoms"]))
    loss = tf.reduce_sum(tf.square(errors)) + tf.exp(5 * tf.tanh(per_atom / 5))
    training("A", "training step on energies", loss, feeds, 242785.31)


def b():
    inputs = silicon()
    values, feeds = constants(inputs)
    x = values["descriptors"]
    outputs = network(x, parameters(inputs["layers"]))
    gradient = tf.gradients(tf.reduce_sum(outputs), x)[0]
    pulls = tf.reshape(tf.matmul(gradient[:, None, :], values["derivatives"]), [-1, 3])
    forces = -tf.math.unsorted_segment_sum(pulls, values["neighbours"], 64 * 216)
    errors = tf.reduce_sum(tf.reshape(outputs, [64, 216]), 1) - values["energies"]
    loss = tf.reduce_sum(tf.square(errors))
    loss += 1.3 * tf.reduce_sum(tf.square(forces - values["forces"]))
    training("B", "training step on energies and forces", loss, feeds, 33688.54)


def d():
    def empty():
        x = v1.placeholder(tf.float32, [])
        return [tf.identity(x)], [(x, np.float32(3))], 3

    def chain():
        x, one = v1.placeholder(tf.float32, []), v1.placeholder(tf.float32, [])
        y = x
        for _ in range(10_000):
            y = y + one
        return [y], [(x, np.float32(0.5)), (one, np.float32(1))], 10_000.5

    def products():
        factor = v1.placeholder(tf.float32, [64, 64])
        matrix = np.arange(64 * 64, dtype=np.float32).reshape(64, 64) % 251
        feeds = [(factor, np.roll(np.eye(64, dtype=np.float32), 1, axis=1))]
        fetches = []
        for _ in range(64):
            product = v1.placeholder(tf.float32, [64, 64])
            feeds.append((product, matrix))
            for _ in range(20):
                product = tf.matmul(product, factor)
            fetches.append(product)
        return fetches, feeds, matrix[0, 64 - 20]

    for case, operations, make in (
        ("empty run (a fed scalar is fetched)", 1, empty),
        ("chain of 10,000 scalar additions", 10_000, chain),
        ("64 chains of 20 products of 64 x 64", 64 * 20, products),
    ):
        with tf.Graph().as_default() as graph:
            fetches, feeds, expected = make()
        # As written: what no rewriting has made shorter.
        config = v1.ConfigProto(
            inter_op_parallelism_threads=threads, intra_op_parallelism_threads=1)
        config.graph_options.rewrite_options.disable_meta_optimizer = True
        with v1.Session(graph=graph, config=config) as session:
            run = session.make_callable(fetches, feed_list=[key for key, _ in feeds])
            values = [value for _, value in feeds]
            check(case, float(np.ravel(run(*values)[0])[0]), expected)
            measure(
                "D", case, "TensorFlow", threads, "µs", operations, seconds, lambda: run(*values))


for workload, run in (("A", a), ("B", b), ("D", d)):
    if workload in workloads:
        with tf.Graph().as_default():
            run()
