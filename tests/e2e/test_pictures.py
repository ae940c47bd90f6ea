"""A shop with drawn pictures: from files to what a picture finds, and what is said of pictures that are none."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from components.errors import InputError
from serving.client import ServingError, Shelfwise
from serving.pictures.decoder import NOT_A_PICTURE
from tests.components.search.trained_search import KINDS, LOOKS, judgements, products
from tests.e2e.shop import read_summary, run_quietly, served, write_config
from tests.tiny_pictures import drawn
from tfx_pipeline.commands.cli import app

COLOURS = dict(zip(LOOKS, ("red", "green", "blue", "orange"), strict=True))
SHAPES = dict(zip(KINDS, ("circle", "square", "stripes") * 3, strict=False))


def picture_of(product: dict[str, Any]) -> bytes:
    look, kind, size = product["product_id"].replace("\n", "").replace("/", " ").split()
    return drawn(SHAPES[kind], COLOURS[look], place=KINDS.index(kind), form="PNG" if size == "1" else "JPEG")


# Each of its parts has tests of its own that are fast.
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_backbone: Path) -> Path:
    """A folder with tables, pictures and configuration, and a run under `root`."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "photos").mkdir()
    rows = products()
    for number, row in enumerate(rows):
        row["image"] = f"photos/{number}.png"
        (folder / row["image"]).write_bytes(picture_of(row))
    (folder / "photos/3.png").write_bytes(b"no picture at all")
    rows[5]["image"] = "photos/nowhere.png"
    rows[7]["image"] = ""
    pd.DataFrame(rows).to_csv(folder / "products.csv", index=False)
    pd.DataFrame(judgements()).to_json(folder / "judgements.jsonl", orient="records", lines=True, force_ascii=False)
    texts = [
        {
            "text": f"{'what is this' if number % 2 else 'please tell me'} {number}",
            "label": SHAPES[KINDS[number % 3]],
            "image": rows[number % 3 * 8]["image"] if number % 8 else None,
        }
        for number in range(120)
    ]
    pd.DataFrame(texts).to_json(folder / "texts.jsonl", orient="records", lines=True)
    config = write_config(
        folder,
        tables={"products": "products.csv", "judgements": "judgements.jsonl", "texts": "texts.jsonl"},
        text={"backbone": str(tiny_bert), "fields": ["title"]},
        pictures={"read": True, "backbone": str(tiny_backbone)},
        tasks={
            "search": {
                "queries": {"eval_fraction": 0.2, "test_fraction": 0.4},
                "training": {"max_epochs": 1, "batch_size": 16},
                # Few queries are left of those that ask for a product that is renamed below.
                "gate": {"min_users": 5, "min_slice_queries": 3, "last_blessed_margin": 0.1},
            },
            "classification": {
                "pictures": True,
                "split": {"eval_fraction": 0.3, "test_fraction": 0.3},
                "text_training": "frozen",
                "sequence_length": 16,
                "training": {"max_epochs": 2},
            },
        },
    )
    summary, ran = run_quietly(config, folder / "root")
    assert {"ProductsPictureVectors", "TextsPictureVectors"} <= ran
    for task in summary["tasks"].values():
        assert task["blessed"], task["refused_because"]
    return folder


def test_the_summary_says_which_pictures_were_refused_and_what_the_others_add(shop: Path) -> None:
    summary = read_summary(shop / "root")
    assert summary["quarantine"]["products.image"] == {"missing_file": 1, "not_jpeg_or_png": 1}
    pictures = summary["tasks"]["search"]["index"]["pictures"]
    assert pictures["products"] == len(products()) - 3
    # Too few pictures to hold any out.
    assert pictures["by_image"] == {"weight": 0.5, "looks": None, "meaning": None, "both": None}
    assert {"weight", "ndcg_at_10", "queries"} == set(pictures["text_queries"])


def test_a_products_own_picture_finds_it(shop: Path) -> None:
    # Cereals share a title, so a colour has one thing in two sizes, with the same picture but for how it is stored.
    every = [(number, row) for number, row in enumerate(products()) if number not in (3, 5, 7)]
    with served(shop / "root") as address, Shelfwise(address) as client:
        found = [client.search_by_image(picture_of(row), k=3) for _, row in every[::7]]
        assert all(len(answer) == 3 for answer in found)
        looks = [answer[0].product_id.split("/")[0] for answer in found]
        assert looks == [row["product_id"].split("/")[0] for _, row in every[::7]]
        for answer, (_, row) in zip(found, every[::7], strict=True):
            assert row["product_id"].rpartition(" ")[0] in {each.product_id.rpartition(" ")[0] for each in answer}
        assert client.search_by_image(b"", k=3) == []
        assert client.search_by_image(picture_of(every[0][1]), k=0) == []


