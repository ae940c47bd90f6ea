"""ModelTrainer's executor on a tiny shop."""

from pathlib import Path

from tfx.types import channel_utils, standard_artifacts

from components.artifacts import Catalogue, TextVectors
from components.checkpoint_folder import checkpoint_folder
from components.model_trainer import ModelTrainer, ModelTrainerExecutor
from tests.trainer.recommendation.tiny_shop import write_tiny_shop
from trainer.recommendation.options import TowerOptions, TrainingOptions, TwoTowerOptions
from trainer.recommendation.towers.towers import load_towers

OPTIONS = TwoTowerOptions(
    tower=TowerOptions(dimensions=8, layers=1, heads=2, history=12),
    training=TrainingOptions(batch_size=16, max_epochs=1),
)


def artifact(kind: type, uri: Path) -> list:
    made = kind()
    made.uri = str(uri)
    return [made]


def test_the_executor_writes_towers_and_logs(tmp_path: Path) -> None:
    shop = write_tiny_shop(tmp_path / "shop", users=20)
    ModelTrainerExecutor().Do(
        {
            "examples": artifact(standard_artifacts.Examples, shop.examples),
            "catalogue": artifact(Catalogue, shop.catalogue),
            "transformed_products": artifact(standard_artifacts.Examples, shop.transformed),
            "text_vectors": artifact(TextVectors, shop.vectors),
        },
        {
            "model": artifact(standard_artifacts.Model, tmp_path / "node" / "model" / "1"),
            "model_run": artifact(standard_artifacts.ModelRun, tmp_path / "node" / "model_run" / "1"),
        },
        {
            "run_fn": "trainer.recommendation.training.run",
            "options_json": OPTIONS.model_dump_json(),
            "steps": 0,
            "seed": 0,
            "checkpoints": "",
            "earlier_model": "",
            "earlier_catalogue": "",
            "earlier_products": "",
            "source_digest": "any",
        },
    )
    assert load_towers(str(tmp_path / "node" / "model" / "1")).user_tower.tower_history == 12
    assert (tmp_path / "node" / "model" / "1" / "training.json").is_file()
    assert list((tmp_path / "node" / "model_run").rglob("events.out.tfevents.*"))


def test_optional_inputs_may_be_left_out() -> None:
    component = ModelTrainer(
        examples=channel_utils.as_channel([standard_artifacts.Examples()]),
        catalogue=channel_utils.as_channel([Catalogue()]),
        run_fn="trainer.recommendation.training.run",
        options=OPTIONS,
        steps=0,
        seed=1,
        source_digest="digest",
    )
    assert set(component.inputs) == {"examples", "catalogue"}
    assert component.exec_properties["options_json"] == OPTIONS.model_dump_json()


def test_the_same_training_finds_its_checkpoints_and_no_other_does() -> None:
    properties = {"seed": 1, "source_digest": "a"}

    def folder(attempt: int, given: str = "", examples: str = "/e/1", **changed: object) -> str:
        inputs = {"examples": artifact(standard_artifacts.Examples, Path(examples))}
        return checkpoint_folder(given, f"/root/artifacts/Node/model/{attempt}", inputs, {**properties, **changed})

    assert folder(1) == folder(2)
    assert folder(1).rpartition("/")[0] == "/root/artifacts/Node/.checkpoints"
    assert folder(1, "gs://shop/kept/").startswith("gs://shop/kept/")
    assert len({folder(1), folder(1, examples="/e/2"), folder(1, seed=2), folder(1, source_digest="b")}) == 4
