"""Rows into PostgreSQL by COPY: a million of them without an object each."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import numpy as np
from django.db import connection
from psycopg import sql

from pipeline.stock import Ints

if TYPE_CHECKING:
    from pipeline.judged_rows import Rows

ROWS_AT_ONCE = 50_000
_ROOM = 4 << 20  # bytes, or what the system allows


def copy_numbers(table: str, *columns: Ints) -> None:
    """Append rows of whole numbers, a column each; `table` names the table and its columns."""
    from pipeline.arrow import bytes_of, number_lines  # noqa: PLC0415  (70 MB that who writes drafts spares)

    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for start in range(0, len(columns[0]), ROWS_AT_ONCE):
            parts = (column[start : start + ROWS_AT_ONCE] for column in columns)
            copy.write(bytes_of(number_lines(*parts)))


def copy_rows(rows: Rows) -> None:
    """Append rows of any kind, each to its table."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
    with connection.cursor() as cursor:
        ids = _next_ids(rows.ids, len(rows.lines)) if rows.ids else None
        for table, lines in rows.by_table(ids):
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with cursor.copy(statement) as copy:
                copy.write(lines)


def _next_ids(sequence: str, count: int) -> Ints:
    with connection.cursor() as cursor:
        cursor.execute(  # as one text: a row each takes ten times as long
            "SELECT string_agg(nextval(%s::regclass)::text, ',') FROM generate_series(1, %s)",
            [sequence, count],
        )
        (numbers,) = cursor.fetchone() or ("",)
        return np.fromstring(numbers or "", np.int64, sep=",")


def send_ahead() -> None:
    """Let more bytes lie ready for PostgreSQL on this machine than the system's 200 KB.

    They last it two milliseconds; the thread that brings more may wait five for its turn while
    another computes. TCP finds its own size.
    """
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as pipe:
        if pipe.family == socket.AF_UNIX:
            pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
