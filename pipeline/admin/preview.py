"""A lead file's page: what the check found, what may be said of it, how far its import is."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Count

from pipeline import importing
from pipeline.findings import columns_of, problems_of, some
from pipeline.headers.cell_kinds import with_plain_at
from pipeline.mapping import FIELDS
from pipeline.models import LeadFile, Rejection, Run
from pipeline.models.lead_files import KnownLeads, LeadFileStatus
from pipeline.models.leads import LeadStatus
from pipeline.shown import list_url

DELIMITERS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "pipe",
    "\x1f": "ASCII unit separator",
    "\x01": "Control-A, as Hive has it",
}
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252, Western Europe",
    "cp1250": "Windows-1250, Central Europe",
    "cp1251": "Windows-1251, Cyrillic",
    "cp1253": "Windows-1253, Greek",
    "cp1254": "Windows-1254, Turkish",
    "cp1255": "Windows-1255, Hebrew",
    "cp1256": "Windows-1256, Arabic",
    "cp1257": "Windows-1257, Baltic",
    "iso8859_2": "ISO 8859-2, Central Europe",
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850, Western Europe",
    "cp852": "DOS 852, Central Europe",
    "cp932": "Shift-JIS, Japanese",
    "cp949": "EUC-KR, Korean",
    "big5": "Big5, Chinese",
    "gb18030": "GB 18030, Chinese",
}
MANY = 8  # columns that fill nothing; more are shown on request
KEPT = "keep as it is"


class CheckForm(forms.Form):
    """How a person wants the file read: fields `field-0`, `field-1` … by column."""

    def __init__(self, *args: Any, lead_file: LeadFile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lead_file = lead_file
        self.fields["encoding"] = forms.ChoiceField(
            choices=choices_of(ENCODINGS, lead_file.encoding), required=False
        )
        self.fields["delimiter"] = forms.ChoiceField(
            choices=choices_of(DELIMITERS, lead_file.delimiter), required=False
        )
        fields = [("", KEPT), *((name, name) for name in FIELDS)]
        for n in range(len(lead_file.headers)):
            self.fields[f"field-{n}"] = forms.ChoiceField(choices=fields, required=False)

    def delimiter_changed(self) -> bool:
        return self.cleaned_data["delimiter"] not in {"", self.lead_file.delimiter}

    def chosen(self) -> dict[str, str]:
        """Column → field, as far as people said so by now.

        Who puts a second column to a field and leaves the first there means both.
        """
        if self.delimiter_changed():
            return {}  # said of columns that are none
        posted = {
            n: self.cleaned_data[f"field-{n}"]
            for n in range(len(self.lead_file.headers))
            if f"field-{n}" in self.data
        }
        changed = {n: name for n, name in posted.items() if name != self.lead_file.fields[n]}
        touched = set(changed.values()) - {""}
        said = {str(n): name for n, name in posted.items() if n in changed or name in touched}
        return {**self.lead_file.preview.get("chosen", {}), **said}


class QueueForm(forms.Form):
    """When to import, and what to do with known leads; `press` starts a run at once."""

    known_leads = forms.ChoiceField(choices=KnownLeads.choices, required=False)
    press = forms.UUIDField(required=False)


def check_again(lead_file: LeadFile, form: CheckForm) -> str:
    """Read the stored file as the form says; returns why that cannot be, or ''."""
    from pipeline import checking, lead_files, profiles  # noqa: PLC0415  (pandas)

    chosen = form.chosen()
    text = bool(lead_file.delimiter)  # a workbook has neither
    said = checking.Said(
        columns={f"#{int(n) + 1}": name for n, name in chosen.items()},
        known=profiles.fields_of(lead_file.source),
        encoding=(form.cleaned_data["encoding"] or lead_file.encoding) if text else "",
        delimiter=(form.cleaned_data["delimiter"] or lead_file.delimiter) if text else "",
    )
    try:
        lead_files.check_again(lead_file, said, chosen=chosen)
    except checking.Refused as refusal:
        return str(refusal)
    return ""


def choices_of(known: dict[str, str], current: str) -> list[tuple[str, str]]:
    """The known ones, and the one in use if it is none of them."""
    return list({**known, current: known.get(current, current or "none")}.items())


def file_context(lead_file: LeadFile, *, active: Run | None, now: dt.datetime) -> dict[str, Any]:
    """What the page of a file shows."""
    status = LeadFileStatus(lead_file.status)
    begun = lead_file.records_done > 0
    question = lead_file.preview.get("question", "")
    columns = columns_of(lead_file)
    taken = status == LeadFileStatus.QUEUED and active is not None and lead_file.run_id == active.pk
    undoing = bool(lead_file.undo_by) and status != LeadFileStatus.UNDONE
    return {
        "file": lead_file,
        "question": question,
        "candidates": candidates_of(columns) if question else "",
        "problems": problems_of(lead_file),
        "judged": lead_file.rows > 0,
        "parts": parts_of(lead_file),
        "reasons": reasons_of(lead_file, listed=begun),
        "encoding": ENCODINGS.get(lead_file.encoding, lead_file.encoding),
        "delimiter": DELIMITERS.get(lead_file.delimiter, lead_file.delimiter),
        "encodings": choices_of(ENCODINGS, lead_file.encoding),
        "delimiters": choices_of(DELIMITERS, lead_file.delimiter),
        "columns": columns,
        "folded": 0 if question else folded(columns),
        "fields": FIELDS,
        "kept": KEPT,
        "first": first_rows(lead_file),
        "known_choices": KnownLeads.choices,
        "known_label": KnownLeads(lead_file.known_leads).label,
        "checked": status == LeadFileStatus.CHECKED,
        "may_queue": status in importing.MAY_BE_QUEUED,
        "may_correct": status == LeadFileStatus.CHECKED and not begun,
        "importing": status == LeadFileStatus.IMPORTING,
        "queued": status == LeadFileStatus.QUEUED,
        "taken": taken,  # by the run in progress, which has not begun with it
        "undoing": undoing,
        "moving": taken or undoing or status == LeadFileStatus.IMPORTING,
        "may_undo": status == LeadFileStatus.IMPORTED
        or (begun and status in importing.MAY_BE_QUEUED),
        "stopped": status == LeadFileStatus.CHECKED and begun,
        "stopping": status == LeadFileStatus.IMPORTING and bool(lead_file.stop_by),
        "stalled": importing.is_stalled(lead_file, now=now),
        "leads": leads_of(lead_file) if begun else [],
    }


def folded(columns: list[dict[str, Any]]) -> int:
    """How many columns are not shown at once: those that fill nothing, where they are many."""
    extra = sum(column["is_extra"] and not column["is_unsure"] for column in columns)
    return extra if extra > MANY else 0


def candidates_of(columns: list[dict[str, Any]]) -> str:
    """The columns that may hold the addresses, by name; where none may, those that hold some."""
    holding = [column for column in columns if "@" in with_plain_at("".join(column["samples"]))]
    unsure = [column for column in holding if column["is_unsure"]]
    others = [column for column in holding if not (column["field"] or column["sure"][0])]
    return some([column["header"] for column in unsure or others])


def first_rows(lead_file: LeadFile) -> dict[str, Any]:
    """The first leads as a table: the names of its columns, and its rows of cells."""
    rows = lead_file.preview.get("first", [])
    names = list(dict.fromkeys(name for row in rows for name in row if name != "line"))
    own = [name for name in lead_file.fields if name in names]
    names = list(dict.fromkeys([*own, *names]))
    return {
        "names": names,
        "rows": [(row.get("line", ""), [row.get(name, "") for name in names]) for row in rows],
    }


def parts_of(lead_file: LeadFile) -> list[dict[str, Any]]:
    """What the rows add up from: the sum that the page shows."""
    return [
        {"words": "accepted", "count": lead_file.accepted, "tone": "good"},
        {"words": "twice in the file", "count": lead_file.duplicate_in_file, "tone": "calm"},
        {"words": "invalid", "count": lead_file.invalid, "tone": "bad"},
        {"words": "blank", "count": lead_file.blank, "tone": "idle"},
    ]


def reasons_of(lead_file: LeadFile, *, listed: bool) -> list[dict[str, Any]]:
    """Why rows are invalid, most frequent first: some of them, or the list once it is there."""
    counts = {**lead_file.reasons, **(found_at_import(lead_file) if listed else {})}
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    examples = lead_file.preview.get("examples", {})
    return [
        {
            "code": code,
            "count": count,
            "url": list_url(Rejection, file=lead_file.pk, reason=code) if listed else "",
            "examples": []
            if listed
            else [in_order(lead_file, row) for row in examples.get(code, [])],
        }
        for code, count in ordered
    ]


def found_at_import(lead_file: LeadFile) -> dict[str, int]:
    """What no check can know: code → how many."""
    count = lead_file.rejections.filter(code="no_mx").count()
    return {"no_mx": count} if count else {}


def in_order(lead_file: LeadFile, row: dict[str, Any]) -> dict[str, Any]:
    """An example whose cells stand as in the file, which JSON in PostgreSQL does not keep."""
    headers = [name for name in lead_file.headers if name in row["cells"]]
    names = dict.fromkeys([*headers, *sorted(row["cells"])])
    return {**row, "cells": {name: row["cells"][name] for name in names}}


def leads_of(lead_file: LeadFile) -> list[tuple[LeadStatus, int]]:
    """Where the file's leads are now: status → how many."""
    rows = lead_file.leads.order_by().values_list("status").annotate(count=Count("pk"))
    counts = dict(rows)
    return [(status, counts[status]) for status in LeadStatus if counts.get(status)]
