"""From events, products and users to a catalogue and examples of histories."""
