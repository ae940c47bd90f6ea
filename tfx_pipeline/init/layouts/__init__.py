"""The exports that shops have, as data: which columns tell them, and which of the contract's columns they hold."""
