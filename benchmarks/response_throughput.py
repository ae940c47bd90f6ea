"""How many impressions a second the response network learns from, beside the same network in PyTorch."""

import tempfile
import time
from itertools import chain, count
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.peer_process import PeerProcess
from trainer.fitting.schedule import adamw, warm_up_and_decay
from trainer.response.feature_table import FeatureNames, FeatureTable
from trainer.response.fitting import ResponseTraining, batches
from trainer.response.network import new_network
from trainer.response.options import ResponseOptions

_PEER = Path(__file__).parent / "peers" / "torch_response.py"
_STEPS, _ROUNDS = 60, 5
# Enough for the steps; the peer is handed numbers that are scaled and cut already.
_ROWS = 130_000


def throughput_ratio(python: str, names: FeatureNames, learned: FeatureTable, options: ResponseOptions) -> float:
    """Prints examples a second of both, measured in turns, and returns the ratio of the medians.

    Args:
        python: An interpreter with torch and NumPy.
        names: What the columns are.
        learned: What is learned from.
        options: Of the network and the batch.
    """
    batch, learned = options.training.batch_size, learned.rows(np.arange(min(len(learned), _ROWS)))
    network = new_network(names, learned.vectors.shape[1], options.network)
    network.adapt(learned)
    model = ResponseTraining(network, len(learned), (options.training.wide_penalty, options.training.penalty))
    model.compile(optimizer=adamw(warm_up_and_decay(1e-3, 1000), clip_norm=1.0), jit_compile=False)
    epochs = batches(learned, batch, seed=0)
    data = chain.from_iterable(epochs(number, 0) for number in count())
    step = tf.function(model.train_step)

    def run() -> float:
        started = time.perf_counter()
        for _ in range(_STEPS):
            step(next(data))
        return _STEPS * batch / (time.perf_counter() - started)

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "peer.npz"
        numbers = network.scaled(learned.numbers).numpy()
        np.savez(
            file,
            numbers=numbers,
            categories=learned.categories,
            item=learned.item,
            outcomes=learned.outcomes,
            weight=learned.weight,
        )
        settings = {
            **options.network.model_dump(),
            "batch_size": batch,
            "sizes": [len(values) for values in names.categories.values()],
            "items": names.items,
            "penalties": [options.training.wide_penalty, options.training.penalty],
        }
        peer = PeerProcess(python, _PEER, file, settings)
        run(), peer.run(10)  # Both warm up.
        ours, theirs = [], []
        for _ in range(_ROUNDS):
            ours.append(run())
            theirs.append(_STEPS * batch / peer.run(_STEPS)[0])
        version = peer.version
        peer.close()
    ratio = float(np.median(ours) / np.median(theirs))
    print(f"ours {np.median(ours):,.0f} impressions a second; PyTorch {version} {np.median(theirs):,.0f}: {ratio:.2f}")
    return ratio
