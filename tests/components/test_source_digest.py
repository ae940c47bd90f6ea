"""Digests of source code, over a small project written for each test."""

from pathlib import Path

import pytest

from components.source_digest import source_digest

FILES = {
    "components/__init__.py": "import trainer\n",
    "components/node.py": (
        "from trainer.towers import build\n\n\ndef run():\n    from trainer import lazily\n    return build()\n"
    ),
    "components/other.py": "VALUE = 1\n",
    "trainer/__init__.py": "",
    "trainer/towers.py": "from .layers import width\n\n\ndef build():\n    return width()\n",
    "trainer/layers.py": '"""Layers."""\n\n\ndef width():\n    """Gives the width."""\n    return 1\n',
    "trainer/lazily.py": "import os, trainer.deep.inner\n",
    "trainer/deep/__init__.py": "",
    "trainer/deep/inner.py": "X = 1\n",
    "trainer/unrelated.py": "X = 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "edited",
    [
        "components/node.py",
        "components/__init__.py",
        "trainer/__init__.py",
        "trainer/towers.py",
        "trainer/layers.py",
        "trainer/lazily.py",
        "trainer/deep/__init__.py",
        "trainer/deep/inner.py",
    ],
)
def test_an_edit_of_what_is_imported_changes_the_digest(project: Path, edited: str) -> None:
    before = source_digest("components.node", root=project)
    path = project / edited
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert source_digest("components.node", root=project) != before


def test_an_edited_function_changes_the_digest(project: Path) -> None:
    before = source_digest("components.node", root=project)
    path = project / "trainer/layers.py"
    path.write_text(path.read_text().replace("return 1", "return 2"))
    assert source_digest("components.node", root=project) != before


@pytest.mark.parametrize("edited", ["components/other.py", "trainer/unrelated.py"])
def test_an_unrelated_edit_does_not(project: Path, edited: str) -> None:
    before = source_digest("components.node", root=project)
    (project / edited).write_text("VALUE = 2\n")
    assert source_digest("components.node", root=project) == before


def test_comments_docstrings_and_layout_do_not_count(project: Path) -> None:
    before = source_digest("components.node", root=project)
    (project / "trainer/layers.py").write_text("# New.\ndef width( ):\n    return (1)  # Why.\n")
    assert source_digest("components.node", root=project) == before


def test_a_circle_of_imports_ends(project: Path) -> None:
    (project / "trainer/layers.py").write_text("import trainer.towers\n")
    assert len(source_digest("components.node", root=project)) == 64


def test_an_unknown_module_is_named(project: Path) -> None:
    with pytest.raises(ValueError, match=r"components\.nowhere"):
        source_digest("components.nowhere", root=project)


def test_digests_this_project() -> None:
    assert source_digest("components.tables.example_gen") != source_digest("components.tables.data_gate")


def test_several_modules_are_digested_together(project: Path) -> None:
    both = source_digest("components.node", "components.other", root=project)
    assert both == source_digest("components.other", "components.node", root=project)
    (project / "components/other.py").write_text("VALUE = 2\n")
    assert source_digest("components.node", "components.other", root=project) != both


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is imported from, with a package and a single module; importing either would fail."""
    folder = tmp_path / "elsewhere"
    files = {
        "far_task/__init__.py": "raise RuntimeError('imported')\n",
        "far_task/training.py": "from far_task import steps\nimport far_library\nfrom trainer.lazily import X\n",
        "far_task/steps.py": "VALUE = 1\n",
        "far_task/unrelated.py": "VALUE = 1\n",
        "far_library/__init__.py": "VALUE = 1\n",
        "far_module.py": "raise RuntimeError('imported')\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.mark.parametrize(
    ("edited", "counts"),
    [
        ("elsewhere/far_task/training.py", True),
        ("elsewhere/far_task/steps.py", True),
        ("elsewhere/far_task/__init__.py", True),
        ("trainer/lazily.py", True),
        ("trainer/deep/inner.py", True),
        ("components/node.py", True),
        ("elsewhere/far_task/unrelated.py", False),
        ("elsewhere/far_library/__init__.py", False),
        ("trainer/unrelated.py", False),
    ],
)
def test_a_module_of_another_package_counts_with_what_it_imports_of_its_own_and_of_the_project(
    project: Path, elsewhere: Path, edited: str, counts: bool
) -> None:
    names = ("components.node", "far_task.training")
    before = source_digest(*names, root=project)
    path = project / edited
    path.write_text(path.read_text() + "\nADDED = 1\n")
    assert (source_digest(*names, root=project) != before) == counts


def test_a_module_that_is_a_single_file_counts(project: Path, elsewhere: Path) -> None:
    before = source_digest("far_module", root=project)
    (elsewhere / "far_module.py").write_text("VALUE = 1\n")
    assert source_digest("far_module", root=project) != before


@pytest.mark.parametrize("name", ["far_task.nowhere", "no_such_package", "no_such_package.inner", ""])
def test_an_unknown_module_of_another_package_is_named(project: Path, elsewhere: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"got `{name}`"):
        source_digest(name, root=project)
