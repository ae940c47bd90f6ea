"""Pictures as vectors: what a linear model tells apart by them, how fast they are made, and fused with texts.

    python benchmarks/pictures.py --data ../shared/data [--cache FOLDER] [--peer-python PYTHON] [--parts …]
        [--threads 2]

Accuracy: 3,781 photographs of clothes in ten classes, over their own split and four by hash of the file's name, a tenth
each. Both sides have the same frozen EfficientNet-Lite0 and the same logistic regression: ours reads the vectors of
`trainer.pictures.encoder`, reduced to their principal axes, the peer the mean over the places of the last stage.

Speed: from the bytes of JPEG files to vectors, and the network alone beside PyTorch, under an interpreter that has it.

Fusion: a drawn shop, in which the picture tells the shape of a thing and the text its material, and a label is both;
and the same with pictures, or texts, that say nothing.
"""

import io
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import Annotated

# The folder of this script comes first otherwise, and its serving.py is not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow.parquet as pq
import tensorflow as tf
import typer
from PIL import Image, ImageDraw
from scipy.special import softmax

import trainer  # noqa: F401  Chooses legacy Keras before TensorFlow's Keras is touched.
from benchmarks.figures import print_figures
from benchmarks.machine import print_machine
from benchmarks.peer_process import PeerProcess, has_torch
from trainer.options import PictureOptions, TextOptions
from trainer.pictures.axes import fit_axes
from trainer.pictures.efficientnet_lite import timm_weights
from trainer.pictures.encoder import PictureEncoder, load_picture_encoder
from trainer.pictures.label_fusion import fit_picture_head, learn_label_fusion
from trainer.pictures.pretrained import LITE0, LITE0_FILE
from trainer.pictures.torch_weights import read_torch_weights
from trainer.text.backbone import encode_texts, load_text_encoder
from trainer.text.backbone_source import named_folder

_FOLDS, _TIMES, _AT_ONCE, _LOOKS = 4, 3, 16, 512
_SHAPES = ("circle", "square", "triangle")
_MATERIALS = {
    "cotton": ("soft cotton", "pure cotton jersey", "brushed cotton"),
    "wool": ("warm wool", "merino wool knit", "lambswool"),
    "linen": ("light linen", "washed linen weave", "linen canvas"),
}
_THINGS, _DRAWS = 600, 2_000


