"""Optional packages, and how to install one that is missing."""

from __future__ import annotations

from importlib import import_module

from reparam.errors import MissingExtraError

__all__ = ["need"]


def need(package: str, called: str) -> None:
    """Import a package that the adapter of that name is for.

    Parameters
    ----------
    package
        The package's name, which is the extra's, too.
    called
        What readers call it.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import_module(package)
    except ImportError as error:
        if error.name != package:
            raise
        raise MissingExtraError(
            f"reparam.{package} needs {called}; install it with: pip install 'reparam[{package}]'"
        ) from None
