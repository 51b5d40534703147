"""What was changed by hand in the current environment, and what becomes of it."""