def test_a_picture_tells_the_label_that_the_text_does_not(shop: Path) -> None:
    task = read_summary(shop / "root")["tasks"]["classification"]
    accuracy = task["pictures"]["accuracy"]
    assert accuracy["both"] == accuracy["picture"] == 1.0 > accuracy["text"]
    # An eighth of the texts has no picture.
    assert 0.8 < task["metrics"]["test"]["accuracy"] < 1.0
    with served(shop / "root") as address, Shelfwise(address) as client:
        for kind in KINDS[:3]:
            number = KINDS.index(kind) * 8
            answer = client.classify_with_image("what is this", (shop / f"photos/{number}.png").read_bytes())
            assert answer[0].label == SHAPES[kind]
        alone = [each.label for each in client.classify("what is this")]
        assert [each.label for each in client.classify_with_image("what is this", b"")] == alone
        with pytest.raises(ServingError, match=NOT_A_PICTURE):
            client.classify_with_image("what is this", b"no picture")


def test_what_is_no_picture_is_one_clear_error(shop: Path) -> None:
    file = shop / "photos/3.png"
    with served(shop / "root") as address:
        with Shelfwise(address) as client, pytest.raises(ServingError, match=NOT_A_PICTURE):
            client.search_by_image(file.read_bytes())
        printed = CliRunner().invoke(app, ["search", "--image", str(file), "--address", address])
        assert printed.exit_code != 0
        assert NOT_A_PICTURE in str(printed.exception)


def test_the_command_finds_by_a_file(shop: Path, tmp_path: Path) -> None:
    file = shutil.copy(shop / "photos/0.png", tmp_path / "asked.png")
    with served(shop / "root") as address:
        printed = CliRunner().invoke(app, ["search", "--image", str(file), "--k", "2", "--address", address, "--json"])
        assert printed.exit_code == 0, printed.output
        assert "milk" in printed.output
        wrong = CliRunner().invoke(app, ["search", "milk", "--image", str(file), "--address", address])
        assert wrong.exit_code == 2


def test_a_new_product_is_found_by_its_picture_without_training(shop: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("serving/search", "artifacts/SearchExamples", "artifacts/ProductsPictureVectors"):
        shutil.copytree(shop / "root" / folder, root / folder)
    shutil.copy(shop / "root" / "summary.json", root)
    table = pd.read_csv(shop / "products.csv", dtype=str, keep_default_na=False)
    # One is gone, one has another picture, and one is new; the pictures of all others are where they were.
    gone, moved = table["product_id"][0], table["product_id"][9]
    pictures = {"new": drawn("stripes", "purple", place=5), "other": drawn("circle", "black", place=2)}
    for name, picture in pictures.items():
        (shop / "photos" / f"{name}.png").write_bytes(picture)
    table.loc[9, "image"] = "photos/other.png"
    added = {**table.iloc[1].to_dict(), "product_id": "okapi", "title": "okapi quilt", "image": "photos/new.png"}
    now = pd.concat([table[1:], pd.DataFrame([added])])
    file = shop / "now.csv"
    now.to_csv(file, index=False)
    done = CliRunner().invoke(app, ["index", "--root", str(root), "--products", str(file)])
    assert done.exit_code == 0, done.output
    printed = " ".join(done.output.split())
    assert f"1 added, 0 changed, 1 removed, 1 embedded texts, {len(table) - 3} pictured, 2 encoded pictures" in printed
    assert "1 missing_file" in printed
    with served(root) as address, Shelfwise(address) as client:
        assert client.search_by_image(pictures["new"], k=1)[0].product_id == "okapi"
        assert moved in {each.product_id for each in client.search_by_image(pictures["other"], k=2)}
        assert gone not in {each.product_id for each in client.search_by_image(picture_of(products()[0]), k=99)}
        assert client.search("okapi", k=1)[0].product_id == "okapi"
    version = max((root / "serving/search").iterdir(), key=lambda folder: int(folder.name))
    card = json.loads((version / "assets.extra/model_card.json").read_text())
    assert card["pictures"]["products"] == len(table) - 3


def test_pictures_of_another_encoder_are_refused(shop: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(shop / "root/serving/search", root / "serving/search")
    summary = {**read_summary(shop / "root")}
    summary["config"] = {**summary["config"], "pictures": {**summary["config"]["pictures"], "backbone": "another"}}
    (root / "summary.json").write_text(json.dumps(summary))
    shutil.copytree(shop / "root/artifacts/SearchExamples", root / "artifacts/SearchExamples")
    done = CliRunner().invoke(app, ["index", "--root", str(root), "--products", str(shop / "products.csv")])
    assert isinstance(done.exception, InputError)
    assert "reads pictures by" in str(done.exception)
    assert "run `shelfwise run` first" in str(done.exception)
