"""The embedded server: TF Serving's protocol over versioned model folders."""
