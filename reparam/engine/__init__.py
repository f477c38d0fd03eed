"""Blocks, threads and streams of noise: addressable, and without mathematics."""
