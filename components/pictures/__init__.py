"""Pictures of a table's rows: found, read, checked and encoded by Beam, each distinct one once."""
