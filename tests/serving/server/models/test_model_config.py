"""Configurations of models: TF Serving's text format, version policies, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.server.models.model_config import ModelConfig, ModelConfigError, read_model_config_file
from serving.server.models.version_policy import All, Latest, Specific

WHOLE = """
model_config_list {
  config { name: "search" base_path: "/models/search" model_platform: "tensorflow" }
  config {
    name: "recommendation"
    base_path: "/models/recommendation"
    model_platform: "tensorflow"
    model_version_policy { specific { versions: 42 versions: 43 } }
    version_labels { key: "stable" value: 42 }
    version_labels { key: "canary" value: 43 }
  }
  config {
    name: "two" base_path: "/m" model_platform: "tensorflow"
    model_version_policy { latest { num_versions: 2 } }
  }
  config { name: "every" base_path: "/m" model_type: TENSORFLOW model_version_policy { all {} } }
}
"""


def read(tmp_path: Path, text: str) -> dict[str, ModelConfig]:
    file = tmp_path / "models.config"
    file.write_text(text, encoding="utf-8")
    return read_model_config_file(file)


def test_everything_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == {
        "search": ModelConfig(base_path=Path("/models/search")),
        "recommendation": ModelConfig(
            base_path=Path("/models/recommendation"),
            policy=Specific(frozenset({42, 43})),
            labels={"stable": 42, "canary": 43},
        ),
        "two": ModelConfig(base_path=Path("/m"), policy=Latest(2)),
        "every": ModelConfig(base_path=Path("/m"), policy=All()),
    }


def test_the_file_in_the_documentation_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[4] / "docs" / "server.md").read_text(encoding="utf-8")
    block = next(part for part in page.split("```") if part.lstrip().startswith("model_config_list"))
    configs = read(tmp_path, block)
    assert list(configs) == ["search", "recommendation"]
    assert set(configs["recommendation"].labels.values()) <= {1794000000, 1794086400}


def model(**fields: str) -> str:
    stated = {"name": '"m"', "base_path": '"/m"', "model_platform": '"tensorflow"', **fields}
    return " ".join(f"{name}: {value}" for name, value in stated.items() if value)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ([model(), model()], "Illegal to list model m multiple times in config list"),
        ([model(base_path='"models/m"')], "Expected model m to have an absolute path or URI"),
        ([model(base_path='"gs://bucket/m"')], "local folders only"),
        ([model(model_platform='"other"')], "Model m requests unsupported platform other"),
        ([model(model_platform="")], "Illegal setting neither"),
        ([model(name='""')], "Expected a name"),
        ([model(base_path=r'"/m\000"')], "without NUL"),
        (["nonsense: 1"], r"Error parsing text-format tensorflow\.serving\.ModelServerConfig"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_line(tmp_path: Path, models: list[str], message: str) -> None:
    configs = "".join(f"config {{ {text} }}" for text in models)
    with pytest.raises(ModelConfigError, match=message):
        read(tmp_path, f"model_config_list {{ {configs} }}")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelConfigError, match=r"none\.config: the file of models cannot be read"):
        read_model_config_file(tmp_path / "none.config")


@given(versions=st.sets(st.integers(0, 50)), count=st.integers(1, 5), named=st.frozensets(st.integers(0, 50)))
def test_policies_choose_among_what_is_there(versions: set[int], count: int, named: frozenset[int]) -> None:
    latest = Latest(count).choose(versions)
    assert len(latest) == min(count, len(versions))
    assert all(version <= min(latest) for version in versions - latest)
    assert All().choose(versions) == versions
    assert Specific(named).choose(versions) == {version for version in named if version in versions}
