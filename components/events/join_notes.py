"""What the tables of users and products have in common with the events, in words."""

from components.events.counts import EventCounts
from components.events.users_together import TablePaths
from components.tables.notes.example_ids import example_ids

# Where fewer of the smaller side are found on the other side, the two rather write ids differently.
NEARLY_NONE = 0.1


def note_users(counts: EventCounts, tables: TablePaths, *, plain_user_ids: bool) -> list[str]:
    """Says how many users of the users table have no event, and how many users with events it lacks.

    Args:
        counts: What was counted of both.
        tables: Where examples of ids are read.
        plain_user_ids: Whether ids are shown, and not only how they are written.
    """
    if not tables.users:
        return []
    in_table, in_events, in_both = counts.users_in_table, counts.users, counts.users_in_both
    if in_both < NEARLY_NONE * min(in_table, in_events):
        here, there = (example_ids(paths, "user_id", plain=plain_user_ids) for paths in (tables.users, tables.events))
        like, more = ("", "") if plain_user_ids else ("like ", " `plain_user_ids: true` shows whole ids.")
        return [
            f"Table `users`: {in_both:,} of its {in_table:,} users occur in `events`, so attributes and segments of "
            f"users say nothing. Ids are {like}{here} here, and {like}{there} in `events`: check that both tables "
            f"write them alike.{more}"
        ]
    notes = []
    if in_both < in_table:
        notes.append(
            f"Table `users`: {in_table - in_both:,} of its {in_table:,} users occur in no good row of `events`."
        )
    if in_both < in_events:
        notes.append(
            f"Table `users`: {in_events - in_both:,} of the {in_events:,} users of `events` have no row in it, so no "
            "attribute of theirs is known."
        )
    return notes


def missed_users(counts: EventCounts) -> dict[str, int]:
    """Returns how many users of the users table have no event, and how many users with events it lacks.

    Both are left out where there is no such table.
    """
    if not counts.users_in_table:
        return {}
    return {
        "users_without_events": counts.users_in_table - counts.users_in_both,
        "users_without_row": counts.users - counts.users_in_both,
    }


def note_products(without_events: int, products: int, tables: TablePaths) -> list[str]:
    """Says how many products of the products table have no event.

    Args:
        without_events: How many have none.
        products: All of them.
        tables: Where examples of ids are read, if nearly none has one.
    """
    if not without_events:
        return []
    note = f"Table `products`: {without_events:,} of its {products:,} products occur in no good row of `events`."
    if products - without_events < NEARLY_NONE * products:
        here, there = (example_ids(paths, "product_id") for paths in (tables.products, tables.events))
        note += f" Ids are {here} here, and {there} in `events`: check that both tables write them alike."
    return [note]
