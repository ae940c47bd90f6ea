"""What the command line and the steps of a compiled pipeline end with; 0 is success."""

EXIT_OTHER = 1
EXIT_BAD_INPUT = 2  # The user's data or configuration has to change.
EXIT_REFUSED = 3  # A gate refused a model.
