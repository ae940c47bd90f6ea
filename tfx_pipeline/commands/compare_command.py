"""`shelfwise compare`: two versions of a model by what users did, as the gateway's log has it."""

import json
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from components.errors import InputError
from tfx_pipeline.gateway.log.comparing import Compared, compare, newest_two, read_arms
from tfx_pipeline.gateway.user_keys import UserKeys
from tfx_pipeline.shop.user_id_key import user_id_key
from tfx_pipeline.summary.file import read_summary
from tfx_pipeline.terminal.console import console, plain_table


def compare_versions(root: Path, folder: Path | None, model: str, versions: str, as_json: bool) -> None:
    """Prints which version's answers users took more of.

    Args:
        root: Folder of a run.
        folder: Folder of the gateway's store and log; None for `gateway` under the root.
        model: Name of the model.
        versions: The version that there was and the one that is tried out, as `A,B`; empty for the two newest ones.
        as_json: Whether to print JSON.

    Raises:
        InputError: The log does not have two versions of the model.
    """
    log = (folder or root / "gateway") / "log"
    arms = read_arms(log, model)
    chosen = _chosen(versions) if versions else newest_two(arms)
    if chosen is None or not set(chosen) <= arms.keys():
        there = ", ".join(map(str, sorted(arms))) or "none"
        raise InputError(
            f"{log}: expected two versions of model `{model}` whose answers were shown, got {there}; see "
            "`gateway.other_version`, and wait until the log has both"
        )
    found = compare(arms[chosen[0]], arms[chosen[1]], _segments(root))
    if as_json:
        console.print_json(json.dumps([{**asdict(each), "verdict": each.verdict} for each in found]))
        return
    _print(model, chosen, found)


def _chosen(versions: str) -> tuple[int, int]:
    try:
        first, second = (int(version) for version in versions.split(","))
    except ValueError:
        raise InputError(f"--versions {versions}: expected two versions, such as 1796042048,1796128448") from None
    return first, second


def _segments(root: Path) -> dict[str, str]:
    """Returns the segment of each user that the last run gave one, by the user's key in the log."""
    files = sorted((root / "segments").glob("segments-*.parquet"))
    summary = read_summary(root)
    plain = summary is None or bool(summary.config.get("plain_user_ids"))
    users = UserKeys("" if plain else user_id_key(root))
    rows = [row for file in files for row in pq.read_table(file, columns=["user_id", "segment"]).to_pylist()]
    # Where ids come to the gateway as hashes of the log, a run's own ids are those already.
    return {key: row["segment"] for row in rows for key in (users.of(row["user_id"]), row["user_id"])}


def _print(model: str, versions: tuple[int, int], found: list[Compared]) -> None:
    console.print(f"{model}: version {versions[0]} against {versions[1]}")
    table = plain_table("users", "outcome", "users of each", "shown", "rates", "difference", "95% interval", "verdict")
    for each in found:
        table.add_row(
            each.segment,
            each.outcome,
            f"{each.users[0]:,} / {each.users[1]:,}",
            f"{each.shown[0]:,} / {each.shown[1]:,}",
            f"{each.rates[0]:.4f} / {each.rates[1]:.4f}",
            f"{each.difference:+.4f}",
            f"{each.low:+.4f} to {each.high:+.4f}" if each.enough else "",
            each.verdict,
        )
    console.print(table)
