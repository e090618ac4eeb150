"""The documents, where they speak of the code: what they name exists, and what it cites does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).parents[2]
CODE = [
    path
    for folder in ("leadgen", "clients", "pipeline", "deliveries", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs/adr").glob("*.md"))
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
LONGEST_DECISION = 400  # words


def named(page):
    return str(page.relative_to(ROOT))


def section(title):
    """What stands under that heading of docs/architecture.md."""
    return ARCHITECTURE.split(f"\n## {title}\n")[1].split("\n## ")[0]


class TestDecisions:
    def test_are_numbered_without_a_gap(self):
        numbers = [int(path.name.split("-")[0]) for path in DECISIONS]

        assert numbers == list(range(1, len(numbers) + 1))

    def test_each_that_is_cited_exists(self):
        cited = {
            number
            for path in [*CODE, *PAGES]
            for number in re.findall(r"ADR (\d{4})", path.read_text())
        }

        assert cited >= {"0002", "0004", "0007", "0008", "0009"}
        assert cited <= {path.name.split("-")[0] for path in DECISIONS}

    @pytest.mark.parametrize("path", DECISIONS, ids=named)
    def test_each_has_its_four_sections_and_is_short(self, path):
        text = path.read_text()

        assert text.startswith(f"# {path.name.split('-')[0]}: ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Alternatives",
        ]
        assert len(text.split()) <= LONGEST_DECISION


class TestPages:
    @pytest.mark.parametrize("page", PAGES, ids=named)
    def test_links_within_the_project_lead_somewhere(self, page):
        links = re.findall(r"\]\(([^)#]+)", page.read_text())

        within = [link for link in links if "://" not in link]
        assert [link for link in within if not (page.parent / link).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=named)
    def test_every_make_target_they_name_exists(self, page):
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        told = re.findall(r"(?:`|    |&& )make (\w+)", page.read_text())

        assert set(told) <= set(targets)

    @pytest.mark.parametrize("page", PAGES, ids=named)
    def test_every_command_they_name_exists(self, page):
        text = page.read_text()
        told = re.findall(r"manage\.py ([a-z_]+)", text)
        table = re.findall(r"^\| `(\w+)[^|]* \| ", section_of_commands(text), re.MULTILINE)

        assert set(told) | set(table) <= set(get_commands())


def section_of_commands(text):
    """The README's table of commands; '' on other pages."""
    return text.partition("\n## Commands\n")[2].partition("\n## ")[0]


class TestReadme:
    def test_tells_of_every_command_of_ours(self):
        ours = {name for name, app in get_commands().items() if app == "pipeline"}
        commands = section_of_commands((ROOT / "README.md").read_text())

        assert ours <= set(re.findall(r"^\| `(\w+)", commands, re.MULTILINE))


class TestGlossary:
    def test_is_in_alphabetical_order_with_each_term_once(self):
        terms = re.findall(r"^\| \*\*(.+?)\*\*", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)

        assert len(terms) > 50
        assert terms == sorted(set(terms), key=str.casefold)


class TestContributing:
    def test_names_every_folder_of_code_and_tests(self):
        told = re.findall(
            r"^\| `([\w/]+)/` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
        )
        tests = {named(path.parent) for path in (ROOT / "tests").glob("*/*.py")}

        assert tests >= {"tests/flows", "tests/stages"}
        assert tests - {"tests/unit"} <= set(told)


class TestArchitecture:
    def test_fits_on_a_page(self):
        assert len(ARCHITECTURE.splitlines()) <= 150

    def test_draws_the_layers_that_the_linter_checks(self):
        contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
        (layers,) = [each["layers"] for each in contracts["contracts"] if "layers" in each]
        picture = section("Who may import whom").split("```")[1].replace("(pure)", "")

        drawn = [sorted(map(last_name, line.split())) for line in picture.strip().splitlines()]
        assert drawn == [sorted(map(last_name, re.findall(r"[\w.]+", layer))) for layer in layers]

    def test_maps_what_exists(self):
        paths = re.findall(r"`([\w/.]+/[\w.]*)`", section("A newcomer's map"))

        assert len(paths) > 40
        assert [path for path in paths if path != "/health/" and not (ROOT / path).exists()] == []


def last_name(dotted):
    return dotted.split(".")[-1]
