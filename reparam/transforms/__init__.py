"""Distributions made of distributions."""
