"""What the demo asks the search."""

from typing import TYPE_CHECKING

from tfx_pipeline.tasks.search.search_command import print_clusters
from tfx_pipeline.terminal.console import console

if TYPE_CHECKING:
    from serving.client import Shelfwise

_QUERIES = ("organic baby food", "sugar free chocolate", "chese crackers")


def demonstrate(client: "Shelfwise") -> None:
    """Prints what three queries find."""
    for query in _QUERIES:
        console.print(f'\nsearch "{query}"')
        print_clusters(client.search(query, k=5))
