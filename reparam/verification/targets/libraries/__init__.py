"""Samplers of other libraries, one module a library, imported on use."""
