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
