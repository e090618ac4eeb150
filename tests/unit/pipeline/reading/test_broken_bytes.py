from __future__ import annotations

import pytest

from pipeline.reading.broken_bytes import MENDED


class TestMended:
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            pytest.param("Zoë Müller".encode("cp1252"), "Zoë Müller", id="of Windows"),
            pytest.param(
                "Zoë,".encode() + "José,Nuñez".encode("cp1252"), "Zoë,José,Nuñez", id="both"
            ),
            pytest.param(
                "O\u2019Hara \u2013 Größe".encode("cp1252"),
                "O\u2019Hara \u2013 Größe",
                id="side by side",
            ),
            pytest.param(b"JO\xc3O", "JOÃO", id="what opens a letter elsewhere"),
        ],
    )
    def test_reads_a_letter_of_windows_in_utf8(self, content, text):
        assert content.decode("utf-8", MENDED) == text

    @pytest.mark.parametrize(
        ("content", "encoding", "text"),
        [
            pytest.param(b"Zo\xc3,1", "utf-8", "Zo\ufffd,1", id="half a letter"),
            pytest.param(b"5 \xe2\x82,1", "utf-8", "5 \ufffd,1", id="two thirds of one"),
            pytest.param(b"Zo\x81", "cp1252", "Zo\ufffd", id="none that Windows has"),
            pytest.param(b"Z\x00o", "utf-16-le", "Z\ufffd", id="half of UTF-16"),
        ],
    )
    def test_puts_a_sign_where_no_letter_is(self, content, encoding, text):
        assert content.decode(encoding, MENDED) == text

    def test_leaves_what_cannot_be_written_to_others(self):
        with pytest.raises(UnicodeEncodeError):
            "Zoë".encode("ascii", MENDED)
