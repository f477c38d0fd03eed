"""The command line: each command parses, makes one library call, and hands over to a format.

Only this package talks to the screen: data on stdout, everything else on stderr.
"""

from reparam.cli.app import app, main

__all__ = ["app", "main"]
