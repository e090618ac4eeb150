"""What a lead file comes packed in: nothing, gzip, a ZIP archive, an Excel workbook. Pure.

Unpacked as it is read, never to a disk or whole into the memory, and not without end: a few
kilobytes may unpack to terabytes.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from pipeline.reading import file_kinds
from pipeline.reading.file_kinds import NotALeadFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20  # bytes read at once: each time other threads may compute, and be waited for
_DIRECTORY = 4 << 20  # bytes of a ZIP archive's list of contents: some 50,000 names
_UNSUSPECTED = 100 << 20  # bytes that may come out of however few
_RATIO = 200  # text shrinks to a 50th at the very most
# What holds a table, or may; a table is not to be read without the others.
_TABLES = frozenset(
    {".csv", ".tsv", ".tab", ".xlsx", ".xls", ".xlsb", ".ods", ".numbers", ".gz", ".zip"}
)
_SHOWN = 5  # names in a message

# What gzip and zipfile raise where the bytes are not what they say.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    OSError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Opened:
    """`content` are the bytes of the table itself: of a workbook those of its archive."""

    container: str  # '', 'gzip', 'zip' or 'xlsx'
    content: IO[bytes]


def opened(stream: IO[bytes], *, size: int) -> Opened:
    """Look into what the stream holds; the stream itself is never closed.

    At most `size` bytes may come out of a container. Raises NotALeadFile, also while `content`
    is read.
    """
    stream.seek(0)
    start = stream.read(len(file_kinds.ZIP))
    stream.seek(0)
    if start.startswith(file_kinds.GZIP):
        return Opened(container="gzip", content=_gzip(stream, size))
    if start.startswith(file_kinds.ZIP):
        return _zip(stream, size)
    return Opened(container="", content=io.BufferedReader(_Borrowed(stream), _BLOCK))


def _gzip(stream: IO[bytes], size: int) -> IO[bytes]:
    packed = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    source = gzip.GzipFile(fileobj=io.BufferedReader(_Borrowed(stream), _BLOCK))
    return _unpacked(source, packed=packed, size=size, kind="gzip")


def _zip(stream: IO[bytes], size: int) -> Opened:
    source = _Archive(_Borrowed(stream), _BLOCK)
    try:
        archive = zipfile.ZipFile(source)
    except DAMAGED as problem:
        raise _damaged("Excel workbook or ZIP") from problem
    names = archive.namelist()
    if "xl/workbook.xml" in names:
        _check_sizes(archive, size)
        source.seek(0)
        return Opened(container="xlsx", content=source)
    if kind := file_kinds.in_zip(names):
        raise file_kinds.not_this(kind)
    member = _only_table(archive)
    try:
        content = archive.open(member)
    except DAMAGED as problem:
        raise _damaged("ZIP") from problem
    packed = member.compress_size
    return Opened(container="zip", content=_unpacked(content, packed=packed, size=size, kind="ZIP"))


def _only_table(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not _is_dross(member)]
    tables = [m for m in members if PurePosixPath(m.filename).suffix.lower() in _TABLES]
    if len(tables or members) != 1:
        raise NotALeadFile(_not_one(tables or members))
    (member,) = tables or members
    if member.flag_bits & 1:
        raise NotALeadFile(
            f"{member.filename[:80]} in the ZIP archive is locked with a password: upload the"
            " CSV file itself."
        )
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise NotALeadFile(
            f"{member.filename[:80]} in the ZIP archive is packed in an unusual way: upload the"
            " CSV file itself."
        )
    return member


def _not_one(members: list[zipfile.ZipInfo]) -> str:
    if not members:
        return "The ZIP archive holds no file; one CSV file is needed."
    shown = ", ".join(member.filename[:80] for member in members[:_SHOWN])
    more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    return f"The ZIP archive must hold one CSV file, and holds {shown}{more}: upload one by one."


def _is_dross(member: zipfile.ZipInfo) -> bool:
    """Folders, what macOS and Windows add, and what a damaged archive has no name for."""
    path = PurePosixPath(member.filename)
    return (
        not path.name
        or member.is_dir()
        or path.parts[:1] == ("__MACOSX",)
        or path.name.startswith(".")
        or path.name in {"Thumbs.db", "desktop.ini"}
    )


def _check_sizes(archive: zipfile.ZipFile, size: int) -> None:
    """A workbook is read by a library; zipfile hands out no more than is declared here."""
    unpacked = sum(member.file_size for member in archive.infolist())
    packed = sum(member.compress_size for member in archive.infolist())
    _check_size(unpacked, packed, size)


def _check_size(unpacked: int, packed: int, size: int) -> None:
    if unpacked > size:
        raise NotALeadFile(
            f"The file unpacks to more than {size // 1_000_000} MB; split it into several."
        )
    if unpacked > max(_UNSUSPECTED, _RATIO * packed):
        raise NotALeadFile(
            f"The file unpacks to more than {_RATIO} times its size, which no list of leads"
            " does: upload the CSV file itself."
        )


def _damaged(kind: str) -> NotALeadFile:
    return NotALeadFile(
        f"The {kind} archive is damaged or was not uploaded whole: pack or export it once more."
    )


def _unpacked(
    source: io.BufferedIOBase | IO[bytes], *, packed: int, size: int, kind: str
) -> IO[bytes]:
    content = io.BufferedReader(_Unpacking(source, packed=packed, size=size, kind=kind), _BLOCK)
    start = content.peek(len(file_kinds.ZIP))
    if start.startswith((file_kinds.GZIP, file_kinds.ZIP)):
        raise NotALeadFile(
            f"The {kind} archive holds a further archive or a workbook: unpack it first."
        )
    return content


class _Borrowed(io.RawIOBase):
    """Lets what reads a stream end without closing it: it is its owner's."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        block = self._stream.read(len(view))
        view[: len(block)] = block
        return len(block)


class _Archive(io.BufferedReader):
    """zipfile reads an archive's list of contents at once, and makes an object of each name."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _DIRECTORY:
            raise zipfile.BadZipFile
        return super().read(size)


class _Unpacking(io.RawIOBase):
    """What comes out of a container, counted."""

    def __init__(
        self, source: io.BufferedIOBase | IO[bytes], *, packed: int, size: int, kind: str
    ) -> None:
        self._source, self._packed, self._size, self._kind = source, packed, size, kind
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        try:
            block = self._source.read(len(view))
        except DAMAGED as problem:
            raise _damaged(self._kind) from problem
        self._count += len(block)
        _check_size(self._count, self._packed, self._size)
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        with suppress(*DAMAGED):
            self._source.close()
        super().close()
