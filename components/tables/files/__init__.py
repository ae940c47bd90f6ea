"""Files of a table: where they lie, how they are opened, which columns they have, and their rows as they stand."""
