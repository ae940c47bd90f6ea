"""`python -m tfx_pipeline` is the command `shelfwise`."""

from tfx_pipeline.commands.cli import main

main()
