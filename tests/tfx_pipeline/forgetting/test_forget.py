"""Forgetting a user: artifacts, gateway and marks, by the command and by a run's properties."""

import functools
import json
from pathlib import Path
from urllib.parse import quote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
import yaml
from typer.testing import CliRunner

from components.tables.shaping.forgotten import ForgottenUsers
from components.tables.user_ids import hash_user_id
from tests.tfx_pipeline.gateway.running import running_gateway
from tfx_pipeline.commands.cli import app
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.forgetting.erasing import erase_user
from tfx_pipeline.forgetting.marked_models import list_user, mark_models, marked_models
from tfx_pipeline.gateway.user_keys import UserKeys
from tfx_pipeline.pipeline import create_pipeline, fingerprint
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.shop.inputs import PipelineInputs
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.file import write_summary
from tfx_pipeline.summary.model import RunSummary

USER, OTHERS = "u 7", ("u 70", "x")
SHOP = Path(__file__).resolve().parents[3] / "examples" / "tea_shop"


def shop(folder: Path) -> Config:
    """The configuration of the tea shop, without texts."""
    file = folder / "shop.yaml"
    tables = {"products": str(SHOP / "products.csv"), "events": str(SHOP / "events.parquet")}
    file.write_text(yaml.safe_dump({"name": "tea", "text": False, "tables": tables, "tasks": {"recommendation": {}}}))
    return load_config(file)


def example(**features: bytes) -> bytes:
    values = {name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value])) for name, value in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=values)).SerializeToString()


def leave_artifacts(root: Path) -> None:
    """Files as a run leaves them: a table, examples, a quarantine and published segments."""
    users = [USER, *OTHERS, USER]
    table = root / "artifacts" / "EventsExampleGen" / "examples" / "1" / "Split-all"
    examples = root / "artifacts" / "RecommendationExamples" / "examples" / "2" / "Split-test"
    quarantine = root / "artifacts" / "EventsExampleGen" / "quarantine" / "1"
    for folder in (table, examples, quarantine, root / "segments"):
        folder.mkdir(parents=True)
    lists = pa.table({"user_id": pa.array([[user.encode()] for user in users] + [None]), "n": list(range(5))})
    pq.write_table(lists, table / "data-0.parquet", row_group_size=2)
    pq.write_table(pa.table({"product_id": [USER]}), table / "other.parquet")
    pd.DataFrame({"user_id": users, "segment": "a"}).to_parquet(root / "segments" / "segments-0.parquet")
    with tf.io.TFRecordWriter(str(examples / "examples-0.gz"), "GZIP") as writer:
        for user in users:
            writer.write(example(user_id=user.encode(), label=b"a"))
        writer.write(example(note=USER.encode()))
    shown = hash_user_id(USER, "key")
    lines = [json.dumps({"row": {"user_id": user}}) for user in (shown, hash_user_id("x", "key"), None)]
    (quarantine / "quarantine-0.jsonl").write_text("\n".join(lines) + "\n")


def test_rows_of_the_user_go_and_all_others_stay(tmp_path: Path) -> None:
    leave_artifacts(tmp_path)
    assert erase_user(tmp_path, USER, hash_user_id(USER, "key")) == 2 + 2 + 2 + 1
    (table,) = tmp_path.rglob("data-0.parquet")
    left = pq.read_table(table)
    assert left["user_id"].to_pylist() == [[b"u 70"], [b"x"], None]
    assert left["n"].to_pylist() == [1, 2, 4]
    assert pd.read_parquet(tmp_path / "segments" / "segments-0.parquet")["user_id"].tolist() == list(OTHERS)
    (examples,) = tmp_path.rglob("*.gz")
    records = list(tf.data.TFRecordDataset(str(examples), "GZIP").as_numpy_iterator())
    assert records == [*(example(user_id=user.encode(), label=b"a") for user in OTHERS), example(note=USER.encode())]
    (lines,) = tmp_path.rglob("*.jsonl")
    assert hash_user_id(USER, "key") not in lines.read_text()
    assert len(lines.read_text().splitlines()) == 2
    assert not list(tmp_path.rglob("*.partial"))
    assert erase_user(tmp_path, USER, hash_user_id(USER, "key")) == 0


