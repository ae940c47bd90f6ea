"""Errors that a user can mend: one message that says what was expected, what came and what to do."""


class InputError(ValueError):
    """A table, a column or a row is not what the contract asks for; the run stops, and nothing is half written."""
