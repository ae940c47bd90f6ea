"""Where users' last events live: SQLite on one machine, Redis for several gateways."""
