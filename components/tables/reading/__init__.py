"""Files of a table, of any format, to batches of rows."""
