"""Numerical mathematics that knows nothing of targets: differences, integrals, statistics."""
