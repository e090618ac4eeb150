"""Check lead files and queue them for the next run (contract.md)."""

from __future__ import annotations

import contextlib
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from leadgen.integrations.errors import ServiceError
from pipeline import checking, findings, lead_files, profiles, services
from pipeline.checking import Said, Told
from pipeline.management.operator import (
    EXIT_BAD_INPUT,
    EXIT_DONE,
    OperatorCommand,
    Problem,
    operator_name,
)
from pipeline.models import LeadFile

_WORTH_A_BAR = 5_000_000  # bytes


class Command(OperatorCommand):
    help = "Check lead files, and queue those that can be read for the next run."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--source", default="", help="where the files come from, e.g. Apollo")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="HEADER=FIELD",
            help="say what a column is; HEADER= for none of our fields",
        )
        parser.add_argument("--dry-run", action="store_true", help="only check; write nothing")
        parser.add_argument(
            "--again", action="store_true", help="take a file even if its bytes were here before"
        )

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        services.check_suppression_key()
        longest = LeadFile._meta.get_field("source").max_length or 0  # noqa: SLF001
        if len(options["source"]) > longest:
            raise Problem("--source is too long.", f"Name it in at most {longest} characters.")
        overrides = dict(parse_override(text) for text in options["map"])
        found = [self._take(Path(name), overrides, options) for name in options["files"]]
        refused = any("error" in one for one in found)
        return {"files": found}, EXIT_BAD_INPUT if refused else EXIT_DONE

    def _take(
        self, path: Path, overrides: dict[str, str], options: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            with open_file(path) as stream, progress(path, stream) as told:
                found = self._taken_in(stream, path.name, overrides, options, told)
        except checking.Refused as refusal:
            return {"file": str(path), "error": str(refusal)}
        except OSError as error:
            reason = error.strerror or error
            return {"file": str(path), "error": f"{path.name} cannot be read: {reason}."}
        return {**found, "file": str(path)}

    def _taken_in(
        self,
        stream: IO[bytes],
        name: str,
        overrides: dict[str, str],
        options: dict[str, Any],
        told: Told,
    ) -> dict[str, Any]:
        source = options["source"]
        if options["dry_run"]:
            said = Said(columns=overrides, known=profiles.fields_of(source))
            checked = checking.sure(checking.check(stream, said=said, told=told))
            self._warn(LeadFile(name=name, **checked.as_columns()))
            return {"file": name, "id": None, **checking.check_object(checked)}
        lead_file = lead_files.take_in(
            stream,
            name=name,
            source=source,
            overrides=overrides,
            uploaded_by=operator_name(),
            insisted=options["again"],
            told=told,
        )
        self._warn(lead_file)
        return lead_files.file_object(lead_file, rejects=self._rejects(lead_file))

    def _warn(self, lead_file: LeadFile) -> None:
        """Say on stderr what the desk would say on the file's page."""
        for tone, sentence in findings.problems_of(lead_file):
            if tone == "warn":
                self.stderr.write(f"{lead_file.name}: {sentence}")
        if lead_file.preview["unsure"]:
            self.stderr.write("To say what a column is, add --map 'HEADER=FIELD'.")

    def _rejects(self, lead_file: LeadFile) -> str | None:
        """The file is queued by now: what goes wrong here is said, and undoes nothing."""
        try:
            return lead_files.write_rejects(lead_file)
        except (OSError, ServiceError) as error:
            self.stderr.write(
                f"{lead_file.name} is queued; its rejects.csv could not be written, and can be had"
                f" at the desk: {getattr(error, 'strerror', None) or error}"
            )
            return None

    def show(self, found: dict[str, Any], console: Console) -> None:
        table = Table("file", "rows", "accepted", "twice in file", "invalid", "blank", "why")
        for one in found["files"]:
            if "error" in one:
                console.print(f"{one['file']}: {one['error']}", style="red")
                continue
            why = ", ".join(f"{code} {n}" for code, n in sorted(one["reasons"].items()))
            counts = (one["rows"], one["accepted"], one["duplicate_in_file"], one["invalid"])
            table.add_row(one["file"], *map(str, (*counts, one["blank"])), why or "-")
        if table.rows:
            console.print(table)
        for one in found["files"]:
            if one.get("rejects"):
                console.print(f"rows to mend: {one['rejects']}", highlight=False)


@contextlib.contextmanager
def progress(path: Path, stream: IO[bytes]) -> Iterator[Told]:
    """A bar on stderr while a large file is read; what it yields is told the bytes read."""
    size = stream.seek(0, 2)
    if size < _WORTH_A_BAR:
        yield lambda _read: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(path.name, total=size)
        yield lambda read: bars.update(task, completed=read)


def open_file(path: Path) -> IO[bytes]:
    """Raises checking.Refused where there is no such file, or none that we may read."""
    try:
        if path.is_fifo() or (path.is_char_device() and not path.samefile(os.devnull)):
            raise checking.Refused(f"{path} cannot be read twice, as a file must: save it first.")
        return path.open("rb")
    except OSError as error:
        raise checking.Refused(f"{path} cannot be read: {error.strerror}.") from None


def parse_override(text: str) -> tuple[str, str]:
    """'Mail=email' → ('Mail', 'email'); 'Mail=' and 'Mail=-' → ('Mail', ''). Raises Problem."""
    header, found, name = text.rpartition("=")
    if not (found and header):
        raise Problem(f"--map {text!r} is not HEADER=FIELD.", "Write it like --map 'Mail=email'.")
    return header, "" if name == "-" else name
