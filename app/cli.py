"""The `tocsin` command. Each of its commands is imported when it is asked for: those without a server start at once."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

import click

from incidents.refusals import Refused

COMMANDS = {
    "serve": "app.commands",
    "worker": "app.commands",
    "tick": "app.commands",
    "demo": "app.commands",
    "person": "app.commands",
    "backup": "app.commands",
    "restore": "app.commands",
    "check": "app.commands",
    "bench": "app.commands",
    "clock": "app.clockfile",
    "assess": "app.assessfile",
}
"""Every command, with the module in which it stands under its own name."""


class Commands(click.Group):
    """The commands by name, each imported late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        found: click.Command | None = getattr(import_module(module), cmd_name) if module else None
        return found


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def main(context: click.Context) -> None:
    """Tocsin: anyone reports a suspected breach, the DPO is paged, the 72-hour clock runs."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if context.invoked_subcommand is None:
        from app.commands import serve

        context.invoke(serve)


def run() -> None:
    """The entry point: a refusal is a sentence, not a traceback."""
    os.umask(0o077)  # what is made here holds reports or keys
    try:
        main()
    except Refused as refused:
        fault = str(refused)
    except _faults() as error:
        if isinstance(error, BrokenPipeError):
            raise
        fault = _told(error)
    else:
        return
    click.echo(f"tocsin: {fault}", err=True)
    raise SystemExit(1)


def _faults() -> tuple[type[Exception], ...]:
    """What a file system raises, and a database; a command that has not imported any has not asked one."""
    if "sqlalchemy" not in sys.modules:
        return (OSError,)
    from sqlalchemy.exc import DBAPIError

    return DBAPIError, OSError


def _told(error: Exception) -> str:
    from app import database

    if not isinstance(error, OSError):
        return f"The database cannot be used: {database.cause(error)}."
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{database.cause(error)}."


if __name__ == "__main__":
    run()
