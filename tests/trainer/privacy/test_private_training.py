"""Private steps against plain ones, against texts one at a time, and against NumPy; epsilon against dp-accounting."""

from dataclasses import replace
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
from trainer.privacy.batches import PoissonBatches, unit_numbers
from trainer.privacy.clipping import clipped_sums, noisy_means
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
        unit = np.arange(len(row), dtype=np.int32)
        return {"row": row, "label": self._labels[row], "weight": np.ones(len(row), np.float32), "unit": unit}

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
    # The same where two users have the texts between them: a user's are added up before they are clipped.
    of_users = np.stack([texts[:2].sum(axis=0), texts[2:].sum(axis=0)])
    norms = np.linalg.norm(of_users, axis=1)
    by_hand = (of_users * np.minimum(1.0, clip / norms)[:, None]).sum(axis=0) / _ROWS
    everything["unit"] = np.array([0, 0, 1, 1, 1, 1], np.int32)
    np.testing.assert_allclose(flat(built.private.gradients(everything)[1]), by_hand, rtol=2e-3, atol=2e-6)
    # What no unit is drawn for counts nothing.
    everything["unit"] = np.array([-1] * 6, np.int32)
    assert not flat(built.private.gradients(everything)[1]).any()


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
    sums = [np.zeros(20_000, np.float32), np.zeros(20_000, np.float32)]
    first, second = (noisy_means(sums, chosen, 4, 7, step) for step in (1, 2))
    # 2.0 times 0.5, divided by four texts.
    for drawn in (*first, *second):
        assert np.std(drawn) == pytest.approx(0.25, rel=0.03)
        assert np.mean(drawn) == pytest.approx(0.0, abs=0.01)
    for one, other in ((first[0], first[1]), (first[0], second[0])):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_each_user_is_drawn_by_themselves_with_all_rows() -> None:
    names = np.array([b"u%d" % (row % 40) if row % 3 else b"" for row in range(100)], object)
    units = unit_numbers(names)
    named = [row for row in range(100) if row % 3]
    # A row of nobody's is by itself.
    assert len(set(units)) == units.max() + 1 == len({names[row] for row in named}) + 34
    assert all((names[row] == names[other]) == (units[row] == units[other]) for row in named for other in named)
    batches = PoissonBatches(units, units.max() // 4, lambda rows: {"row": rows}, seed=3)
    drawn = np.zeros((40 * batches.steps, batches.units))
    for epoch in range(40):
        for step, batch in enumerate(batches.epoch(epoch).as_numpy_iterator()):
            rows, own = batch["row"], batch["unit"]
            present = np.unique(units[rows])
            assert sorted(rows) == [row for row in range(100) if units[row] in present]
            assert (np.diff(own) >= 0).all()
            assert len({(units[row], number) for row, number in zip(rows, own, strict=True)}) == own.max() + 1
            drawn[batches.steps * epoch + step, present] = 1.0
    sizes, share = drawn.sum(axis=1), batches.size / batches.units
    assert sizes.mean() == pytest.approx(batches.size, rel=0.05)
    assert sizes.var() == pytest.approx(batches.units * share * (1 - share), rel=0.4)
    assert batches.rows == pytest.approx(batches.size * 100 / batches.units)
    later = list(batches.epoch(5, 3).as_numpy_iterator())
    assert len(later) == batches.steps - 3
    np.testing.assert_array_equal(later[0]["row"], list(batches.epoch(5).as_numpy_iterator())[3]["row"])


def test_a_draw_of_nobody_is_a_batch_of_no_unit() -> None:
    batches = PoissonBatches(np.arange(2), 1, lambda rows: {"row": rows}, seed=0)
    drawn = [batch["unit"].tolist() for epoch in range(20) for batch in batches.epoch(epoch).as_numpy_iterator()]
    assert {tuple(each) for each in drawn} == {(-1,), (0,), (0, 1)}


def test_it_learns_and_says_what_it_cost(tmp_path: Path, tiny_bert: Path) -> None:
    import dp_accounting as accounting

    chosen = options(tiny_bert, "frozen", epochs=18, learning_rate=5e-2)
    private = chosen.model_copy(update={"privacy": PrivacyOptions(noise_multiplier=1.5, l2_clip=1.0, delta=1e-4)})
    # Each user has three of the texts.
    users = np.array([b"user %d" % (row % 80) for row in range(240)], object)
    learned = replace(made_texts(240, 1), users=users)
    classifier, summary = train_classifier(LABELS, learned, made_texts(60, 2), private, seed=0, log_uri=str(tmp_path))
    said = summary["privacy"]
    assert (said["unit"], said["steps"]) == ("user", 5 * summary["epochs"])
    event = accounting.SelfComposedDpEvent(
        accounting.PoissonSampledDpEvent(16 / 80, accounting.GaussianDpEvent(1.5)), said["steps"]
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
