"""Each variable that is read is told of: in .env.example, and in the README's table."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Shell and compose: ${NAME}, ${NAME:-default}, ${NAME:?sentence}.
EXPANSION = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?")
COMPUTED = "computed"  # a default that is no plain text: PUBLIC_URL's holds the port


def in_settings():
    """Name → default of each variable that leadgen/settings.py reads through leadgen.env."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse((ROOT / "leadgen/settings.py").read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr=reader),
                args=[ast.Constant(value=str(name)), *default],
            ):
                known = [each.value for each in default if isinstance(each, ast.Constant)]
                plain = str(known[0]) if known else "0" if reader == "flag" else ""
                # DATABASE_URL is read once more, with the embedded server's address.
                found.setdefault(name, COMPUTED if default and not known else plain)
    return found


def in_shell():
    """The same of the Procfile and of docker-compose.yml."""
    files = [(ROOT / name).read_text() for name in ("docker-compose.yml", "Procfile")]
    return {name: default for text in files for name, default in EXPANSION.findall(text)}


def in_example():
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [re.fullmatch(r"#([A-Z_]+)=(.*)", line) for line in lines]
    return [(line[1], line[2]) for line in named if line]


def in_readme():
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| (.+?) \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    return [(name, "" if default == "none" else default.strip("`")) for name, default, _ in rows]


def read():
    return {**in_shell(), **in_settings()}


class TestSettings:
    def test_variables_are_found_at_all(self):
        assert in_settings()["LEASE_SECONDS"] == "30"
        assert in_settings()["PUBLIC_URL"] == COMPUTED
        assert in_shell()["WORKERS"] == "2"

    def test_nothing_else_reads_the_environment_by_a_new_name(self):
        reading = re.compile(r"""environ(?:\.get\(|\[)["']([A-Z_]+)""")
        names = {
            name
            for folder in ("leadgen", "clients", "pipeline", "deliveries")
            for path in (ROOT / folder).rglob("*.py")
            for name in reading.findall(path.read_text())
        }

        assert names - {"PATH"} <= set(read())


class TestExample:
    def test_names_exactly_what_is_read_each_once(self):
        names = [name for name, _ in in_example()]

        assert sorted(names) == sorted(read())

    def test_gives_the_defaults_that_hold(self):
        told = {name: default for name, default in in_example() if read()[name] != COMPUTED}

        assert told == {name: default for name, default in read().items() if default != COMPUTED}


class TestReadme:
    def test_names_exactly_what_is_read_each_once(self):
        names = [name for name, _ in in_readme()]

        assert sorted(names) == sorted(read())

    def test_gives_the_defaults_that_hold(self):
        told = {name: default for name, default in in_readme() if read()[name] != COMPUTED}

        assert told == {name: default for name, default in read().items() if default != COMPUTED}
