"""A person's whole story, and why each client did or did not get them (contract.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline import explaining, services
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem
from pipeline.models import Run
from pipeline.reasons import in_words

MOST = 2**63 - 1  # as large as an id can be


class Command(OperatorCommand):
    help = "Where is this person, and why? With what each client of a run said."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the address, under any spelling")
        parser.add_argument("--run", type=int, help="by default the latest that allocated leads")

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if not options["email"].strip():
            raise Problem("No address was given.", "Such as: manage.py explain ann@acme.example")
        services.check_suppression_key()
        run = None if options["run"] is None else find_run(options["run"])
        found = explaining.story(options["email"], run=run)
        return found.as_json(), EXIT_DONE if found.found else EXIT_NEGATIVE

    def show(self, found: dict[str, Any], console: Console) -> None:
        if not found["found"]:
            console.print(f"Nothing is known of {found['email']}.")
            return
        console.print(story_table(found))
        if found["clients"]:
            console.print(client_table(found))
        if found["note"]:
            console.print(found["note"])


def find_run(pk: int) -> Run:
    run = Run.objects.filter(pk=pk).order_by("pk").first() if 0 < pk <= MOST else None
    if run is None:
        raise Problem(f"There is no run {pk}.", "The desk lists them under Runs.")
    return run


def story_table(found: dict[str, Any]) -> Table:
    """What happened, one line each."""
    table = Table("what", "when", "how", title=found["email"])
    for lead in found["leads"]:
        twin = f", twin of lead {lead['twin_of']}" if lead["twin_of"] else ""
        why = f": {in_words(lead['reason'])}" if lead["reason"] else ""
        where = f"{lead['file']}, row {lead['row']}"
        table.add_row(
            f"lead {lead['id']}", lead["imported_at"], f"{where}; {lead['status']}{why}{twin}"
        )
    for row in found["rejections"]:
        table.add_row("refused", "-", f"{row['file']}, row {row['row']}: {in_words(row['code'])}")
    for row in found["drafts"]:
        table.add_row("draft", row["at"], f"for {row['client']}, by {row['source']}")
    for row in found["deliveries"]:
        table.add_row(
            "delivery", row["at"], f"to {row['client']} in run {row['run']}: {row['status']}"
        )
    for row in found["suppressed"]:
        table.add_row("suppressed", row["at"], row["scope"])
    return table


def client_table(found: dict[str, Any]) -> Table:
    """What each client of the run said."""
    table = Table("client", "taken", "rule", "detail", title=f"Run {found['run']}, by client")
    for row in found["clients"]:
        table.add_row(
            row["client"], "yes" if row["taken"] else "no", row["rule"] or "-", row["detail"]
        )
    return table
