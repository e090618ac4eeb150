"""Enter deliveries in Notion that are not there: made before it was set up, or refused by it."""

from __future__ import annotations

import contextlib
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import track

from deliveries.models import Delivery, DeliveryStatus
from leadgen.integrations import notion
from leadgen.integrations.errors import PermanentError, ServiceError
from pipeline import logbook, retrying, runs, slots, tasks
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem


class Command(OperatorCommand):
    help = "Enter in Notion the deliveries that are not there. Safe to repeat."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--again", action="store_true", help="also write the rows anew that are there"
        )

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if not notion.is_configured():
            raise Problem(
                "Notion is not set up.", "Set NOTION_INTEGRATION_SECRET and NOTION_DATABASE_ID."
            )
        with slots.slot("log_deliveries", of=1) as free:
            if not free:
                raise Problem(
                    "Somebody is entering deliveries in Notion just now.",
                    "Run it again once that has ended.",
                )
            return self._entered(options)

    def _entered(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        retried = retry_failed()
        rewritten = list(logbook.entered()) if options["again"] else []
        entered = self._enter(list(logbook.not_entered()))
        again = self._enter(rewritten, again=True)
        missing = logbook.not_entered().count()
        found = {"entered": entered, "again": again, "retried": retried, "missing": missing}
        return found, EXIT_NEGATIVE if missing else EXIT_DONE

    def show(self, found: dict[str, Any], console: Console) -> None:
        console.print(
            f"{found['entered']} entered, {found['again']} written again, {found['missing']} missing;"
            f" {found['retried']} that had failed are with the workers"
        )

    def _enter(self, deliveries: list[Delivery], *, again: bool = False) -> int:
        """Raises Problem where Notion is away or refuses us; one bad row stops no other."""
        done = 0
        for delivery in self._shown(deliveries):
            try:
                logbook.enter(delivery, again=again)
            except ServiceError as error:
                if type(error) is not PermanentError:  # an outage, or a setting to mend
                    raise Problem(str(error), f"{done} were entered; run it again later.") from None
                self.console.print(f"delivery {delivery.pk}: {error}")
            else:
                done += 1
        return done

    def _shown(self, deliveries: list[Delivery]) -> Iterable[Delivery]:
        return track(deliveries, description="Notion", console=self.console, disable=not deliveries)


def retry_failed() -> int:
    """Hand deliveries whose entry was refused to the workers again; returns how many."""
    refused = Delivery.objects.filter(status=DeliveryStatus.FAILED, notified_at__isnull=False)
    rows = list(refused)
    for delivery in rows:
        with contextlib.suppress(runs.NotPossible):  # its workers have taken it up meanwhile
            retrying.try_again(delivery.pk)
    if rows:
        tasks.publish()
    return len(rows)
