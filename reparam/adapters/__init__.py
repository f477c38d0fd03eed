"""Frameworks of automatic differentiation: each imported on use, and each with an extra."""
