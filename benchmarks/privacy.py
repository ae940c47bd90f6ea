"""Private training of a classifier: what epsilon 8 leaves of its quality, what a step costs, and what an attack finds.

    python benchmarks/privacy.py --data ARCHIVE [--epsilon 8] [--shadows 16] [--seeds 2] [--torch-python PYTHON]

ARCHIVE is vaderSentiment's source distribution, as `pip download --no-deps --no-binary :all: vaderSentiment==3.3.2`
fetches it. Tested on are texts whose crc32 modulo 10 is under 2, and of the others a tenth chooses the epoch. A head on
a frozen encoder is trained with and without privacy; the noise is what makes the steps cost the epsilon that is asked
for, at a delta of 1e-5. `step_ratio` is the time of a private step with LoRA beside a plain one of the same batch.
PYTHON has torch and Opacus, which then take the same two steps of the same network in turns with ours:
`opacus_step_ratio`, and `beside_opacus`, the time of our private step beside theirs.

The attack is a likelihood ratio on shadow models, each trained on a random half of the texts; `attack_plain` and
`attack_private` are its true positives at 1% false positives (0.01 is chance), the mean over models attacked in turn.
"""

import sys
import zlib
from pathlib import Path
from typing import Annotated, NamedTuple

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tempfile

import keras
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import tensorflow as tf
import typer
from scipy.optimize import brentq
from scipy.special import softmax
from sklearn.metrics import f1_score

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.command_line import THIS_PYTHON, TorchPython
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.private_steps import step_ratios
from tfx_pipeline.datasets import prepare_dataset
from trainer.classification.batches import LabelBatches, label_weights
from trainer.classification.classifier import Classifier, new_head
from trainer.classification.examples import LabelledTexts
from trainer.classification.model import ClassifierModel, TextInputs
from trainer.classification.options import ClassifierTrainingOptions, HeadOptions
from trainer.classification.private.model import PrivateClassifierModel
from trainer.classification.training import classifier_optimizer, private_batches
from trainer.classification.validation import MONITORED, ClassifierValidation
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.fit import fit
from trainer.fitting.training_length import training_length
from trainer.options import TextOptions
from trainer.privacy.accounting import spent_epsilon
from trainer.privacy.batches import PoissonBatches
from trainer.privacy.membership import confidences, likelihood_ratios, true_positives_at
from trainer.privacy.options import PrivacyOptions
from trainer.text.backbone import TextEncoder, encoder_to_train

_DELTA, _LAYERS = 1e-5, 4
_TEXT = TextOptions(sequence_length=64)
# A plain head, and what a private one wants: larger batches, since a step's noise does not grow with them.
_PLAIN = ClassifierTrainingOptions(
    learning_rate=2e-3, batch_size=32, max_epochs=15, patience=15, class_weights="balanced"
)
_PRIVATE = ClassifierTrainingOptions(
    learning_rate=3e-3, batch_size=512, max_epochs=20, patience=20, class_weights="balanced"
)


class Texts(NamedTuple):
    """Texts as vectors of the frozen encoder, with their labels."""

    texts: list[str]
    vectors: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def some(self, rows: npt.NDArray[np.integer]) -> "Texts":
        """Returns some of them."""
        return Texts([self.texts[row] for row in rows], self.vectors[rows], self.labels[rows])


def main(
    data: Annotated[Path, typer.Option(help="vaderSentiment's source distribution.")],
    epsilon: Annotated[float, typer.Option(help="What the private training may cost.")] = 8.0,
    shadows: Annotated[int, typer.Option(help="Models of each attack; 0 leaves it out.")] = 16,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings whose mean counts.")] = 2,
    torch_python: TorchPython = THIS_PYTHON,
) -> None:
    """Trains with and without privacy, and attacks both."""
    print_machine("tensorflow", "keras", "dp-accounting")
    encoder = encoder_to_train(_TEXT, layers=_LAYERS)
    learned, validated, tested = splits(data, encoder)
    classes = int(learned.labels.max()) + 1
    privacy = privacy_at(epsilon, len(learned.labels), _PRIVATE)
    print(f"{len(learned.labels)} texts; epsilon {epsilon}: noise {privacy.noise_multiplier:.3f}", flush=True)
    plain: list[float] = []
    private: list[float] = []
    for seed in range(seeds):
        for scores, chosen in ((plain, None), (private, privacy)):
            logits = train_head(encoder, learned, validated, classes, chosen, seed)(tested.vectors)
            scores.append(f1_score(tested.labels, logits.argmax(axis=1), average="macro"))
        print(f"seed {seed}: macro-F1 plain {plain[-1]:.4f}, private {private[-1]:.4f}", flush=True)
    figures: dict[str, float | None] = {
        "f1_macro": float(np.mean(private)),
        "f1_macro_plain": float(np.mean(plain)),
        "epsilon": spent_of(privacy, len(learned.labels), _PRIVATE),
        **step_ratios(learned.texts, learned.labels, classes, torch_python),
    }
    if shadows:
        for name, chosen in (("plain", None), ("private", privacy)):
            figures[f"attack_{name}"] = attacked(encoder, learned, validated, classes, chosen, shadows)
            print(f"attack on {name}: {figures[f'attack_{name}']:.4f} true positives at 1% false ones", flush=True)
    print_figures(figures)


