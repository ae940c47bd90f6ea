"""The ranker: orders what the towers, the user's own products and popularity propose."""
