"""`python -m tfx_pipeline` is the command `shelfwise`."""

from tfx_pipeline.cli import main

main()
