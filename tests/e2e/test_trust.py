"""Private trainings, weights of groups and a cap of brands: from tables to served answers."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serving.client import Shelfwise
from tests.components.segmentation.shop import OPTIONS, events, products, users
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.e2e.test_segmentation import RECOMMENDATION, SEGMENTATION
from tests.task_nodes import CLASSIFICATION_NODES, SEGMENTATION_NODES
from tests.trainer.classification.tiny_classifier import LABELS, WORDS, made_texts

BRANDS = {"牛奶": "Aster", "a\nb": "Aster", "tea": "Aster", "never": "Birch", "plain": "Birch"}
SELLERS = {"牛奶": "east", "a\nb": "west", "tea": "west", "never": "west", "plain": "east"}
PRIVACY = {"noise_multiplier": 0.6, "l2_clip": 5.0, "delta": 1e-4}
# Each way of training is to be pushed, whatever it costs so few users.
SEGMENT_GATE = {**SEGMENTATION["gate"], "last_blessed_margin": 1.0}
CLASSIFICATION = {
    "split": {"eval_fraction": 0.2, "test_fraction": 0.2},
    "sequence_length": 16,
    "text_training": "frozen",
    "head": {"dropout": 0.0},
    "training": {"max_epochs": 6, "patience": 6, "batch_size": 32, "learning_rate": 3e-2},
    "wide": {"enabled": False},
    "gate": {"min_slice_texts": 10, "baseline_margins": {}, "last_blessed_margin": 1.0},
}


def model_card(root: Path, task: str) -> dict[str, Any]:
    """What the pushed model says of itself."""
    pushed = Path(read_summary(root)["tasks"][task]["pushed"])
    card: dict[str, Any] = json.loads((pushed / "assets.extra" / "model_card.json").read_text())
    return card


def write_shop(folder: Path, tiny_bert: Path) -> Path:
    """Writes products of two brands and sellers, events, users of two shops and their texts, and a configuration."""
    rows, made = events(), made_texts(400, 1)
    tables = {
        "products": [
            {**row, "brand": BRANDS[row["product_id"]], "seller": SELLERS[row["product_id"]]} for row in products()
        ],
        "events": rows,
        "users": users(rows),
        "texts": [
            {"text": text, "label": LABELS[label], "shop": "a" if place % 5 else "b"}
            for place, (text, label) in enumerate(zip(made.texts, made.labels, strict=True))
        ],
    }
    for name, table in tables.items():
        pd.DataFrame(table).to_json(folder / f"{name}.jsonl", orient="records", lines=True, force_ascii=False)
    return write_config(
        folder,
        tables={name: f"{name}.jsonl" for name in tables},
        text={"backbone": str(tiny_bert)},
        features={"users": {"categorical": ["shop"]}, "texts": {"categorical": ["shop"]}},
        tasks={
            "classification": {**CLASSIFICATION, "privacy": PRIVACY},
            "segmentation": {**SEGMENTATION, "privacy": PRIVACY, "gate": SEGMENT_GATE},
            "recommendation": {
                **RECOMMENDATION,
                "ranker": {"max_epochs": 1, "windows": 2, "exposure_caps": {"brand": 1}},
            },
        },
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    """A folder with tables and a configuration, and a first run under `root`: private, with a cap of brands."""
    folder = tmp_path_factory.mktemp("shop")
    _, ran = run_quietly(write_shop(folder, tiny_bert), folder / "root")
    assert {*CLASSIFICATION_NODES, *SEGMENTATION_NODES, "RecommendationRanker"} <= ran
    return folder


@pytest.mark.long
def test_private_models_and_capped_answers_are_pushed_and_answer(shop: Path) -> None:
    root = shop / "root"
    tasks = read_summary(root)["tasks"]
    for name, task in tasks.items():
        assert task["blessed"], (name, task["refused_because"])
    for name, unit in (("classification", "text"), ("segmentation", "user")):
        told = tasks[name]["privacy"]
        assert (told["unit"], told["delta"]) == (unit, PRIVACY["delta"])
        assert 0.5 < told["epsilon"] < 200.0
        assert model_card(root, name)["training"]["privacy"] == told
    assert "ranker_without_exposure_caps" in tasks["recommendation"]["ablation"]
    exposure = tasks["recommendation"]["exposure"]
    assert {column: set(found) for column, found in exposure.items()} == {
        "brand": set(BRANDS.values()),
        "seller": set(SELLERS.values()),
    }

    history = [row for row in events() if row["user_id"] == "user 1"][-OPTIONS.history_length :]
    bought = [row["product_id"] for row in history], [row["event_type"] for row in history]
    with served(root) as address, Shelfwise(address) as client:
        for word in WORDS.values():
            answer = client.classify(f"red {word} big")
            assert {each.label for each in answer} == set(LABELS)
            assert sum(each.probability for each in answer) == pytest.approx(1.0, abs=1e-4)
        ages = [history[-1]["timestamp"] - row["timestamp"] for row in history]
        assert sum(each.probability for each in client.segment(*bought, ages).segments) == pytest.approx(1.0, abs=1e-4)
        listed = [BRANDS[each.product_id] for each in client.recommend(*bought, ages, k=len(BRANDS))]
    assert set(listed) == set(BRANDS.values())
    before: Counter[str] = Counter()
    turns = []
    for brand in listed:
        turns.append(before[brand])
        before[brand] += 1
    assert turns == sorted(turns), listed


@pytest.mark.long
def test_groups_count_alike_in_training_and_the_price_is_told(shop: Path) -> None:
    reweighting = "{column: shop, strength: 1.0}"
    again, ran = run_quietly(
        shop / "shop.yaml",
        shop / "root",
        *(f"tasks.{name}.privacy=null" for name in ("classification", "segmentation")),
        *(f"tasks.{name}.reweighting={reweighting}" for name in ("classification", "segmentation")),
    )
    assert not {"RecommendationTrainer", "RecommendationRanker"} & ran
    for name in ("classification", "segmentation"):
        task = again["tasks"][name]
        assert task["blessed"], task["refused_because"]
        assert "privacy" not in task
        told = task["reweighting"]
        assert told["column"] == "shop"
        accuracy = {way: told[way]["accuracy"] for way in ("with", "without")}
        assert told["accuracy_difference"]["mean"] == pytest.approx(accuracy["with"] - accuracy["without"], abs=1e-6)
        assert told["accuracy_difference"]["low"] <= told["accuracy_difference"]["mean"]
    with served(shop / "root") as address, Shelfwise(address) as client:
        for label, word in WORDS.items():
            assert client.classify(f"red {word} big")[0].label == label
