"""Folders of offers as a run publishes them."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tfx_pipeline.tasks.response.campaign.audience import ANSWERS_SCHEMA, FACTS_FILE, FOLDER


def audience_table(users=400, seed=0, *, uplift=True, offer="tea"):
    """Users of three segments; the offer adds most to `new`, and takes from `loyal`."""
    generator = np.random.default_rng(seed)
    segment = generator.choice(["new", "regular", "loyal"], size=users, p=[0.5, 0.3, 0.2])
    added = np.select([segment == "new", segment == "regular"], [0.2, 0.05], -0.05) + generator.normal(0, 0.01, users)
    return pa.table(
        {
            "user_id": [f"u{number}" for number in range(users)],
            "offer_id": [offer] * users,
            "segment": segment.tolist(),
            "probability": (0.3 + added).astype(np.float32),
            "uplift": pa.array(added.astype(np.float32)) if uplift else pa.nulls(users, pa.float32()),
            "treatment": ["mail"] * users if uplift else pa.nulls(users, pa.string()),
        },
        ANSWERS_SCHEMA,
    )


def write_offers(root, *tables, **facts):
    """Writes what a run publishes below its root."""
    folder = root / FOLDER
    folder.mkdir(parents=True)
    pq.write_table(pa.concat_tables(tables), folder / "answers-00000-of-00001.parquet")
    (folder / FACTS_FILE).write_text(json.dumps(facts), encoding="utf-8")
