"""What a submission looks up by itself."""

import hashlib
import json
from pathlib import Path

import pytest

from components.errors import InputError
from components.tables.shaping.forgotten import ForgottenUsers
from tests.tfx_pipeline.cluster.small_spec import SmallStep, write_spec
from tfx_pipeline.cluster.compiled_pipeline import CompiledPipeline, read_compiled
from tfx_pipeline.cluster.lookups import look_up
from tfx_pipeline.config.yaml_file import ConfigError
from tfx_pipeline.shop.forgotten_list import ForgottenList

SUBMITTED = {"data": None, "digest_events": None, "user_id_key": None, "last_blessed_shop": "", "serving_root": "/none"}
TABLE = {"table": "events", "sources": '"events-*.csv"', "data": "@data", "digest": "@digest_events"}
GATE = {"last_blessed": "@last_blessed_shop"}


@pytest.fixture
def compiled(tmp_path: Path) -> CompiledPipeline:
    steps = {"gen": SmallStep("finish()", parameters=TABLE), "gate": SmallStep("finish()", parameters=GATE)}
    return read_compiled(write_spec(tmp_path / "spec.yaml", steps, SUBMITTED))


def test_digest_of_the_tables_and_the_newest_version(compiled: CompiledPipeline, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "events-1.csv").write_text("a")
    (tmp_path / "data" / "events-2.csv").write_text("b")
    (tmp_path / "serving" / "shop" / "12").mkdir(parents=True)
    (tmp_path / "serving" / "shop" / "7").mkdir()
    given = {"data": str(tmp_path / "data"), "serving_root": str(tmp_path / "serving")}
    found = look_up(compiled, given, tmp_path)
    parts = [hashlib.sha256(text.encode()).digest() for text in "ab"]
    assert found.pop("digest_events") == hashlib.sha256(b"".join(parts)).hexdigest()
    assert found.pop("last_blessed_shop") == str(tmp_path / "serving" / "shop" / "12")
    assert found.pop("user_id_key") == (tmp_path / "user_id.key").read_text()
    assert found == given
    # The key stays what it is: the same user has the same hash in every run.
    assert look_up(compiled, given, tmp_path)["user_id_key"] == (tmp_path / "user_id.key").read_text()


def test_what_is_given_is_not_looked_up(compiled: CompiledPipeline, tmp_path: Path) -> None:
    given = {"data": "gs://nowhere", "digest_events": "d", "last_blessed_shop": "", "user_id_key": "k"}
    assert look_up(compiled, given, tmp_path) == given
    assert not (tmp_path / "user_id.key").exists()


def test_the_list_of_forgotten_users_comes_with_its_digest(compiled: CompiledPipeline, tmp_path: Path) -> None:
    known = {"data": "gs://nowhere", "digest_events": "d", "last_blessed_shop": "", "user_id_key": "k"}
    users = ForgottenList.under(tmp_path)
    with pytest.raises(InputError, match=r"expected the list `users\.txt`"):
        look_up(compiled, known | {"forgotten": str(users.file)}, tmp_path)
    users.add(["Ann"])
    found = look_up(compiled, known | {"forgotten": str(users.file)}, tmp_path)["forgotten"]
    assert found == users.reference()
    assert "Ann" in ForgottenUsers.read(found)
    users.add(["Bob"])
    longer = look_up(compiled, known | {"forgotten": str(users.file)}, tmp_path)["forgotten"]
    assert json.loads(longer)["digest"] != json.loads(found)["digest"]
    # Nothing behind = stands for nobody.
    assert look_up(compiled, known | {"forgotten": ""}, tmp_path)["forgotten"] == ""


def test_no_folder_for_relative_paths(compiled: CompiledPipeline, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="takes tables from a folder that it is told: add --data"):
        look_up(compiled, {}, tmp_path)


def test_a_table_that_is_not_there(compiled: CompiledPipeline, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Table `events`: expected a file"):
        look_up(compiled, {"data": str(tmp_path)}, tmp_path)
