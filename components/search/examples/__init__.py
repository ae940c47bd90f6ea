"""From products, judgements and events to queries with relevant products."""
