"""The command line: each command parses, makes one library call, and hands over to a format.

Only this package talks to the screen: data on stdout, everything else on stderr.
"""

from reparam.__main__ import main
from reparam.cli.app import app

__all__ = ["app", "main"]
