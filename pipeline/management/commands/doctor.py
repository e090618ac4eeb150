"""Is every part there, and what is to be done where one is not (contract.md)?"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from rich.console import Console
from rich.table import Table

from leadgen.integrations import notion
from leadgen.integrations.errors import ServiceError
from pipeline import doctor
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem

STYLES = {doctor.OK: "green", doctor.NOT_CONFIGURED: "dim", doctor.FAILING: "bold red"}


class Command(OperatorCommand):
    help = "Look at every part of the machine room and ask each outside service."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--fix-notion", action="store_true", help="first make the columns that Notion lacks"
        )

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        added = add_columns() if options["fix_notion"] else None
        found = doctor.as_json(doctor.examine())
        if added is not None:
            found["added_to_notion"] = added
        return found, EXIT_DONE if found["ok"] else EXIT_NEGATIVE

    def show(self, found: dict[str, Any], console: Console) -> None:
        if "added_to_notion" in found:
            added = ", ".join(found["added_to_notion"]) or "none was missing"
            console.print(f"columns made in Notion: {added}")
        table = Table("part", "state", "what was found, and what to do", title="Doctor")
        for part in found["parts"]:
            words = part["detail"] + (f"\n→ {part['fix']}" if part["fix"] else "")
            state = part["state"].replace("_", " ")
            table.add_row(part["part"], state, words, style=STYLES[part["state"]])
        console.print(table)


def add_columns() -> list[str]:
    """Raises Problem."""
    if not notion.is_configured():
        raise Problem(
            "Notion is not set up.", "Set NOTION_INTEGRATION_SECRET and NOTION_DATABASE_ID."
        )
    try:
        return notion.add_missing()
    except ServiceError as error:
        raise Problem(
            str(error), "Mend that and run `manage.py doctor --fix-notion` again."
        ) from None
