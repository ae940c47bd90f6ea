"""Pictures inside served graphs: decoded, embedded, and compared with those of a catalogue."""
