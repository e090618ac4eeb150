"""Whether every invariant of the data holds (contract.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from rich.console import Console
from rich.table import Table

from leadgen.integrations.errors import ServiceError
from pipeline import audit
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem


class Command(OperatorCommand):
    help = "Look for rows that break an invariant: in all tables, and with --deep in all files."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--deep", action="store_true", help="read every delivered file and compare its hash"
        )

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        try:
            found = audit.run(deep=options["deep"])
        except ServiceError as away:
            raise Problem(str(away), "Run `manage.py doctor`.") from None
        return found, EXIT_DONE if found["ok"] else EXIT_NEGATIVE

    def show(self, found: dict[str, Any], console: Console) -> None:
        console.print(check_table(found))
        broken = [check["name"] for check in found["checks"] if check["violations"]]
        if broken:
            console.print(f"broken: {', '.join(broken)}; look the ids up in the admin")
        else:
            console.print(f"all {len(found['checks'])} checks hold")


def check_table(found: dict[str, Any]) -> Table:
    """The checks of an audit's object, the broken ones with their first ids."""
    table = Table("", "check", "violations", "ids", title="Audit")
    for check in found["checks"]:
        ids = ", ".join(map(str, check["ids"]))
        more = ", …" if check["violations"] > len(check["ids"]) else ""
        table.add_row(
            check["name"],
            check["title"],
            str(check["violations"] or "-"),
            ids + more or "-",
            style="bold red" if check["violations"] else "",
        )
    return table
