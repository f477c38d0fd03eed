#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox"]
# ///
"""Tasks by name: ``nox -s tests``. ``bash .ci/run`` does all of them, in one environment."""

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session
def lint(session: nox.Session) -> None:
    """Lint, format and types."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """The tests, by default those that are not long; ``-- -m ""`` for all."""
    session.install("-e", ".[test]")
    session.run("pytest", "-n", "auto", "--dist", "loadfile", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, in docs/_build/html."""
    session.install("-e", ".[docs]")
    session.run("python", "tools/generate_docs.py", "--check")
    session.run("sphinx-build", "-W", "-n", "docs", "docs/_build/html")


@nox.session
def verify(session: nox.Session) -> None:
    """The samplers and gradients of all registered distributions."""
    session.install(".")
    session.run("reparam", "verify", *session.posargs)


if __name__ == "__main__":
    nox.main()
