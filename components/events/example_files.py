"""Writing tf.Examples: a file appears whole or not at all."""

import uuid

import pyarrow as pa
import tensorflow as tf
from tfx.dsl.io import fileio
from tfx_bsl.coders.example_coder import RecordBatchToExamples

from trainer.artifacts.names import EXAMPLES_PREFIX, EXAMPLES_SUFFIX

_EXAMPLES_ENCODED_AT_ONCE = 4_096


def write_examples(folder: str, bucket: int, buckets: int, table: pa.Table) -> None:
    """Writes the rows of a table of lists as one gzipped TFRecord file of tf.Examples, named after its bucket.

    Writing a bucket twice leaves the same file. A table without rows leaves none.
    """
    if not len(table):
        return
    fileio.makedirs(folder)
    partial = f"{folder}/.partial-{uuid.uuid4().hex}"
    with tf.io.TFRecordWriter(partial, tf.io.TFRecordOptions("GZIP", compression_level=1)) as writer:
        for batch in table.combine_chunks().to_batches(_EXAMPLES_ENCODED_AT_ONCE):
            for example in RecordBatchToExamples(batch):
                writer.write(example)
    fileio.rename(partial, f"{folder}/{EXAMPLES_PREFIX}-{bucket:05d}-of-{buckets:05d}{EXAMPLES_SUFFIX}", overwrite=True)
