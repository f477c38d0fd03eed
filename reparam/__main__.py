"""Where the command line starts: ``reparam``, or ``python -m reparam``.

It takes care of signals before the command line, which takes some time, is imported.
"""

from __future__ import annotations

import os
import signal
from typing import Any, NoReturn

__all__ = ["main"]


def main() -> None:
    """Run the command line; signals end it quietly, from here on and while it starts."""
    heeded = {
        signal.SIGINT: signal.default_int_handler,
        signal.SIGTERM: signal.SIG_DFL,
        getattr(signal, "SIGHUP", signal.SIGTERM): signal.SIG_DFL,  # Windows has none
    }
    for number, usual in heeded.items():
        if signal.getsignal(number) is usual:  # nohup stays in force
            signal.signal(number, _ended)
    try:
        from reparam.cli.app import run

        run()
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None
    finally:
        if signal.getsignal(signal.SIGINT) is _ended:  # nothing is left to unwind
            signal.signal(signal.SIGINT, _ended_at_once)


def _ended(number: int, frame: Any) -> NoReturn:
    """Unwind, so that temporary files go; but end at once in an import.

    C code that imports NumPy prints what interrupts it, and goes on.
    """
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            os._exit(128 + number)
        frame = frame.f_back
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _ended_at_once(number: int, _: Any) -> NoReturn:
    os._exit(128 + number)


if __name__ == "__main__":
    main()
