"""What is verified, seen through one interface: each kind of thing a module."""
