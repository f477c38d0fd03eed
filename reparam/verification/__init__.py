"""Verification: whether samplers' gradients, and all that belongs to them, are right."""
