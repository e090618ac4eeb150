"""Watching a run from a terminal, with one progress bar per stage."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline import report
from pipeline.models import Run
from pipeline.reasons import of_a_client
from pipeline.states import RunStatus, Stage

LOOK_EVERY = 0.2  # seconds


def follow(run: Run, console: Console, *, idle: Callable[[], None] = lambda: None) -> Run:
    """Return the run once it has ended; `idle` is called at each look and may raise to stop."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {stage: bars.add_task(stage.lower(), total=None, start=False) for stage in Stage}
        while True:
            run.refresh_from_db()
            started = set(run.stage_runs.values_list("stage", flat=True))
            for stage, (done, planned) in report.progress(run).items():
                if stage in started:
                    bars.start_task(tasks[Stage(stage)])
                    bars.update(tasks[Stage(stage)], completed=done, total=max(planned, done))
            if run.status != RunStatus.RUNNING:
                return run
            idle()
            time.sleep(LOOK_EVERY)


def stage_table(found: dict[str, object]) -> Table:
    """The stages of a run object (`report.run_object`) as a table."""
    table = Table("stage", "status", "seen", "kept", "dropped", "seconds", title="Stages")
    for stage in found["stages"]:  # type: ignore[attr-defined]  # JSON
        dropped = ", ".join(f"{code} {n}" for code, n in sorted(stage["dropped"].items()))
        table.add_row(
            stage["stage"],
            stage["status"],
            str(stage["seen"]),
            str(stage["kept"]),
            dropped or "-",
            f"{stage['seconds']:.2f}",
        )
    return table


def delivery_table(found: dict[str, object]) -> Table:
    """The deliveries of a run object as a table."""
    table = Table("client", "leads", "status", "file", title="Delivered files")
    for delivery in found["deliveries"]:  # type: ignore[attr-defined]  # JSON
        table.add_row(
            delivery["client"], str(delivery["leads"]), delivery["status"], delivery["file"] or "-"
        )
    return table


def client_table(found: dict[str, object]) -> Table:
    """What each client of a simulated run would get."""
    table = Table("client", "leads", "short of", "why no more", title="Who would get how many")
    for row in found["clients"]:  # type: ignore[attr-defined]  # JSON
        table.add_row(
            row["client"], str(row["placed"]), str(row["shortfall"]), of_a_client(row["reason"])
        )
    return table
