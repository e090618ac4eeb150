"""Header rows in other letters than Latin."""

from __future__ import annotations

from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from pipeline.headers.header_meaning import UNKNOWN, in_one, meaning
from pipeline.headers.script_words import SCRIPTS, WHOLE_SCRIPTS
from tests.header_rows import CRITICAL, Row, missed_columns, read, understood, wrong_columns

ROWS = read(Path(__file__).with_name("script_rows.txt"))
# Of all columns. When they were new: 0.97 in the 20 rows kept apart, with no wrong one.
ENOUGH = 0.98

alone_and_with_cells = pytest.mark.parametrize("with_cells", [False, True], ids=["alone", "cells"])


def fields(*headers: str) -> list[str]:
    return understood(Row("", [(header, "") for header in headers])).as_stored()


class TestHeaderRowsInOtherScripts:
    def test_are_many(self):
        assert len(ROWS) == 63
        assert all(len(cells) == len(row.columns) for row in ROWS for cells in row.sample)

    @alone_and_with_cells
    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row.source)
    def test_have_their_address_found(self, row, with_cells):
        expected = tuple(n for n, (_, label) in enumerate(row.columns) if label == "email")

        assert understood(row, with_cells=with_cells).by_field["email"] == expected

    @alone_and_with_cells
    def test_have_no_wrong_column_for_a_name_a_job_or_a_company(self, with_cells):
        understand = partial(understood, with_cells=with_cells)

        assert wrong_columns(ROWS, understand, CRITICAL | {"full_name"}) == []

    @alone_and_with_cells
    def test_have_nearly_all_their_columns_understood(self, with_cells):
        missed = missed_columns(ROWS, partial(understood, with_cells=with_cells))

        assert len(missed) <= (1 - ENOUGH) * sum(len(row.columns) for row in ROWS), missed


class TestTheWords:
    def test_mean_one_thing_each(self):
        groups = [set(in_one(words)) for words in SCRIPTS.values()]
        words = list(chain.from_iterable(groups))

        assert sorted(words) == sorted(set(words))

    def test_are_none_of_a_language_in_latin_letters(self):
        for words in (*SCRIPTS.values(), *WHOLE_SCRIPTS.values()):
            assert not [word for word in in_one(words) if word.isascii()]


class TestMeaning:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("АДРЕС ЭЛ. ПОЧТЫ", {"address", "email"}),
            ("Е-mail", {"email"}),  # the Е is Cyrillic
            ("您的公司名称（必填）", {"company"}),
            ("ﾒｰﾙｱﾄﾞﾚｽ", {"email"}),
            ("お電話番号", {"phone"}),
            ("휴대폰번호", {"mobile", "count"}),
            ("البريد الإلكترونى", {"email"}),
            ('דוא"ל', {"email"}),
            ("Компания контакта", {"company", "person"}),
            ("Контактное лицо компании", {"companycontact"}),
            ("大地邮箱", {UNKNOWN}),  # no part of a word is passed over
            ("Дата", {"foreign"}),
        ],
    )
    def test_is_read_in_other_letters(self, header, expected):
        assert meaning(header) == expected

    @pytest.mark.parametrize(
        ("name", "other"), [("氏名", "市名"), ("姓", "性"), ("ПІБ", "ПИБ"), ("手机", "收集")]
    )
    def test_is_not_that_of_what_only_sounds_alike(self, name, other):
        assert meaning(name) != meaning(other)


class TestNames:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ("Имя Email", "full_name email"),
            ("Имя Фамилия Email", "first_name last_name email"),
            ("Име Презиме Имејл", "first_name last_name email"),
            ("姓 名 邮箱", "last_name first_name email"),
            ("성 이름 이메일", "last_name first_name email"),
        ],
    )
    def test_are_the_first_the_last_or_both(self, headers, expected):
        assert fields(*headers.split()) == expected.split()

    def test_of_a_father_are_nobodys(self):
        found = fields("Име", "Презиме", "Фамилия", "Имейл")

        assert found == ["first_name", "", "last_name", "email"]

    @pytest.mark.parametrize("word", ["担当者名", "담당자명"])
    def test_of_who_is_in_charge_are_a_leads_only_beside_a_job_and_nobody_else(self, word):
        assert fields("会社名", "役職", word, "Email")[2] == "full_name"
        assert fields("会社名", word, "Email")[1] == ""
        assert fields("会社名", "役職", word, "氏名", "Email")[2] == ""


class TestAddresses:
    @pytest.mark.parametrize(
        "header",
        [
            "Почта менеджера",
            "Почта друга",
            "销售邮箱",
            "推荐人邮箱",
            "بريد المدير",
            "Email υπευθύνου",
        ],
    )
    def test_of_others_are_not_the_leads(self, header):
        assert fields("ФИО", header) == ["full_name", ""]
