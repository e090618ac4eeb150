"""`make demo`: one night of an invented agency, on real workers, in a database of its own."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.core.management import call_command
from rich.console import Console

from leadgen.supervisor import Supervisor
from pipeline import audit, clock, demo, following, lead_files, report, samples, services, starting
from pipeline.management.commands.services import start_both
from pipeline.management.operator import (
    EXIT_DONE,
    EXIT_NEGATIVE,
    OperatorCommand,
    Problem,
    operator_name,
)
from pipeline.models import LeadFile, Run

WORKERS = 2
STARTING_TAKES = 60  # seconds at most
SHOWN_VERSIONS = ("django", "celery", "psycopg", "redis", "pandas", "pyarrow")


class Command(OperatorCommand):
    help = "Show a whole night on invented leads: no accounts, no keys, nothing outside var/demo."

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        restart_as_demo()
        began = time.monotonic()
        self._prepare()
        lead_file = self._load()
        with Supervisor(
            commands(), env=dict(os.environ), log=settings.HOME_DIR / "demo.log"
        ) as crew:
            wait_for_workers(crew)
            self.console.print(f"workers: {', '.join(services.live_workers())}")
            run = starting.start_now(now=clock.database_now(), started_by=operator_name())
            following.follow(run, self.console, idle=crew.watch_once)
        found = self._found(run, lead_file, seconds=round(time.monotonic() - began, 1))
        good = found["status"] == "DONE" and found["audit"]["ok"]
        return found, EXIT_DONE if good else EXIT_NEGATIVE

    def _prepare(self) -> None:
        self.console.print("starting PostgreSQL and Valkey …")
        start_both()
        try:
            demo.make_database()
        except demo.NoDatabase as problem:
            raise Problem(f"The demo's own database cannot be made: {problem}.") from None
        shutil.rmtree(settings.HOME_DIR, ignore_errors=True)
        settings.HOME_DIR.mkdir(parents=True)
        demo.forget_messages()
        call_command("migrate", verbosity=0)
        clients = demo.make_clients(clock.database_now().date())
        self.console.print(f"{len(clients)} invented clients on 3 plans")

    def _load(self) -> LeadFile:
        path = settings.HOME_DIR / "apollo-export.csv"
        samples.write_leads(path)
        with path.open("rb") as stream:
            lead_file = lead_files.take_in(
                stream, name=path.name, source="Apollo", uploaded_by=operator_name()
            )
        self.console.print(
            f"{lead_file.name}: {lead_file.rows} rows, {lead_file.accepted} accepted,"
            f" {lead_file.duplicate_in_file} twice in the file, {lead_file.invalid} invalid,"
            f" {lead_file.blank} blank"
        )
        return lead_file

    def _found(self, run: Run, lead_file: LeadFile, *, seconds: float) -> dict[str, Any]:
        lead_file.refresh_from_db()
        rejects = lead_files.write_rejects(lead_file)
        found = {
            **report.run_object(run),
            "files": [lead_files.file_object(lead_file, rejects=rejects)],
            "audit": audit.run(deep=True),
            "versions": {name: version(name) for name in SHOWN_VERSIONS},
            "seconds": seconds,
        }
        (settings.HOME_DIR / "report.json").write_text(json.dumps(found, indent=2) + "\n")
        return found

    def show(self, found: dict[str, Any], console: Console) -> None:
        console.print(following.stage_table(found))
        console.print(following.delivery_table(found))
        broken = [check["name"] for check in found["audit"]["checks"] if check["violations"]]
        held = "every check holds" if found["audit"]["ok"] else f"broken: {', '.join(broken)}"
        files = settings.MEDIA_ROOT.relative_to(settings.BASE_DIR)
        mails = settings.EMAIL_FILE_PATH.relative_to(settings.BASE_DIR)
        console.print(
            f"run {found['run']} {found['status']} in {found['seconds']} s; audit: {held}"
        )
        console.print(f"files: {files}/   mails: {mails}/   desk: make up DEMO=1")
        console.print("report: var/demo/report.json", highlight=False)


def restart_as_demo() -> None:
    """Settings are read once, so a process that was not started as the demo starts over."""
    if not settings.DEMO:
        os.environ["DEMO"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])  # noqa: S606  (our own command line)


def commands() -> dict[str, list[str]]:
    """The demo's crew: real workers, and beat for the tick."""
    celery = [sys.executable, "-m", "celery", "-A", "leadgen"]
    queues = ",".join(queue.name for queue in settings.CELERY_TASK_QUEUES)
    worker = [*celery, "worker", "-Q", queues, "-c", "1", "--without-gossip", "--without-mingle"]
    crew = {f"worker{n}": [*worker, "-n", f"demo{n}@%h"] for n in range(1, WORKERS + 1)}
    return {**crew, "beat": [*celery, "beat"]}


def wait_for_workers(crew: Supervisor) -> None:
    deadline = time.monotonic() + STARTING_TAKES
    while len(services.live_workers()) < WORKERS:
        if time.monotonic() > deadline:
            raise Problem("The workers did not start.", "Read var/demo/demo.log.")
        crew.watch_once()
        time.sleep(0.1)
