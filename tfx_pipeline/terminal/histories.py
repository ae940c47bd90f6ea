"""The history that a command asks with."""

from collections.abc import Sequence
from pathlib import Path

from components.errors import InputError
from components.tables.sources import TableSource
from tfx_pipeline.shop.run_options import bought_types_of_run, shop_of_run
from tfx_pipeline.terminal.console import console
from tfx_pipeline.terminal.user_history import UserHistory, history_of_products, read_user_history


def read_history(
    products: Sequence[str],
    user: str | None,
    events: str | None,
    at: str | None = None,
    root: Path | None = None,
    *,
    needed: bool = False,
) -> UserHistory:
    """Takes the history from product ids (newest last), or from a user's rows of an events table.

    Args:
        products: The ids.
        user: The user.
        events: The table: a file, a folder or a glob.
        at: The moment that ages are counted from; see `read_user_history`.
        root: Folder of the run whose `tables.events` says how the table is written, and where it lies if `events` does
            not, and whose tasks say what a purchase is, which a return cancels.
        needed: Whether a history of nothing is refused.

    Raises:
        InputError: The options contradict each other or say too little, or the table is not what it should be.
    """
    if user is None:
        for option, value in {"--events": events, "--at": at, "--root": root}.items():
            if value is not None:
                raise InputError(f"{option} needs --user ID, the user whose events are read")
        if needed and not products:
            raise InputError("expected product ids, or --user ID with --events FILE, got neither")
        return history_of_products(products)
    if products:
        raise InputError(f"expected product ids or --user, got both: {' '.join(products)}, and --user {user}")
    if root is None:
        return read_user_history(_sources(events, root), user, at)
    return read_user_history(_sources(events, root), user, at, bought_types_of_run(root))


def _sources(events: str | None, root: Path | None) -> Sequence[TableSource]:
    """Returns where the user's events lie, and how they are written."""
    if root is None:
        if events is None:
            raise InputError("--user needs --events FILE, the table that holds the user's events")
        return [TableSource(path=events)]
    shop = shop_of_run(root)
    sources = [source.in_zone(shop.time_zone) for source in shop.tables.given().get("events", ())]
    if events is None and sources:
        return sources
    if events is None or len(sources) != 1:
        raise InputError(
            f"--root {root}: the `tables.events` of its run should say how one file is written, but has {len(sources)} "
            f"sources; {'leave --root out' if events else 'add --events FILE and leave --root out'}"
        )
    return [sources[0].model_copy(update={"path": events})]


def print_as_of(history: UserHistory) -> None:
    """Prints which moment ages are counted from, where they are counted from one."""
    line = history.as_of_line()
    if line is not None:
        console.print(line, style="dim")