def main(
    data: Annotated[Path, typer.Option(help="Folder with images_clothing/.")],
    cache: Annotated[Path | None, typer.Option(help="Where vectors are kept between runs.")] = None,
    peer_python: Annotated[str, typer.Option(help="An interpreter with torch.")] = sys.executable,
    parts: Annotated[str, typer.Option(help="Of accuracy, speed, fusion.")] = "accuracy,speed,fusion",
    threads: Annotated[int, typer.Option(help="For either side.")] = 2,
    seed: int = 0,
) -> None:
    """Measures each part."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print_machine("tensorflow", "keras", "keras-hub", "scikit-learn")
    encoder = load_picture_encoder(PictureOptions())
    photographs = pq.read_table(data / "images_clothing/images.parquet")
    figures: dict[str, float | None] = {}
    for part in parts.split(","):
        if part == "accuracy":
            figures |= measure_accuracy(encoder, photographs, cache)
        elif part == "speed":
            figures |= measure_speed(encoder, photographs["jpeg"].to_pylist()[: 4 * _AT_ONCE], peer_python, threads)
        else:
            figures |= measure_fusion(encoder, seed)
    print_figures(figures)


def measure_accuracy(encoder: PictureEncoder, photographs, cache: Path | None) -> dict[str, float | None]:
    """Returns the mean accuracy of both sides over all splits."""
    names, labels = photographs["file"].to_pylist(), np.array(photographs["label"].to_pylist())
    classes, labels = np.unique(labels, return_inverse=True)
    ours, peers = cached_vectors(encoder, photographs["jpeg"].to_pylist(), cache)
    tests = [np.array(photographs["split"].to_pylist()) == "test"]
    for fold in range(_FOLDS):
        tests.append(np.array([int(sha256(f"{fold}{name}".encode()).hexdigest(), 16) % 10 == 0 for name in names]))
    found: dict[str, list[float]] = {"accuracy": [], "peer_accuracy": []}
    for test in tests:
        looks = fit_axes(ours[~test], _LOOKS, seed=0).looks(ours)
        for name, vectors in (("accuracy", looks), ("peer_accuracy", peers)):
            head = fit_picture_head(vectors[~test], labels[~test], len(classes))
            found[name].append(float((head.logits(vectors[test]).argmax(axis=1) == labels[test]).mean()))
        print({name: round(values[-1], 4) for name, values in found.items()}, flush=True)
    return {name: float(np.mean(values)) for name, values in found.items()}


def cached_vectors(encoder: PictureEncoder, pictures: list[bytes], cache: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns our vectors, and the normed means of the last stage without the mirror image."""
    file = None if cache is None else cache / "clothing_vectors.npz"
    if file is not None and file.exists():
        stored = np.load(file)
        return stored["ours"], stored["peers"]
    ours, peers = [], []
    last_stage = tf.function(lambda pixels: encoder.network(pixels, training=False)[-1])
    for start in range(0, len(pictures), _AT_ONCE):
        pixels = np.stack([encoder.decode(picture) for picture in pictures[start : start + _AT_ONCE]])
        ours.append(encoder.encode(pixels))
        peers.append(last_stage(encoder.prepared(tf.constant(pixels))).numpy().mean(axis=(1, 2)))
    vectors = np.concatenate(ours), unit(np.concatenate(peers))
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, ours=vectors[0], peers=vectors[1])
    return vectors


def measure_speed(
    encoder: PictureEncoder, pictures: list[bytes], peer_python: str, threads: int
) -> dict[str, float | None]:
    """Returns pictures a second from bytes to vectors, and our network's time over PyTorch's."""

    def encode_all() -> float:
        start = time.perf_counter()
        for first in range(0, len(pictures), _AT_ONCE):
            encoder.encode(np.stack([encoder.decode(picture) for picture in pictures[first : first + _AT_ONCE]]))
        return time.perf_counter() - start

    encode_all()
    seconds = min(encode_all() for _ in range(_TIMES))
    figures: dict[str, float | None] = {"pictures_per_second": len(pictures) / seconds, "network_against_torch": None}
    if not has_torch(peer_python):
        print("PyTorch: the interpreter has no torch; see --peer-python")
        return figures
    pixels = np.random.default_rng(0).normal(size=(2 * _AT_ONCE, *encoder.size, 3)).astype(np.float32)
    network = tf.function(lambda pixels: encoder.network(pixels, training=False))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.npz"
        weights = timm_weights(read_torch_weights(named_folder(LITE0) / LITE0_FILE))
        np.savez(file, pixels=pixels.transpose(0, 3, 1, 2), **weights)
        peer = PeerProcess(peer_python, Path(__file__).parent / "peers/torch_pictures.py", file, {"threads": threads})
        tensor = tf.constant(pixels)
        mean = float(network(tensor)[-1].numpy().mean())
        theirs, same = [], peer.run(1)[1]
        print(f"mean of the last stage: {mean:.5f}, PyTorch {peer.version} {same:.5f}")
        ours = []
        for _ in range(_TIMES):
            start = time.perf_counter()
            network(tensor)[-1].numpy()
            ours.append(time.perf_counter() - start)
            theirs.append(peer.run(1)[0])
        peer.close()
    print(f"network, {len(pixels)} pictures: {min(ours):.3f} s, PyTorch {min(theirs):.3f} s")
    return figures | {"network_against_torch": min(ours) / min(theirs)}


