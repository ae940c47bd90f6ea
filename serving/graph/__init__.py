"""Parts of served graphs that several models share."""