def splits(data: Path, encoder: TextEncoder) -> tuple[Texts, Texts, Texts]:
    """Returns the texts to learn from, to choose the epoch by, and to test on."""
    with tempfile.TemporaryDirectory() as folder:
        prepare_dataset("vader_reviews", Path(folder), data)
        table = pq.read_table(Path(folder) / "texts.parquet").to_pandas()
    table = table[table["text"].str.strip() != ""].drop_duplicates("text")
    names = sorted(set(table["label"]))
    labels = np.array([names.index(label) for label in table["label"]], np.int64)
    texts = list(table["text"])
    head = new_head(encoder, np.zeros((1, 0), np.float32), len(names), HeadOptions())
    classifier = Classifier(encoder, head, tuple(names))
    every = Texts(texts, classifier.text_vectors(classifier.token_ids(texts), 64), labels)
    place = np.array([zlib.crc32(text.encode()) % 10 for text in texts])
    return (
        every.some(np.flatnonzero(place > 2)),
        every.some(np.flatnonzero(place == 2)),
        every.some(np.flatnonzero(place < 2)),
    )


def spent_of(privacy: PrivacyOptions, texts: int, training: ClassifierTrainingOptions) -> float | None:
    """Returns the epsilon of all steps that a training may take."""
    steps = texts // training.batch_size * training.max_epochs
    return spent_epsilon(privacy, training.batch_size / texts, steps)


def privacy_at(epsilon: float, texts: int, training: ClassifierTrainingOptions) -> PrivacyOptions:
    """Returns the options whose noise makes a training cost an epsilon, or a little less."""

    def options(noise: float) -> PrivacyOptions:
        return PrivacyOptions(noise_multiplier=noise, delta=_DELTA)

    found = brentq(lambda noise: (spent_of(options(noise), texts, training) or 0.0) - epsilon, 0.6, 8.0, xtol=2e-3)
    return options(round(found + 2e-3, 4))


def train_head(
    encoder: TextEncoder,
    learned: Texts,
    validated: Texts,
    classes: int,
    privacy: PrivacyOptions | None,
    seed: int,
    training: ClassifierTrainingOptions | None = None,
) -> "HeadLogits":
    """Trains a head on vectors as the product does."""
    keras.utils.set_random_seed(seed)
    training = training or (_PLAIN if privacy is None else _PRIVATE)
    head = new_head(
        encoder, np.zeros((1, 0), np.float32), classes, HeadOptions(dropout=0.0), from_zero=privacy is not None
    )
    # By texts that are promised nothing.
    head.standardise(validated.vectors)
    inputs = _inputs(learned)
    batches: LabelBatches | PoissonBatches = LabelBatches(learned.labels, classes, training, seed)
    model = ClassifierModel(encoder, head, inputs, training)
    if privacy is not None:
        weights = label_weights(validated.labels, classes, training.class_weights)
        labelled = LabelledTexts(
            texts=learned.texts, labels=learned.labels, numbers=np.zeros((len(learned.labels), 0), np.float32)
        )
        batches = private_batches(labelled, weights, training.batch_size)
        model = PrivateClassifierModel(encoder, head, inputs, training, privacy=privacy, expected=batches.rows)
    length = training_length(batches.steps, training.max_epochs, None)
    model.compile(optimizer=classifier_optimizer(training, length.all_steps), jit_compile=False)
    classifier = Classifier(encoder, head, ())
    with tempfile.TemporaryDirectory() as folder:
        fit(
            model,
            batches.epoch,
            length=length,
            validation=ClassifierValidation(classifier, _inputs(validated), validated.labels, 256),
            monitored=MONITORED,
            patience=training.patience,
            log_uri=folder,
            checkpoints=Checkpoints("", 60.0),
        )
    return HeadLogits(classifier)


class HeadLogits:
    """What a trained head says of vectors."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Returns logits, float32 `(texts, classes)`."""
        return self._classifier.logits(vectors, np.zeros((len(vectors), 0), np.float32))


def _inputs(texts: Texts) -> TextInputs:
    empty = tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int32), tf.zeros([len(texts.labels)], tf.int32))
    return TextInputs(empty, tf.constant(texts.vectors), tf.zeros([len(texts.labels), 0]))


def attacked(
    encoder: TextEncoder,
    learned: Texts,
    validated: Texts,
    classes: int,
    privacy: PrivacyOptions | None,
    shadows: int,
) -> float:
    """Returns the true positives at 1% false ones, the mean of attacks on each model by means of the others."""
    texts = len(learned.labels)
    random = np.random.default_rng(0)
    # Each text is in half of the models, so that both sides are known of it.
    members = np.argsort(random.random((shadows, texts)), axis=0) < shadows // 2
    said = np.empty((shadows, texts))
    for model, chosen in enumerate(members):
        logits = train_head(encoder, learned.some(np.flatnonzero(chosen)), validated, classes, privacy, model)
        said[model] = confidences(softmax(logits(learned.vectors), axis=1), learned.labels)
    rates = []
    for target in range(shadows):
        others = np.arange(shadows) != target
        scores = likelihood_ratios(said[others], members[others], said[target])
        rates.append(true_positives_at(scores, members[target]))
    return float(np.mean(rates))


if __name__ == "__main__":
    typer.run(main)
