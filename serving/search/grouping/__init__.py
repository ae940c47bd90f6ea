"""Groups of what a query found, with names a shopkeeper would write."""
