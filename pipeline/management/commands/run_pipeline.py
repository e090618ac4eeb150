"""Start a run, and follow it with --wait (contract.md)."""

from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from typing import Any

from rich.console import Console

from pipeline import clock, following, report, runs, services, simulating, starting
from pipeline.management.operator import (
    EXIT_ACTIVE,
    EXIT_DONE,
    EXIT_NEGATIVE,
    OperatorCommand,
    Problem,
    operator_name,
)
from pipeline.models import Run
from pipeline.states import RunStatus


class Command(OperatorCommand):
    help = "Take the waiting leads through all seven stages. Needs running workers."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", action="store_true", help="follow the run until it ends")
        parser.add_argument("--date", help="act as of NIGHTLY_AT of that day (YYYY-MM-DD)")
        parser.add_argument(
            "--simulate",
            action="store_true",
            help="say what the run would do, and write nothing; needs no worker",
        )

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        day = None if options["date"] is None else parse_date(options["date"])
        if options["simulate"]:
            return self._simulate(day)
        need_a_worker()
        try:
            run = self._start(day)
        except runs.RunIsActive as active:
            self.console.print(str(active))
            return report.run_object(active.run), EXIT_ACTIVE
        if options["wait"]:
            run = following.follow(run, self.console, idle=need_a_worker)
        failed = run.status in {RunStatus.FAILED, RunStatus.CANCELLED}
        return report.run_object(run), EXIT_NEGATIVE if failed else EXIT_DONE

    def _simulate(self, day: dt.date | None) -> tuple[dict[str, Any], int]:
        now = clock.database_now()
        try:
            as_of = now if day is None else moment_of(day, now)
            found = simulating.simulate(
                as_of=as_of,
                local_date=day or starting.local_date(now),
                started_by=operator_name(),
            )
        except runs.RunIsActive as active:
            self.console.print(str(active))
            return report.run_object(active.run), EXIT_ACTIVE
        failed = found["status"] == RunStatus.FAILED
        return found, EXIT_NEGATIVE if failed else EXIT_DONE

    def _start(self, day: dt.date | None) -> Run:
        now, started_by = clock.database_now(), operator_name()
        if day is None:
            return starting.start_now(now=now, started_by=started_by)
        moment_of(day, now)
        return starting.start_as_of(day, now=now, started_by=started_by)

    def show(self, found: dict[str, Any], console: Console) -> None:
        console.print(following.stage_table(found))
        if found.get("simulated"):
            console.print(following.client_table(found))
            console.print(f"simulated: nothing was written {found['error']}".rstrip())
            return
        console.print(following.delivery_table(found))
        console.print(f"run {found['run']}: {found['status']} {found['error']}".rstrip())


def parse_date(text: str) -> dt.date:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        raise Problem(f"{text!r} is no date.", "Write it like 2026-11-24.") from None


def moment_of(day: dt.date, now: dt.datetime) -> dt.datetime:
    """NIGHTLY_AT of a day that can be run."""
    try:
        return starting.moment_of(day, now=now)
    except starting.BadDate as bad:
        raise Problem(
            str(bad), "Give a day from the latest run's on whose NIGHTLY_AT lies behind us."
        ) from None


def need_a_worker() -> None:
    """No stage is ever executed in this process, so somebody else must be there to work."""
    if not services.live_workers():
        raise Problem(
            "No worker is running.",
            "Start one with `make up`, or `celery -A leadgen worker`.",
        )
