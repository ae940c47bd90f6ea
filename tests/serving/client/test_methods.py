"""Both clients have the methods that the calls say."""

import inspect

from serving.client import AsyncShelfwise, Shelfwise

METHODS = sorted(
    name for name, value in vars(Shelfwise).items() if callable(value) and not name.startswith("_") and name != "close"
)


def test_both_clients_have_the_same_methods() -> None:
    assert len(METHODS) >= 12
    for name in METHODS:
        blocking, later = (inspect.signature(getattr(client, name)) for client in (Shelfwise, AsyncShelfwise))
        assert str(blocking) == str(later), name
        assert inspect.iscoroutinefunction(getattr(AsyncShelfwise, name)), name


def test_a_method_shows_the_parameters_of_its_call() -> None:
    with Shelfwise("127.0.0.1:1") as client:
        shown = inspect.signature(client.search)
    assert list(shown.parameters) == ["query", "k", "category", "max_price", "in_stock_only", "exclude_ids"]
    assert str(shown.return_annotation) == "list[serving.client.calls.search.SearchAnswer]"
    assert (Shelfwise.search.__doc__ or "").startswith("Finds products by what people type.")