def measure_fusion(encoder: PictureEncoder, seed: int) -> dict[str, float | None]:
    """Returns the lower bound of what both sides gain on the better one, and the gain where one says nothing."""
    generator = np.random.default_rng(seed)
    shapes, materials = (
        generator.integers(len(_SHAPES), size=_THINGS),
        generator.integers(len(_MATERIALS), size=_THINGS),
    )
    labels = shapes * len(_MATERIALS) + materials
    texts = [material_text(material, generator) for material in materials]
    pictures = [drawn(_SHAPES[shape], generator) for shape in shapes]
    vectors = [
        encoder.encode(np.stack([encoder.decode(each) for each in pictures[start : start + _AT_ONCE]]))
        for start in range(0, _THINGS, _AT_ONCE)
    ]
    looks = np.concatenate(vectors)
    looks = fit_axes(looks[: _THINGS // 2], _LOOKS, seed).looks(looks)
    text_encoder = load_text_encoder(TextOptions())
    meanings = encode_texts(text_encoder, texts, 64)
    shuffled = generator.permutation(_THINGS)
    both = fused_against_better(meanings, looks, labels, generator)
    no_pictures = fused_against_better(meanings, looks[shuffled], labels, generator)
    no_texts = fused_against_better(meanings[shuffled], looks, labels, generator)
    for name, (accuracies, low, mean) in {
        "both": both,
        "random pictures": no_pictures,
        "random texts": no_texts,
    }.items():
        print(f"{name}: {accuracies}, fused against the better one {mean:+.4f} (95% from {low:+.4f})")
    return {"fused_gain_low": both[1], "random_pictures_gain": no_pictures[2], "random_texts_gain": no_texts[2]}


def fused_against_better(texts, looks, labels, generator):
    """Returns accuracies of text, picture and both, and the gain over the better: its lower bound and its mean."""
    learned, validated, tested = (np.arange(_THINGS) % 4 == part for part in (0, 1, 2))
    learned |= np.arange(_THINGS) % 4 == 3
    classes = len(_SHAPES) * len(_MATERIALS)
    sides = []
    for vectors in (texts, looks):
        head = fit_picture_head(vectors[learned], labels[learned], classes)
        sides.append(softmax(head.logits(vectors), axis=1))
    fusion = learn_label_fusion(sides[0][validated], sides[1][validated], labels[validated])
    right = [
        (each.argmax(axis=1) == labels[tested])
        for each in (sides[0][tested], sides[1][tested], fusion.fuse(sides[0][tested], sides[1][tested]))
    ]
    accuracies = [round(float(each.mean()), 4) for each in right]
    gain = right[2].astype(float) - right[int(accuracies[1] > accuracies[0])]
    means = gain[generator.integers(len(gain), size=(_DRAWS, len(gain)))].mean(axis=1)
    return accuracies, float(np.quantile(means, 0.025)), float(gain.mean())


def material_text(material: int, generator: np.random.Generator) -> str:
    """Returns a description that tells the material."""
    words = list(_MATERIALS.values())[material]
    colour = ("red", "green", "blue")[generator.integers(3)]
    return f"{colour} cushion in {words[generator.integers(len(words))]}, {generator.integers(20, 90)} cm"


def drawn(shape: str, generator: np.random.Generator) -> bytes:
    """Returns a drawing of a shape in any colour, size and place, on a noisy ground."""
    size = 160
    image = Image.fromarray(generator.integers(180, 256, (size, size, 3), np.uint8))
    pen, colour = ImageDraw.Draw(image), tuple(int(value) for value in generator.integers(0, 160, 3))
    radius, (x, y) = int(generator.integers(30, 60)), generator.integers(62, 98, 2).tolist()
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape == "circle":
        pen.ellipse(box, fill=colour)
    elif shape == "square":
        pen.rectangle(box, fill=colour)
    else:
        pen.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], fill=colour)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def unit(vectors: np.ndarray) -> np.ndarray:
    """Returns rows of length 1."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    typer.run(main)
