"""Reference distributions that draws should follow."""