def test_models_that_learn_of_users_are_marked_until_the_next_version(tmp_path: Path) -> None:
    for model in ("recommendation", "segmentation", "classification"):
        (tmp_path / "serving" / model / "3").mkdir(parents=True)
    mark_models(tmp_path)
    assert marked_models(tmp_path) == {"recommendation": 3, "segmentation": 3}
    (tmp_path / "serving" / "recommendation" / "4").mkdir()
    assert marked_models(tmp_path) == {"segmentation": 3}
    # Another user goes, of whom the new version knows.
    mark_models(tmp_path)
    assert marked_models(tmp_path) == {"recommendation": 4, "segmentation": 3}


def test_a_run_without_the_user_is_another_run_and_products_stay_as_they_are(tmp_path: Path) -> None:
    config = shop(tmp_path)

    def pipeline(forgotten: str) -> dict[str, str]:
        inputs = PipelineInputs(
            table_digests=dict.fromkeys(config.tables.given(), "d"), serving_root="s", forgotten=forgotten
        )
        made = create_pipeline(config, inputs, str(tmp_path))
        nodes = {node.id: node.exec_properties.get("forgotten", "") for node in made.components}
        return {**nodes, "fingerprint": fingerprint(made)}

    users = ForgottenList.under(tmp_path)
    users.add([USER])
    before, after = pipeline(""), pipeline(users.reference())
    assert before["fingerprint"] != after["fingerprint"]
    assert after["EventsExampleGen"] == users.reference()
    assert after["ProductsExampleGen"] == ""


def test_the_command_needs_a_run_and_a_user(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["forget", "--user", " ", "--root", str(tmp_path)])
    assert "expected the id of a user" in str(done.exception)
    done = CliRunner().invoke(app, ["forget", "--user", USER, "--root", str(tmp_path)])
    assert "there is no summary.json" in str(done.exception)
    assert not ForgottenList.under(tmp_path).file.exists()


def test_the_command_lists_erases_and_marks(tmp_path: Path) -> None:
    config = shop(tmp_path).model_dump(mode="json")
    part = {"quarantine": {}, "tasks": {}, "tables": {}, "seconds": {}, "total_seconds": 1.0, "peak_rss_bytes": 1}
    write_summary(tmp_path, RunSummary.model_validate({"version": 1, "config": config, **part}))
    leave_artifacts(tmp_path)
    (tmp_path / "serving" / "recommendation" / "1").mkdir(parents=True)
    key = user_id_key(tmp_path)
    assert len(key) == 64
    done = CliRunner().invoke(app, ["forget", "--user", USER, "--root", str(tmp_path)], catch_exceptions=False)
    said = " ".join(done.output.split())
    assert said.startswith("listed; removed 6 rows from artifacts, 0 from the gateway's store, 0 from its log")
    assert "recommendation 1 has learned from users who were forgotten" in said
    again = CliRunner().invoke(app, ["forget", "--user", USER, "--root", str(tmp_path)], catch_exceptions=False)
    assert "was listed already; removed 0 rows" in " ".join(again.output.split())


def test_the_gateway_lists_whom_it_forgets(tmp_path: Path) -> None:
    (tmp_path / "serving" / "recommendation" / "2").mkdir(parents=True)
    listing = functools.partial(list_user, tmp_path)
    with running_gateway(tmp_path / "gateway", "127.0.0.1:9", key="secret", forgets=listing) as gateway:
        assert gateway.http.delete(f"/users/{quote(USER)}").status_code == 200
    users = ForgottenUsers.read(ForgottenList.under(tmp_path).reference())
    assert USER in users
    # The log of the gateway, which runs read too, has the key in the place of the id.
    assert UserKeys("secret").of(USER) in users
    assert marked_models(tmp_path) == {"recommendation": 2}
