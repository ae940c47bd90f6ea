"""What a run compares its models with."""

from pathlib import Path

import yaml

from components.pushing.served_versions import latest_version
from tests.tfx_pipeline.summaries import write_summary_of
from tfx_pipeline.config.config import Config, load_config
from tfx_pipeline.running.run import find_origins
from tfx_pipeline.shop.inputs import PipelineInputs


def configured(folder: Path) -> Config:
    file = folder / "shop.yaml"
    config = {"tables": {"products": "products.csv", "events": "events.csv"}, "tasks": {"search": {}}}
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return load_config(file)


def origin(config: Config, root: Path) -> dict[str, str]:
    inputs = PipelineInputs(
        table_digests=dict.fromkeys(("products", "events"), "digest"), serving_root=str(root / "serving")
    )
    return find_origins(config, inputs, root)["search"]


def push(root: Path, version: int) -> str:
    folder = root / "serving" / "search" / str(version)
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").touch()
    return str(folder)


def test_a_first_run_is_compared_with_nothing(tmp_path: Path) -> None:
    assert origin(configured(tmp_path), tmp_path)["compared_with"] == ""


def test_what_was_pushed_last_counts_whatever_the_last_run_was_about(tmp_path: Path) -> None:
    config = configured(tmp_path)
    push(tmp_path, 7)
    newest = push(tmp_path, 12)
    assert latest_version(str(tmp_path / "serving" / "search")) == newest
    assert origin(config, tmp_path)["compared_with"] == newest
    # The last run had another task only.
    write_summary_of(tmp_path, "classification")
    assert origin(config, tmp_path)["compared_with"] == newest
    # It had this task, with other options.
    write_summary_of(tmp_path, "search", fingerprint="another", compared_with="")
    assert origin(config, tmp_path)["compared_with"] == newest


def test_the_same_run_again_is_compared_with_the_same(tmp_path: Path) -> None:
    config = configured(tmp_path)
    mark = origin(config, tmp_path)["fingerprint"]
    push(tmp_path, 7)
    write_summary_of(tmp_path, "search", fingerprint=mark, compared_with="")
    assert origin(config, tmp_path) == {"fingerprint": mark, "compared_with": ""}
