"""`shelfwise init`: looks at a shop's files and proposes a configuration that runs."""
