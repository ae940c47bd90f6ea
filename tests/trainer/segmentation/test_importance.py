"""What matters to a segmentation, where one number tells the segment."""

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score

from tests.serving.segmentation.behaviours import behaviour
from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
from trainer.classification.classifier import Classifier, new_head
from trainer.segmentation.importance import segmentation_importance
from trainer.text.backbone import encoder_to_train


def test_every_number_is_about_something() -> None:
    described = behaviour()
    about = dict(zip(described.number_names, described.number_parts, strict=True))
    assert about["spend in 4 weeks"] == about["spend 4 to 8 weeks ago"] == "how much they spend"
    assert about["visits in 1 week"] == "how often they come"
    assert about["share of recent spend on Food"] == "what the money goes to"
    assert about["recent events of view"] == "what they do beside buying"
    assert len({*about.values()}) == 6


def test_what_tells_the_segment_matters(tiny_bert) -> None:
    keras.utils.set_random_seed(0)
    asked = made_texts(60, 2, numbers=3)
    encoder = encoder_to_train(options(tiny_bert, "frozen").text)
    head = new_head(encoder, asked.numbers, len(LABELS), options(tiny_bert, "frozen").head)
    kernel = np.zeros(head.logits.kernel.shape, np.float32)
    # The label's number, standardised, is lowest for the first label and highest for the last one.
    kernel[encoder.dimensions] = [-3.0, 0.0, 3.0]
    head.logits.kernel.assign(kernel)
    head.logits.bias.assign(np.array([0.0, 1.5, 0.0], np.float32))
    classifier = Classifier(encoder, head, LABELS)
    found = segmentation_importance(classifier, asked, ["spend", "visits", "visits"], batch_size=64, seed=7)
    assert (found["metric"], found["value"], found["examples"]) == ("f1_macro", 1.0, 60)
    parts = {part["name"]: part for part in found["parts"]}
    assert set(parts) == {"spend", "visits", "what they buy, in words"}
    assert parts["visits"]["mean"] == parts["what they buy, in words"]["mean"] == 0.0
    random = np.random.default_rng([7, 1])
    by_hand = [
        1.0 - f1_score(asked.labels, asked.labels[random.permutation(60)], average="macro")
        for _ in range(found["repeats"])
    ]
    assert parts["spend"]["mean"] == pytest.approx(np.mean(by_hand))
