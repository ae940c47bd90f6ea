"""How the rows of a source become rows of the contract: renamed, filled, exploded, joined."""
