"""Learns how many capital letters a shout has."""

import os

import numpy as np
import tensorflow as tf

from shouting.options import ShoutingConfig
from shouting.served import ShoutingModule, share_of_capitals
from trainer.artifacts.labels import load_labels
from trainer.classification.examples import load_labelled_texts
from trainer.exporting import SERVING_FOLDER, write_extra_assets


def run(request):
    options = ShoutingConfig.model_validate_json(request.options_json)
    labels = load_labels(request.labels_uri)
    learned = load_labelled_texts(request.examples_uri, "train")
    shares = share_of_capitals(tf.constant(learned.texts)).numpy()
    means = [shares[np.asarray(learned.labels) == place].mean() for place in range(len(labels))]
    bound = max(float(np.mean(means)), options.most_capitals)
    module = ShoutingModule(labels, means, bound)
    folder = os.path.join(request.model_uri, SERVING_FOLDER)
    signatures = module.signatures()
    tf.saved_model.save(module, folder, signatures=signatures)
    write_extra_assets(folder, "shouting", signatures, {"text": b"LOUD"}, {"model": "shouting", "labels": labels})
    return {"bound": bound}
