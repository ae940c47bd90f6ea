"""The file of models that stock TF Serving is started with, read back as the embedded server reads it."""

from pathlib import Path

from serving.server.models.model_config import ModelConfig, read_model_config_file
from tfx_pipeline.running.stock_server import MODELS_FILE, write_models_file


def test_every_model_with_a_version_is_in_the_file(tmp_path: Path) -> None:
    for path in ("search/1794000000", "search/1794086400", "segmentation/7", "without_version", "half/.pushing-a"):
        (tmp_path / path).mkdir(parents=True)
    write_models_file(tmp_path)
    write_models_file(tmp_path)
    assert read_model_config_file(tmp_path / MODELS_FILE) == {
        "search": ModelConfig(base_path=Path("/models/search")),
        "segmentation": ModelConfig(base_path=Path("/models/segmentation")),
    }
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [MODELS_FILE]
