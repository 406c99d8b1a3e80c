"""F in TensorFlow: examples read and parsed by tf.data, records checked.

Usage: peer_tensorflow_data.py THREADS SECONDS FOLDER
"""

import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from inputs import check, measure

threads, seconds = int(sys.argv[1]), float(sys.argv[2])
files = sorted(str(file) for file in pathlib.Path(sys.argv[3]).glob("*.tfrecord"))
count, atoms, width, batch = 4096, 17, 768, 64
features = {
    "gvects": tf.io.FixedLenFeature([atoms * width], tf.float32),
    "species": tf.io.FixedLenFeature([atoms], tf.int64),
    "energy": tf.io.FixedLenFeature([1], tf.float32),
}
options = tf.data.Options()
options.threading.private_threadpool_size = threads
options.threading.max_intra_op_parallelism = 1
# Whole batches are parsed at a time: the fastest of the ways that there are.
dataset = tf.data.TFRecordDataset(files, num_parallel_reads=threads if threads > 1 else None)
dataset = dataset.batch(batch, drop_remainder=True)
dataset = dataset.map(
    lambda records: tf.io.parse_example(records, features), num_parallel_calls=threads)
dataset = dataset.with_options(options)


def read():
    found = 0
    for parsed in dataset:
        found += int(parsed["gvects"].shape[0])
    return found


check("F", read(), count)
measure(
    "F", "TFRecord examples of 17 x 768, read, checked, parsed", "TensorFlow", threads, "µs", count,
    seconds, read)
