"""What the client asks each model; nothing here talks to a server."""
