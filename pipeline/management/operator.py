"""What all commands for operators share: one JSON line or a table, one sentence on failure."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, ProgrammingError
from rich.console import Console

from pipeline import services

EXIT_DONE, EXIT_NEGATIVE, EXIT_BAD_INPUT, EXIT_ACTIVE = 0, 1, 2, 3
EXIT_INTERRUPTED = 130  # as shells have it


class Problem(Exception):
    """Bad input or a missing service: one sentence, and what to do (exit 2)."""

    def __init__(self, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


def operator_name() -> str:
    """Who types the command; in a container the account may have a number only."""
    with contextlib.suppress(KeyError, OSError):  # KeyError until Python 3.12
        return getpass.getuser()
    return f"uid {os.getuid()}"


class OperatorCommand(BaseCommand):
    """Subclasses implement `answer` and `show`; exit codes as in contract.md, "Commands"."""

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        self.add_options(parser)

    def add_options(self, parser: ArgumentParser) -> None:
        """The command's own arguments."""

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Do the work; return the object to print and the exit code. Raises Problem."""
        raise NotImplementedError

    def show(self, found: dict[str, Any], console: Console) -> None:
        """Print the object for a person."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        # Progress and tables of a person go to stderr when stdout belongs to a script.
        # What stands in brackets or colons is a file's or a client's own, and no markup.
        self.console = Console(stderr=bool(options["json"]), markup=False, emoji=False)
        try:
            _refuse_unreadable(options)
            found, code = self.answer(options)
        except Problem as problem:
            self._fail(problem, as_json=options["json"])
        except OperationalError as error:
            self._fail(Problem(*services.no_database(error)), as_json=options["json"])
        except ProgrammingError:
            self._fail(_no_tables(), as_json=options["json"])
        except KeyboardInterrupt:
            self._fail(_interrupted(), as_json=options["json"], code=EXIT_INTERRUPTED)
        if options["json"]:
            self.stdout.write(json.dumps(found))
        else:
            self.show(found, self.console)
        if code:
            raise SystemExit(code)

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> CommandParser:
        """With --json a wrong command line too is answered by one JSON object."""
        parser = super().create_parser(prog_name, subcommand, **options)
        if "--json" in sys.argv:
            refuse = partial(self._misused, subcommand)
            parser.error = refuse  # type: ignore[method-assign]
        return parser

    def _misused(self, subcommand: str, message: str) -> NoReturn:
        error = f"{message[0].upper()}{message[1:]}."
        self._fail(Problem(error, f"See `manage.py {subcommand} --help`."), as_json=True)

    def _fail(self, problem: Problem, *, as_json: bool, code: int = EXIT_BAD_INPUT) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"error": problem.error, "hint": problem.hint}))
        else:
            self.stderr.write(f"{problem.error} {problem.hint}".strip())
        raise SystemExit(code)


def _refuse_unreadable(options: dict[str, Any]) -> None:
    """What is no text, such as a byte of another encoding, fits no column and no hash."""
    for value in options.values():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not _is_text(text):
                raise Problem(f"{text!r} is no readable text.", "Write it in UTF-8.")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _interrupted() -> Problem:
    return Problem("Interrupted.", "A run that has started goes on; the desk shows it.")


def _no_tables() -> Problem:
    return Problem("The database has no tables of this version.", "Run `manage.py migrate`.")
