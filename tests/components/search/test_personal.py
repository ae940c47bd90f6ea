"""A shop whose events have queries is served a reranker for who asks, which ServingValidator's checks accept."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from components.checks.common import ServedModel
from components.checks.search import failed_checks
from serving.client import Shelfwise
from serving.server.background import server_thread
from tests.components.search.examples.examples_runs import Rows
from tests.components.search.trained_search import INDEX, KINDS, LOOKS, products, train_search
from trainer.search.options import PersonalOptions

LOOK = tuple(LOOKS)


def events(users: int) -> Rows:
    """Users who like one look, buy it, ask for a kind, and choose it in their look."""
    random = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    by_look = {look: [row["product_id"] for row in products() if row["product_id"].startswith(look)] for look in LOOK}
    for user in range(users):
        look, kind = str(random.choice(LOOK)), str(random.choice(KINDS))
        common = {"user_id": f"u{user}", "event_type": "purchase"}
        for number, product in enumerate(random.choice(by_look[look], 3)):
            rows.append({**common, "product_id": str(product), "timestamp": 100 + number, "query": None})
        rows.append({**common, "product_id": f"{look}/\n{kind} 1", "timestamp": 900, "query": kind})
    return rows


@pytest.mark.long
def test_the_index_learns_who_asks(tmp_path: Path, tiny_bert: Path) -> None:
    personal = PersonalOptions(
        history_length=8, min_examples=50, networks=1, units=16, batch_size=16, max_epochs=6, learning_rate=1e-2
    )
    options = INDEX.model_copy(update={"personal": personal, "event_types": ("view", "cart", "purchase")})
    trained = train_search(tmp_path, tiny_bert, events=events(400), options=options)
    folder = Path(trained.index.uri) / "Format-Serving"
    report = json.loads((Path(trained.index.uri) / "index.json").read_text())["personal"]
    assert report["served"]
    assert report["ndcg_at_10"] > report["plain_ndcg_at_10"]
    card = json.loads((folder / "assets.extra" / "model_card.json").read_text())
    assert card["personal"] == report
    assert "personal" in tf.saved_model.load(str(folder)).signatures
    shutil.copytree(folder, tmp_path / "models" / "search" / "1")
    with server_thread(tmp_path / "models") as addresses, Shelfwise(addresses.grpc, timeout_seconds=60.0) as client:
        served = ServedModel(name="search", card=card, catalogue_uri=trained.examples.artifacts["catalogue"].uri)
        assert failed_checks(client, served) == []
        found = client.personal_search("tea", ["red/\nmilk 1", "red/\nbread 1"], ["purchase"] * 2, [100.0, 50.0], k=3)
        assert found[0].product_id.startswith("red/\ntea")
