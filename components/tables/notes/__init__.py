"""What the owner of tables should know of them, though nothing in them is wrong: notes, in words."""
