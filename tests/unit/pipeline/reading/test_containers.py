from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from pipeline.reading import containers
from pipeline.reading.containers import opened
from pipeline.reading.file_kinds import NotALeadFile

PLAIN = b"name,email\nAnn,ann@acme.com\n"
SIZE = 1 << 20


def zipped(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return archive.getvalue()


def content_of(content, size=SIZE):
    found = opened(io.BytesIO(content), size=size)
    return found.container, found.content.read()


class TestOpened:
    @pytest.mark.parametrize(
        ("content", "container"),
        [
            pytest.param(PLAIN, "", id="plain"),
            pytest.param(gzip.compress(PLAIN), "gzip", id="gzip"),
            pytest.param(gzip.compress(PLAIN[:9]) + gzip.compress(PLAIN[9:]), "gzip", id="members"),
            pytest.param(zipped({"leads.csv": PLAIN}), "zip", id="zip"),
            pytest.param(zipped({"export": PLAIN}), "zip", id="file without an extension"),
            pytest.param(
                zipped(
                    {
                        "a/": b"",
                        "a/leads.CSV": PLAIN,
                        "__MACOSX/a/._leads.csv": b"x",
                        "a/.DS_Store": b"x",
                        "a/readme.txt": b"Thank you.",
                    }
                ),
                "zip",
                id="what others add",
            ),
        ],
    )
    def test_hands_out_the_table(self, content, container):
        assert content_of(content) == (container, PLAIN)

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(zipped({"a/": b""}), "holds no file", id="a folder"),
            pytest.param(
                zipped({"a.csv": PLAIN, "b.tsv": PLAIN, "c.txt": b""}),
                r"one CSV file, and holds a\.csv, b\.tsv: upload one by one",
                id="two tables",
            ),
            pytest.param(
                zipped({f"{n}.csv": PLAIN for n in range(8)}), "and 3 more", id="many tables"
            ),
            pytest.param(
                zipped({"a.csv": PLAIN, "b.XLSX": b"PK"}),
                r"one CSV file, and holds a\.csv, b\.XLSX: upload one by one",
                id="a table and a workbook",
            ),
            pytest.param(
                zipped({"a.zip": zipped({"a.csv": PLAIN})}), "a further archive", id="zip"
            ),
            pytest.param(zipped({"a.gz": gzip.compress(PLAIN)}), "a further", id="gzip in zip"),
            pytest.param(gzip.compress(gzip.compress(PLAIN)), "a further", id="gzip in gzip"),
            pytest.param(gzip.compress(zipped({"a.csv": PLAIN})), "a further", id="zip in gzip"),
            pytest.param(zipped({"word/document.xml": b""}), "a Word document", id="docx"),
            pytest.param(zipped({"content.xml": b""}), "an OpenDocument file", id="ods"),
            pytest.param(zipped({"xl/workbook.bin": b""}), r"\(\.xlsb\)", id="xlsb"),
            pytest.param(zipped({"Index.zip": b""}), "a Numbers document", id="old numbers"),
            pytest.param(b"PK\x03\x04rest", "damaged or was not uploaded whole", id="no archive"),
            pytest.param(zipped({"a.csv": PLAIN})[:-9], "damaged", id="cut zip"),
            pytest.param(
                zipped({"a.csv": PLAIN})[:9] + zipped({"a.csv": PLAIN})[14:], "damaged", id="hole"
            ),
            pytest.param(
                zipped({"a.csv": PLAIN}).replace(b"a.csv", b"\x00.csv"), "no file", id="no name"
            ),
            pytest.param(b"\x1f\x8b\x08rest", "damaged", id="no gzip"),
            pytest.param(gzip.compress(PLAIN)[:-9], "damaged", id="cut gzip"),
            pytest.param(gzip.compress(PLAIN) + b"more", "damaged", id="more than gzip"),
        ],
    )
    def test_refuses_the_rest_in_a_sentence(self, content, sentence):
        with pytest.raises(NotALeadFile, match=sentence) as refusal:
            content_of(content)

        assert str(refusal.value).endswith(".")

    def test_refuses_a_locked_archive(self):
        content = bytearray(zipped({"leads.csv": PLAIN}))
        content[content.index(b"PK\x01\x02") + 8] |= 1  # as an archive with a password says it is

        with pytest.raises(NotALeadFile, match=r"leads\.csv .* is locked with a password"):
            content_of(bytes(content))

    def test_refuses_a_changed_archive(self):
        content = bytearray(zipped({"leads.csv": PLAIN * 99}))
        content[45] ^= 255

        with pytest.raises(NotALeadFile, match="damaged"):
            content_of(bytes(content))

    def test_refuses_other_packings(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as target:
            target.writestr("leads.csv", PLAIN)

        with pytest.raises(NotALeadFile, match="packed in an unusual way"):
            content_of(archive.getvalue())

    def test_refuses_a_list_of_contents_without_end(self, monkeypatch):
        monkeypatch.setattr(containers, "_DIRECTORY", 1_000)

        with pytest.raises(NotALeadFile, match="damaged"):
            content_of(zipped({f"{n}.csv": b"" for n in range(99)}))

    def test_leaves_the_stream_open(self):
        stream = io.BytesIO(gzip.compress(PLAIN))

        opened(stream, size=SIZE).content.close()

        assert not stream.closed


class TestBombs:
    @pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"a.csv": content})])
    def test_are_refused_by_their_size(self, pack):
        content = pack(b"x" * 2_000_000)

        with pytest.raises(NotALeadFile, match="unpacks to more than 1 MB"):
            content_of(content)

    @pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped({"a.csv": content})])
    def test_are_refused_by_their_ratio(self, pack, monkeypatch):
        monkeypatch.setattr(containers, "_UNSUSPECTED", 100_000)

        with pytest.raises(NotALeadFile, match="more than 200 times its size"):
            content_of(pack(b"x" * 1_000_000))

    def test_are_suspected_of_large_files_only(self):
        assert len(content_of(gzip.compress(b"x" * 1_000_000))[1]) == 1_000_000

    def test_are_refused_before_they_are_unpacked(self):
        blocks: list[int] = []
        found = opened(io.BytesIO(gzip.compress(b"x" * 50_000_000)), size=SIZE)

        with pytest.raises(NotALeadFile):
            blocks.extend(map(len, iter(lambda: found.content.read(9_999), b"")))

        assert sum(blocks) <= SIZE
