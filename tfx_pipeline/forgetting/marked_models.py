"""Served models that have learned from somebody who was forgotten since."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from components.tables.contract import TABLES, USER_ID
from tfx_pipeline.shop.forgotten_list import ForgottenList
from tfx_pipeline.summary.json_file import read_document, write_document
from tfx_pipeline.tasks.registry import TASKS

_FOLDER, _FILE = "forgotten", "models.json"


class _Versions(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    learned_from_forgotten: dict[str, int]


def list_user(root: Path, names: Iterable[str]) -> int:
    """Has later runs leave out a user, and marks the models that are there; returns how many names were new.

    Args:
        root: The run's folder.
        names: The user's id, and what else stands for the user in tables.
    """
    added = ForgottenList.under(root).add(names)
    mark_models(root)
    return added


def mark_models(root: Path) -> None:
    """Notes the newest version of each served model that learns from users; later ones learn without the forgotten."""
    versions = {**_marked(root), **{name: version for name, version in _newest(root).items() if _learns_of_users(name)}}
    (root / _FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    write_document(root / _FOLDER / _FILE, _Versions(learned_from_forgotten=versions).model_dump_json(indent=2))


def marked_models(root: Path) -> dict[str, int]:
    """Returns the models whose newest version learned from somebody who was forgotten, with that version.

    Raises:
        InputError: The file of marks is not what it should be.
    """
    newest = _newest(root)
    return {name: version for name, version in _marked(root).items() if newest.get(name) == version}


def _marked(root: Path) -> dict[str, int]:
    expected = 'something such as {"learned_from_forgotten": {"recommendation": 3}}'
    found = read_document(root / _FOLDER / _FILE, _Versions, expected, "remove the file and forget again")
    return {} if found is None else dict(found.learned_from_forgotten)


def _newest(root: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for folder in (root / "serving").glob("*/*"):
        if folder.is_dir() and folder.name.isascii() and folder.name.isdigit():
            found[folder.parent.name] = max(found.get(folder.parent.name, 0), int(folder.name))
    return found


def _learns_of_users(model: str) -> bool:
    task = TASKS.get(model)
    if task is None or task.tables is None:
        return True
    return any(USER_ID in TABLES[table].column_names for table in task.tables)
