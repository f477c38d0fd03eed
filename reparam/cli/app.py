"""The application: its commands, and what becomes of errors.

Exit codes: 0 success, 1 a verification failed, 2 a usage, input or output error, 130 Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from reparam.cli import completion, parsing
from reparam.cli.estimate import estimate
from reparam.cli.fit import fit
from reparam.cli.grad import grad
from reparam.cli.kl import kl
from reparam.cli.lesson import lesson
from reparam.cli.list import list_distributions
from reparam.cli.messages import report
from reparam.cli.notation import plain
from reparam.cli.output import abandon_stdout
from reparam.cli.plot import plot
from reparam.cli.sample import sample
from reparam.cli.show import show
from reparam.cli.verify import verify
from reparam.errors import ReparamError, did_you_mean

__all__ = ["app", "run"]


class _Command(TyperCommand):
    """Shows no types beside flags and arguments, and completes what the shell replaces.

    It runs with the number of threads of ``--threads``.
    """

    def get_params(self, ctx: Any) -> Any:
        return [_shown(parameter) for parameter in super().get_params(ctx)]

    def invoke(self, ctx: Any) -> Any:
        if "threads" not in ctx.params:
            return super().invoke(ctx)
        from reparam.engine.threads import threads

        with threads(parsing.threads(ctx.params["threads"])):
            return super().invoke(ctx)


class _Group(TyperGroup):
    """Turns every error into one sentence on stderr."""

    def get_params(self, ctx: Any) -> Any:
        return [_shown(parameter) for parameter in super().get_params(ctx)]

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # --help and --version print here
        with _sentences():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with _sentences(ctx):
            return super().invoke(ctx)


def _shown(parameter: Any) -> Any:
    """Return a parameter, without a type beside it where there is nothing to write."""
    if getattr(parameter, "is_flag", False):
        parameter.metavar = ""
    elif parameter.param_type_name == "argument":
        parameter.display_type_rich = lambda **_: None
    return completion.fitted(parameter)


@contextmanager
def _sentences(context: typer.Context | None = None) -> Iterator[None]:
    """Turn errors into one sentence on stderr, a closed pipe into a quiet end."""
    try:
        yield
    except BrokenPipeError:
        abandon_stdout()
        raise typer.Exit(0) from None
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # Rich prints help, and exits with 1
            raise typer.Exit(0) from None
        raise
    except typer.TyperException as error:  # from parsing options
        command = f" {context.invoked_subcommand}" if context and context.invoked_subcommand else ""
        _complain(f"{_mistake(error)} (see 'reparam{command} --help')")
        raise typer.Exit(error.exit_code) from None
    except ReparamError as error:
        _complain(str(error))
        raise typer.Exit(2) from None
    except OSError as error:
        abandon_stdout()
        _complain(f"can't write {error.filename or 'to stdout'}: {error.strerror or error}")
        raise typer.Exit(2) from None


def _mistake(error: Any) -> str:
    """Return what is wrong with options: of an unknown one what it misspells, or what to write."""
    if not hasattr(error, "possibilities"):
        return str(error.format_message().rstrip("."))
    name, options = error.option_name, [each.opts for each in error.ctx.command.params]
    hint = did_you_mean(name, [each[0] for each in options if each[0].startswith("--")])
    if not hint and name.startswith("--") and any("-p" in each for each in options):
        hint = f"; pass a parameter as -p {name[2:]}=VALUE"
    return f"{error.message}{hint}"


def _complain(message: str) -> None:
    with suppress(OSError):  # nobody reads: the exit status stays
        report("Error", plain(message))


app = typer.Typer(
    cls=_Group,
    help="Distribution reparameterization: draws y = f(z; θ) with exact derivatives ∂y/∂θ.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        from reparam._kernels import show_kernels

        typer.echo(f"reparam {version('reparam')}, {show_kernels()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and which kernels are in use.",
        ),
    ] = False,
) -> None:
    """Distribution reparameterization: draws y = f(z; θ) with exact derivatives ∂y/∂θ.

    [dim]Start with:[/dim] reparam sample, reparam grad --dist laplace, reparam list
    """
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


app.command("sample", cls=_Command)(sample)
app.command("grad", cls=_Command)(grad)
app.command("estimate", cls=_Command)(estimate)
app.command("fit", cls=_Command)(fit)
app.command("kl", cls=_Command)(kl)
app.command("plot", cls=_Command)(plot)
app.command("list", cls=_Command)(list_distributions)
app.command("show", cls=_Command)(show)
app.command("verify", cls=_Command)(verify)
app.command("lesson", cls=_Command)(lesson)


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    report("Warning", plain(str(message)))


def run() -> None:
    """Run the command line."""
    completion.prepare()
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")  # writing fails
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):  # formulas need more than ASCII; never fail over it
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    app(prog_name="reparam")
