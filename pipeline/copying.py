"""Rows into PostgreSQL by COPY: a million of them without an object each."""

from __future__ import annotations

import os
import socket

from django.db import connection

from pipeline.stock import Ints

ROWS_AT_ONCE = 50_000
_ROOM = 4 << 20  # bytes, or what the system allows


def copy_numbers(table: str, *columns: Ints) -> None:
    """Append rows of whole numbers, a column each; `table` names the table and its columns."""
    from pipeline.arrow import number_lines  # noqa: PLC0415  (70 MB that who writes drafts spares)

    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for start in range(0, len(columns[0]), ROWS_AT_ONCE):
            copy.write(number_lines(*(part[start : start + ROWS_AT_ONCE] for part in columns)))


def send_ahead() -> None:
    """Let more bytes lie ready for PostgreSQL on this machine than the system's 200 KB.

    They last it two milliseconds; the thread that brings more may wait five for its turn while
    another computes. TCP finds its own size.
    """
    connection.ensure_connection()
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as pipe:
        if pipe.family == socket.AF_UNIX:
            pipe.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
