"""What happened, as daily Parquet folders that the tables of a run read."""
