"""What a person decides about a model that waits, or that is served, and the log of it."""

import getpass
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from components.errors import InputError
from components.pushing.served_versions import latest_version, push_folder, same_files, version_numbers
from tfx_pipeline.summary.state import PartState, RunState, state_of_run, write_state
from trainer.exporting import COUNTS_OF, read_model_card

LOG_NAME = "decisions.jsonl"


def approve(root: Path, model: str, because: str, by: str = "") -> str:
    """Serves a model that waits.

    Args:
        root: The run's folder.
        model: Its name.
        because: Why, for the log.
        by: Who decided; the user of this machine where empty.

    Returns:
        Folder of the served version.

    Raises:
        InputError: No such model waits.
    """
    _check_reason(because)
    state, part = _waiting(root, model)
    base = _served_root(root, model)
    latest = latest_version(base)
    # An approval that was killed in the middle has pushed it already.
    served = latest if latest and same_files(part.pushed, latest) else push_folder(part.pushed, base)
    _log(root, "approve", model, served, because, by)
    write_state(root, state.with_parts({model: part.model_copy(update={"pushed": served})}))
    shutil.rmtree(part.pushed, ignore_errors=True)
    return served


def reject(root: Path, model: str, because: str, by: str = "") -> str:
    """Removes a model that waits; the arguments are those of `approve`.

    Returns:
        Folder where it waited.

    Raises:
        InputError: No such model waits.
    """
    _check_reason(because)
    state, part = _waiting(root, model)
    _log(root, "reject", model, part.pushed, because, by)
    left = {name: each for name, each in state.waiting.items() if name != model}
    write_state(root, state.model_copy(update={"waiting": left}))
    shutil.rmtree(part.pushed, ignore_errors=True)
    return part.pushed


def rollback(root: Path, model: str, because: str, by: str = "", to: int | None = None) -> str:
    """Serves an earlier version once more, as a new one, since servers take the one with the largest number.

    The next update starts from what that version was made with.

    Args:
        root: The run's folder.
        model: The model's name.
        because: Why, for the log.
        by: Who decided; the user of this machine where empty.
        to: The version; the one before the newest where None.

    Returns:
        Folder of the new version.

    Raises:
        InputError: There is no such version, or none before.
    """
    _check_reason(because)
    state = state_of_run(root)
    base = _served_root(root, model)
    versions = sorted(version_numbers(base))
    if to is None and len(versions) < 2:
        raise InputError(f"{base} should have a version before the newest, but has {_listed(versions)}")
    chosen = versions[-2] if to is None else to
    if chosen not in versions:
        raise InputError(f"--to {chosen}: {base} has no such version, but {_listed(versions)}")
    folder = f"{base}/{chosen}"
    part = _made_with(state, model, folder)
    served = push_folder(folder, base)
    _log(root, "rollback", model, served, because, by, of_version=chosen)
    if part is not None:
        write_state(root, state.with_parts({model: part.model_copy(update={"pushed": served})}))
    return served


def decisions(root: Path) -> list[dict[str, str]]:
    """Returns what was decided so far, in order."""
    file = root / LOG_NAME
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def waiting_versions(root: Path) -> dict[str, tuple[PartState, str]]:
    """Returns, by model, what waits, and the folder of what is served, which is empty where nothing is."""
    state = state_of_run(root)
    return {name: (part, latest_version(_served_root(root, name))) for name, part in state.waiting.items()}


def _waiting(root: Path, model: str) -> tuple[RunState, PartState]:
    state = state_of_run(root)
    part = state.waiting.get(model)
    if part is None or not Path(part.pushed).is_dir():
        others = ", ".join(state.waiting) or "none"
        raise InputError(f"{model}: no such model waits for approval under {root}; waiting are: {others}")
    return state, part


def _made_with(state: RunState, model: str, folder: str) -> PartState | None:
    """Returns what an update of a version starts from; of one with renewed counts, that of the version before."""
    counts_of = read_model_card(folder).get(COUNTS_OF)
    known = str(Path(folder).parent / counts_of) if counts_of else folder
    parts = [*state.before.get(model, ()), *([state.parts[model]] if model in state.parts else [])]
    return next((part for part in reversed(parts) if part.pushed == known), None)


def _log(root: Path, what: str, model: str, folder: str, because: str, by: str, **more: object) -> None:
    """Adds a line to the log, and sees to it that it is on the disk."""
    line = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": by or getpass.getuser(),
        "decision": what,
        "model": model,
        "version": Path(folder).name,
        **more,
        "because": because,
    }
    with (root / LOG_NAME).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _check_reason(because: str) -> None:
    if not because.strip():
        raise InputError("--because: expected the reason, in a sentence that others will read, but it is empty")


def _served_root(root: Path, model: str) -> str:
    return str(root.resolve() / "serving" / model)


def _listed(versions: list[int]) -> str:
    return ", ".join(map(str, versions)) or "none"
