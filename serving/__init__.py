"""What is served: graphs, indexes, the embedded server and its client. Imports nothing of the other packages."""
