from __future__ import annotations

import io

import pytest

from pipeline.leadfile import NotALeadFile, inspect

FIXED = (
    "Name        Email               City\n"
    "Ann Lee     ann@acme.com        Bonn\n"
    "Bob Ray     bob@bolt.com        Cork\n"
)


class TestText:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(
                "ann@acme.com, bob@bolt.com, cid@cork.com\n", "each on a line", id="commas"
            ),
            pytest.param("ann@acme.com bob@bolt.com cid@cork.com\n", "each on a line", id="blanks"),
            pytest.param(
                "Ann <ann@acme.com>; Bob <bob@bolt.com>; Cid <cid@cork.com>\n",
                "each on a line",
                id="of a mail program",
            ),
            pytest.param(
                "a@acme.com;b@acme.com;c@acme.com\nd@acme.com;e@acme.com;f@acme.com\n",
                "each on a line",
                id="several lines",
            ),
            pytest.param(FIXED, "divided by blanks", id="fixed width"),
            pytest.param(
                "Ann   Lee   ann@acme.com\nBob   Ray   bob@bolt.com\n",
                "divided by blanks",
                id="fixed width without a header",
            ),
        ],
    )
    def test_that_is_no_table_is_refused_with_what_to_do(self, content, sentence):
        with pytest.raises(NotALeadFile, match=sentence):
            inspect(io.BytesIO(content.encode()))

    @pytest.mark.parametrize(
        ("content", "width"),
        [
            pytest.param("ann@acme.com,ann@home.de\n", 2, id="one lead with two addresses"),
            pytest.param("Ann,ann@acme.com,a@acme.com,a@home.de\n", 4, id="one lead with a name"),
            pytest.param("email,second,third\na@x.de,b@x.de,c@x.de\n", 3, id="a header"),
            pytest.param("Ann  Lee <ann@acme.com>\nBob <bob@bolt.com>\n", 1, id="a slip"),
            pytest.param("email\nann@acme.com; bob@bolt.com; c@x.de\n", 1, id="a cell of several"),
        ],
    )
    def test_is_a_table_otherwise(self, content, width):
        assert len(inspect(io.BytesIO(content.encode())).headers) == width
