"""Private steps against plain ones, against texts one at a time, and against NumPy; epsilon against dp-accounting."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.classification.tiny_classifier import LABELS, made_texts, options
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import ClassifierOptions, HeadOptions
from trainer.classification.private.model import PrivateClassifierModel
from trainer.classification.training import train_classifier
from trainer.privacy.batches import PoissonBatches
from trainer.privacy.clipping import clipped_sums, private_means
from trainer.privacy.options import PrivacyOptions
from trainer.text.backbone import encoder_to_train

_ROWS = 6


class Built:
    """A plain and a private model of the same weights, without dropout, and a batch for both."""

    def __init__(self, tiny_bert: Path, training: str, privacy: PrivacyOptions, units: int = 0) -> None:
        keras.utils.set_random_seed(1)
        chosen = options(tiny_bert, training, units=units)
        encoder = encoder_to_train(chosen.text)
        for weight in encoder.trainable_variables:
            # LoRA begins with zeros, and what is zero is not seen to be wrong.
            weight.assign_add(0.05 * np.random.default_rng(2).normal(size=weight.shape))
        texts = made_texts(_ROWS, 3)
        texts.texts[0] = ""
        head = new_head(encoder, texts.numbers, len(LABELS), HeadOptions(units=units, dropout=0.0))
        tokens = Classifier(encoder, head, LABELS).token_ids(texts.texts)
        vectors = encoder.encode_tokens(tokens.to_tensor(encoder.tokenizer.pad_token_id))
        inputs = TextInputs(tokens, vectors if training == "frozen" else None, tf.constant(texts.numbers))
        self.plain = ClassifierModel(encoder, head, inputs, chosen.training)
        self.private = PrivateClassifierModel(
            encoder, head, inputs, chosen.training, privacy=privacy, expected=_ROWS, noise_seed=5
        )
        for model in (self.plain, self.private):
            model.compile(optimizer=keras.optimizers.SGD(), jit_compile=False)
        self._labels = texts.labels.astype(np.int32)
        self.encoder = encoder

    def batch(self, rows: list[int]) -> dict[str, tf.Tensor]:
        row = np.array(rows, np.int32)
        return {"row": row, "label": self._labels[row], "weight": np.ones(len(row), np.float32)}

    def each_alone(self) -> np.ndarray:
        """The plain gradients of the texts one by one, `(texts, numbers of the model)`."""
        traced = tf.function(lambda batch: self.plain.gradients(batch)[1])
        return np.stack([flat(traced(self.batch([row]))) for row in range(_ROWS)])

    def without_dropout(self) -> None:
        for layer in self.encoder.backbone._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = 0.0


def flat(gradients: list[tf.Tensor]) -> np.ndarray:
    return np.concatenate([np.ravel(each) for each in gradients])


@pytest.mark.parametrize(("training", "units"), [("frozen", 0), ("frozen", 5), ("lora", 0)])
def test_without_noise_and_clipping_a_step_is_a_plain_one_and_clipped_it_is_the_sum_of_texts(
    tiny_bert: Path, training: str, units: int
) -> None:
    built = Built(tiny_bert, training, PrivacyOptions(noise_multiplier=0.0, l2_clip=1e9), units)
    built.without_dropout()
    everything = built.batch(list(range(_ROWS)))
    loss, expected = built.plain.gradients(everything)
    private_loss, found = built.private.gradients(everything)
    assert float(private_loss) == pytest.approx(float(loss), rel=1e-5)
    assert flat(expected).any()
    np.testing.assert_allclose(flat(found), flat(expected), rtol=2e-3, atol=2e-6)
    # Clipped by NumPy, one text after the other.
    texts = built.each_alone()
    norms = np.linalg.norm(texts, axis=1)
    clip = float(np.median(norms))
    built.private._privacy = PrivacyOptions(noise_multiplier=0.0, l2_clip=clip)
    by_hand = (texts * np.minimum(1.0, clip / norms)[:, None]).sum(axis=0) / _ROWS
    np.testing.assert_allclose(flat(built.private.gradients(everything)[1]), by_hand, rtol=2e-3, atol=2e-6)


def test_no_text_moves_the_sum_by_more_than_the_clip() -> None:
    random = np.random.default_rng(0)
    gradients = [random.normal(size=(50, *shape)).astype(np.float32) * 10 for shape in ((3, 4), (4,))]
    gradients[0][7], gradients[1][7] = 0.0, 0.0
    whole = flat(clipped_sums(gradients, 0.5))
    for left_out in range(50):
        fewer = [np.delete(each, left_out, axis=0) for each in gradients]
        moved = np.linalg.norm(whole - flat(clipped_sums(fewer, 0.5)))
        assert moved == pytest.approx(0.0 if left_out == 7 else 0.5, abs=1e-4)


def test_noise_has_the_deviation_that_is_asked_for_and_is_another_one_each_step() -> None:
    chosen = PrivacyOptions(noise_multiplier=2.0, l2_clip=0.5)
    gradients = [np.zeros((1, 20_000), np.float32), np.zeros((1, 20_000), np.float32)]
    first, second = (private_means(gradients, chosen, 4, 7, step) for step in (1, 2))
    # 2.0 times 0.5, divided by four texts.
    for drawn in (*first, *second):
        assert np.std(drawn) == pytest.approx(0.25, rel=0.03)
        assert np.mean(drawn) == pytest.approx(0.0, abs=0.01)
    for one, other in ((first[0], first[1]), (first[0], second[0])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_each_text_is_drawn_by_itself() -> None:
    labels = np.arange(40) % 3
    weights = np.array([1.0, 2.0, 0.5], np.float32)
    batches = PoissonBatches(labels, weights, 10, seed=3)
    assert (batches.steps, batches.size) == (4, 10)
    drawn = np.zeros((160, 40))
    for epoch in range(40):
        for step, batch in enumerate(batches.epoch(epoch).as_numpy_iterator()):
            assert (batch["label"] == labels[batch["row"]]).all()
            drawn[4 * epoch + step, batch["row"]] = batch["weight"] / weights[batch["label"]]
    sizes = drawn.sum(axis=1)
    # 40 draws of 0.25 each: 10 on average, with a variance of 7.5.
    assert sizes.mean() == pytest.approx(10.0, abs=0.8)
    assert sizes.var() == pytest.approx(7.5, rel=0.4)
    later = list(batches.epoch(5, 3).as_numpy_iterator())
    assert len(later) == 1
    np.testing.assert_array_equal(later[0]["row"], list(batches.epoch(5).as_numpy_iterator())[3]["row"])


def test_it_learns_and_says_what_it_cost(tmp_path: Path, tiny_bert: Path) -> None:
    import dp_accounting as accounting

    chosen = options(tiny_bert, "frozen", epochs=6, learning_rate=5e-2)
    private = chosen.model_copy(update={"privacy": PrivacyOptions(noise_multiplier=1.5, l2_clip=1.0, delta=1e-4)})
    learned = made_texts(240, 1)
    classifier, summary = train_classifier(LABELS, learned, made_texts(60, 2), private, seed=0, log_uri=str(tmp_path))
    said = summary["privacy"]
    assert said["steps"] == 15 * summary["epochs"]
    event = accounting.SelfComposedDpEvent(
        accounting.PoissonSampledDpEvent(16 / 240, accounting.GaussianDpEvent(1.5)), said["steps"]
    )
    bounds = [
        accountant().compose(event).get_epsilon(1e-4)
        for accountant in (accounting.pld.PLDAccountant, accounting.rdp.RdpAccountant)
    ]
    assert said["epsilon"] == pytest.approx(min(bounds), rel=1e-6)
    texts = made_texts(60, 4)
    assert (classifier.probabilities(texts.texts).argmax(axis=1) == texts.labels).mean() > 0.5


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"text": {"training": "full"}}, "`text_training` is full"),
        ({"augmentation": {"min_label_texts": 5}}, "min_label_texts"),
    ],
)
def test_what_would_tell_more_is_refused(
    tmp_path: Path, tiny_bert: Path, changes: dict[str, dict[str, object]], wrong: str
) -> None:
    plain = options(tiny_bert, "frozen").model_dump()
    for part, values in changes.items():
        plain[part] |= values
    chosen = ClassifierOptions.model_validate(plain | {"privacy": {}})
    with pytest.raises(ValueError, match=wrong):
        train_classifier(LABELS, made_texts(20, 1), made_texts(9, 2), chosen, seed=0, log_uri=str(tmp_path))
