"""The built-in distributions, one per file."""
