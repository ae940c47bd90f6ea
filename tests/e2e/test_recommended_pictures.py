"""A shop whose users' taste only the pictures tell: a whole run, what pictures add, and what is recommended by them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from serving.client import Shelfwise
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.tiny_pictures import drawn
from tfx_pipeline.summary.run_artifacts import latest_artifact
from trainer.recommendation.towers.towers import load_towers

# Each of its parts has tests of its own that are fast.
pytestmark = pytest.mark.long

COLOURS = ("red", "green", "blue", "orange")
SHAPES = ("circle", "square", "stripes")
PRODUCTS, USERS, EVENTS = 96, 120, 12
OWN = PRODUCTS // len(COLOURS)


def colour_of(product: int) -> str:
    return COLOURS[product % len(COLOURS)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_backbone: Path) -> Path:
    """A folder with tables and pictures, and a run under `root`; no title tells one colour from another."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "photos").mkdir()
    rows = []
    for product in range(PRODUCTS):
        shape = SHAPES[product // len(COLOURS) % len(SHAPES)]
        (folder / f"photos/{product}.png").write_bytes(drawn(shape, colour_of(product), place=product % 5))
        rows.append({"product_id": f"p{product}", "title": f"thing {product}", "image": f"photos/{product}.png"})
    # One has none.
    rows[7]["image"] = ""
    pd.DataFrame(rows).to_csv(folder / "products.csv", index=False)
    generator, start = np.random.default_rng(0), datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {
            "user_id": f"u{user}",
            "product_id": f"p{thing * len(COLOURS) + user % len(COLOURS)}",
            "event_type": "purchase",
            "timestamp": (start + timedelta(days=5 * place, minutes=user)).isoformat(),
        }
        for user in range(USERS)
        for place, thing in enumerate(generator.permutation(OWN)[:EVENTS].tolist())
    ]
    pd.DataFrame(events).to_json(folder / "events.jsonl", orient="records", lines=True)
    config = write_config(
        folder,
        text=False,
        pictures={"read": True, "backbone": str(tiny_backbone)},
        tasks={
            "recommendation": {
                # Without ids and a model of whole histories, so that pictures alone tell products apart.
                "towers": {
                    "dimensions": 16,
                    "layers": 1,
                    "history": 16,
                    "id_embedding": False,
                    "linear_dimensions": 0,
                },
                "training": {"max_epochs": 4, "learning_rate": 1e-2, "batch_size": 16},
                "serving": {"history_length": 32},
                "rules": False,
                "ranker": False,
                "gate": {"min_slice_users": 2},
            }
        },
    )
    summary, ran = run_quietly(config, folder / "root")
    assert "ProductsPictureVectors" in ran
    task = summary["tasks"]["recommendation"]
    assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_says_what_pictures_add(shop: Path) -> None:
    pictures = read_summary(shop / "root")["tasks"]["recommendation"]["pictures"]
    assert set(pictures) == {"metric", "with", "without", "used"}
    assert pictures["used"]
    assert pictures["with"] > 2 * pictures["without"]
    towers = load_towers(str(latest_artifact(shop / "root", "RecommendationTrainer", "model")))
    assert towers.looks.shape[0] == PRODUCTS
    assert (np.abs(towers.looks).max(axis=1) == 0.0).sum() == 1


def test_users_get_what_looks_like_what_they_had(shop: Path) -> None:
    with served(shop / "root") as address, Shelfwise(address) as client:
        for place, colour in enumerate(COLOURS):
            had = [f"p{thing * len(COLOURS) + place}" for thing in range(6)]
            found = client.recommend(had, k=5, include_bought=False)
            assert not {each.product_id for each in found} & set(had)
            assert sum(colour_of(int(each.product_id[1:])) == colour for each in found) >= 4, (colour, found)
