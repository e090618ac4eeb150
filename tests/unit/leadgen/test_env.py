from __future__ import annotations

import datetime as dt

import pytest

from leadgen import env
from leadgen.env import ConfigurationError


class TestText:
    def test_comes_from_the_environment_or_is_the_default(self, monkeypatch):
        monkeypatch.setenv("A_NAME", " value ")

        assert env.text("A_NAME") == "value"
        assert env.text("ANOTHER_NAME", "default") == "default"

    def test_may_come_from_a_mounted_file(self, monkeypatch, tmp_path):
        (tmp_path / "secret").write_text("s3cret\n")
        monkeypatch.setenv("A_NAME_FILE", str(tmp_path / "secret"))

        assert env.text("A_NAME") == "s3cret"

    def test_an_unreadable_file_stops_the_start(self, monkeypatch, tmp_path):
        monkeypatch.setenv("A_NAME_FILE", str(tmp_path / "missing"))

        with pytest.raises(ConfigurationError, match="A_NAME_FILE cannot be read"):
            env.text("A_NAME")


class TestTypes:
    @pytest.mark.parametrize(
        ("read", "value", "found"),
        [
            pytest.param(lambda: env.integer("X", 1, at_least=1), "7", 7, id="integer"),
            pytest.param(lambda: env.port("X", 1), "65535", 65535, id="port"),
            pytest.param(lambda: env.flag("X"), "Yes", True, id="flag on"),
            pytest.param(lambda: env.flag("X", default=True), "0", False, id="flag off"),
            pytest.param(lambda: env.listing("X"), "a, b,,c", ["a", "b", "c"], id="list"),
            pytest.param(lambda: env.choice("X", "a", ("a", "b")), "B", "b", id="choice"),
            pytest.param(lambda: env.clock("X", "02:00"), "23:15", dt.time(23, 15), id="clock"),
            pytest.param(lambda: env.time_zone("X", "UTC"), "Asia/Tokyo", "Asia/Tokyo", id="zone"),
        ],
    )
    def test_reads(self, monkeypatch, read, value, found):
        monkeypatch.setenv("X", value)

        assert read() == found

    @pytest.mark.parametrize(
        ("read", "value"),
        [
            pytest.param(lambda: env.integer("X", 1, at_least=1), "seven", id="integer"),
            pytest.param(lambda: env.integer("X", 1, at_least=1), "0", id="too few"),
            pytest.param(lambda: env.integer("X", 1, at_least=1, at_most=9), "10", id="too many"),
            pytest.param(lambda: env.port("X", 1), "0", id="no port"),
            pytest.param(lambda: env.port("X", 1), "65536", id="beyond all ports"),
            pytest.param(lambda: env.flag("X"), "perhaps", id="flag"),
            pytest.param(lambda: env.choice("X", "a", ("a", "b")), "c", id="choice"),
            pytest.param(lambda: env.clock("X", "02:00"), "25:00", id="clock"),
            pytest.param(lambda: env.time_zone("X", "UTC"), "Mars/Base", id="zone"),
        ],
    )
    def test_refuses_what_makes_no_sense_and_names_the_variable(self, monkeypatch, read, value):
        monkeypatch.setenv("X", value)

        with pytest.raises(ConfigurationError, match="X "):
            read()


class TestPostgres:
    def test_reads_a_url_and_a_socket(self):
        found = env.postgres("DATABASE_URL", "postgres://me:pw@host:5433/base")
        socket = env.postgres("DATABASE_URL", "postgres://me@%2Frun%2Fpg/base")

        assert (found["HOST"], found["PORT"], found["NAME"]) == ("host", 5433, "base")
        assert (socket["HOST"], socket["USER"]) == ("/run/pg", "me")

    @pytest.mark.parametrize(
        "url",
        ["nonsense", "sqlite:///x.db", "mysql://a@b/c", "postgres://host", "postgres://h:x/d"],
    )
    def test_refuses_what_is_no_postgresql_address(self, url):
        with pytest.raises(ConfigurationError, match="DATABASE_URL"):
            env.postgres("DATABASE_URL", url)
