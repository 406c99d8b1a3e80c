"""Measures in TensorFlow what `benchmarks` measures here.

Usage: tensorflow_overhead.py INTER_OP INTRA_OP
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.disable_eager_execution()
INTER, INTRA = int(sys.argv[1]), int(sys.argv[2])
SIZE = 64


def measure(name, operations, make):
    graph = tf.Graph()
    with graph.as_default():
        fetches, feeds = make()
    # As written: what no rewriting has made shorter.
    config = v1.ConfigProto(
        inter_op_parallelism_threads=INTER, intra_op_parallelism_threads=INTRA)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with v1.Session(graph=graph, config=config) as session:
        run = session.make_callable(fetches, feed_list=[key for key, _ in feeds])
        values = [value for _, value in feeds]
        times, end = [], time.perf_counter() + 2
        while time.perf_counter() < end:
            start = time.perf_counter()
            run(*values)
            times.append(time.perf_counter() - start)
    micro = [1e6 * t / operations for t in times]
    print(f"{name}: {min(micro):.4g} µs (median {np.median(micro):.4g}), {len(times)} runs")


def empty():
    x = v1.placeholder(tf.float32, [])
    return [tf.identity(x)], [(x, np.float32(3))]


def chain():
    x, one = v1.placeholder(tf.float32, []), v1.placeholder(tf.float32, [])
    y = x
    for _ in range(10_000):
        y = y + one
    return [y], [(x, np.float32(0.5)), (one, np.float32(1))]


def products():
    factor = v1.placeholder(tf.float32, [SIZE, SIZE])
    matrix = np.arange(SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE) % 251
    feeds = [(factor, np.roll(np.eye(SIZE, dtype=np.float32), 1, axis=1))]
    fetches = []
    for _ in range(64):
        product = v1.placeholder(tf.float32, [SIZE, SIZE])
        feeds.append((product, matrix))
        for _ in range(20):
            product = tf.matmul(product, factor)
        fetches.append(product)
    return fetches, feeds


print(f"TensorFlow {tf.__version__}, inter {INTER}, intra {INTRA}; time an operation, minimum:")
measure("empty run (a fed scalar is fetched)", 1, empty)
measure("chain of 10,000 scalar additions", 10_000, chain)
measure("64 chains of 20 products of 64 x 64", 64 * 20, products)
