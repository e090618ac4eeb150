from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.headers import header_forms, header_words, more_words, script_words, side_words
from pipeline.headers.header_meaning import (
    UNKNOWN,
    is_nameless,
    meaning,
    plain,
    without_wrapper,
    words_saying,
)
from pipeline.mapping import FIELDS


class TestPlain:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("E-mail Address", "e_mail_address"),
            ("emailAddress", "email_address"),
            ("  EMAIL_ADDRESS ", "email_address"),
            ("# Employees", "employees"),
            ("\uff25\uff4d\uff41\uff49\uff4c", "email"),
            ("LinkedIn URL", "linked_in_url"),
            ("CEOName", "ceo_name"),
            ("organization.primary_domain", "organization_primary_domain"),
            ("Prénom", "prenom"),
            ("Pre\u0301nom", "prenom"),
            ("PrÃ©nom", "prenom"),
            ("Straße", "strasse"),
            ("Razón social (España)", "razon_social_espana"),
            ("Job_Title__c", "job_title"),
            ("E-mail służbowy", "e_mail_sluzbowy"),
            ("Firma Ad\u0131", "firma_adi"),
            ("Omsætning", "omsaetning"),
            ("EMAIL;type=INTERNET;type=HOME", "email_home"),
            ("TEL;TYPE=voice;TYPE=WORK", "tel_work"),
            ("ΌΝΟΜΑ (*)", "ονομα"),
            ("Ёмкость", "емкость"),
            ("ﾒｰﾙｱﾄﾞﾚｽ", "メールアドレス"),
            ("휴대폰 번호", "휴대폰_번호"),
            ("الإسم", "الاسم"),
            ("", ""),
        ],
    )
    def test_is_one_form_for_many_spellings(self, header, expected):
        assert plain(header) == expected


class TestMeaning:
    @pytest.mark.parametrize(
        "header",
        [
            "Company E-mail Address",
            "companyEmailAddress",
            "COMPANY_EMAIL_ADDRESS",
            "company.email.address",
            "Firmen-E-Mail-Adresse",
            "firmenemailadresse",
            "Adresse e-mail de l'entreprise",
            "Address (e-mail) [company] *required*",
        ],
    )
    def test_is_the_same_however_the_words_are_written(self, header):
        assert meaning(header) == {"company", "email", "address"}

    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("E-mail 1 - Value", {"email", "one"}),
            ("Email 2", {"email", "more"}),
            ("2nd Email", {"email", "more"}),
            ("emails/0", {"email", "zero"}),
            ("Contact Owner", {"person", "foreign"}),
            ("Company Contact Name", {"companycontact", "name"}),
            ("Contact Company Name", {"person", "company", "name"}),
            ("Revenue (in 000s USD)", {"revenue", "unit"}),
            ("Website (from Companies)", {"company", "website"}),
            ("Email (from Owner)", {"foreign", "email"}),
            ("Company (from Contacts)", {"person", "company"}),
            ("mailFromDropcontact", {"email", "vendor"}),
            ("Email from", {"email", "foreign"}),
            ("Email Kampagne", {"email", UNKNOWN}),
            ("Foo 1999", {UNKNOWN, "foreign"}),
            ("ชื่อ", {UNKNOWN}),
            ("x" * 200, {UNKNOWN}),
            ("- / -", set()),
        ],
    )
    def test_tells_what_is_spoken_of_and_what_nobody_knows(self, header, expected):
        assert meaning(header) == expected

    @pytest.mark.parametrize(
        "header",
        ["Dernière société", "Última empresa", "Letzte Firma", "Ancienne société", "Vorherige Firma",
         "Empresa anterior", "Vorige bedrijf", "Poprzednia firma"],
    )  # fmt: skip
    def test_of_what_is_past_is_foreign_in_any_language(self, header):
        assert meaning(header) == {"foreign", "company"}

    @pytest.mark.parametrize(
        "header",
        ["Mail comptabilité", "Email contabilidad", "E-Mail Buchhaltung", "E-mail boekhouding",
         "Email segretaria", "Email assistante", "Mail administratie", "E-Mail Assistenz", "E-mail agente", "CSM Email"],
    )  # fmt: skip
    def test_of_who_is_no_lead_is_foreign_in_any_language(self, header):
        assert meaning(header) == {"foreign", "email"}

    @given(st.text(max_size=120))
    def test_is_found_for_any_header(self, header):
        assert isinstance(meaning(header), frozenset)

    @pytest.mark.parametrize(
        "header", ["", " ", "column 3", "Column3", "Unnamed: 0", "C", "7", "--"]
    )
    def test_of_a_header_that_only_counts_is_none(self, header):
        assert is_nameless(header)

    @pytest.mark.parametrize("header", ["Email", "Mail 1", "Reach", "почта", "Column owner"])
    def test_of_a_header_with_a_word_is_some(self, header):
        assert not is_nameless(header)


class TestWithoutWrapper:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ("props.email props.firstname", "email firstname"),
            ("id props.email props.name meta.x props.a props.b", "id email name meta.x a b"),
            ("company.name company.domain", "company.name company.domain"),
            ("email name dozent.email dozent.name", "email name dozent.email dozent.name"),
            ("props.email meta.name", "props.email meta.name"),
            ("props.email", "props.email"),
            ("E-mail.adr Tel. .x", "E-mail.adr Tel. .x"),
            ("", ""),
        ],
    )
    def test_drops_a_step_that_says_nothing(self, headers, expected):
        assert without_wrapper(headers.split()) == tuple(expected.split())

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            ("C_Email C_City C_Phone1", "Email City Phone1"),
            ("contact_email contact_city", "contact_email contact_city"),  # that says whose
            ("C_Email C_City Last_Name", "C_Email C_City Last_Name"),
            ("first_name first_line", "first_name first_line"),
        ],
    )
    def test_drops_a_prefix_that_says_nothing(self, headers, expected):
        assert without_wrapper(headers.split()) == tuple(expected.split())

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["1. Email", "2. City", "3) Phone"], ("Email", "City", "Phone")),
            (["Q1_Email", "Q2_City", "Q3_Phone", "IP"], ("Email", "City", "Phone", "IP")),
            (["1. Email", "2. City"], ("1. Email", "2. City")),  # too few to tell
            (["1. Email", "2. Email", "3. Email"], ("1. Email", "2. Email", "3. Email")),
            (["1. Email", "3. City", "2. Phone"], ("1. Email", "3. City", "2. Phone")),
            (["1st line", "2nd line", "3rd line"], ("1st line", "2nd line", "3rd line")),
        ],
    )
    def test_drops_the_numbers_of_questions(self, headers, expected):
        assert without_wrapper(headers) == expected

    def test_drops_numbers_that_a_blank_follows(self):
        assert without_wrapper(["01 Email", "02 City", "03 Job"]) == ("Email", "City", "Job")


class TestSingleWords:
    def test_are_told_by_what_they_mean(self):
        assert words_saying("Author's E-Mail 2", UNKNOWN) == {"author"}
        assert words_saying("Guest e-mail", "customer", "buyer") == {"guest"}
        assert words_saying("Email", UNKNOWN) == set()


class TestTheWords:
    def test_mean_one_thing_each(self):
        groups = [*header_words.NOUNS.values(), *header_words.QUALIFIERS.values()]
        groups += [*side_words.SIGNS.values(), side_words.FOREIGN, side_words.NOISE]
        groups += more_words.MORE.values()
        # Languages share words: a group names such a word once for each of them.
        words = Counter(chain.from_iterable(set(group.split()) for group in groups))

        assert [word for word, times in words.items() if times > 1] == []

    def test_are_in_plain_form(self):
        groups = [*header_words.NOUNS.values(), *header_words.QUALIFIERS.values()]
        groups += more_words.MORE.values()

        for word in chain.from_iterable(group.split() for group in groups):
            assert plain(word).replace("_", "") == word


class TestTheForms:
    def test_fill_fields_of_a_lead(self):
        fields = {*header_forms.FORMS, *header_forms.SECOND}
        depending = chain.from_iterable(header_forms.DEPENDING.values())

        assert fields | set(depending) == set(FIELDS)

    def test_are_made_of_what_words_can_mean(self):
        known = set(chain.from_iterable(k.split() for k in header_words.NOUNS))
        known |= {*header_words.QUALIFIERS, *side_words.SIGNS, *script_words.SCRIPTS}
        used = chain(
            chain.from_iterable(header_forms.FORMS.values()),
            chain.from_iterable(header_forms.SECOND.values()),
            header_forms.LAST,
            header_forms.COMPANIES,
        )

        assert set(" ".join(used).replace("|", " ").split()) - known == set()


class TestWordsCutShort:
    @pytest.mark.parametrize(
        ("header", "word"),
        [("Empr.", "company"), ("Móv.", "mobile"), ("Miejsc.", "city"), ("Kontaktpers.", "who"),
         ("Opm.", "notes"), ("(Empr.)", "company")],
    )  # fmt: skip
    def test_are_what_all_that_begin_so_mean(self, header, word):
        assert meaning(header) == {word}

    @pytest.mark.parametrize("header", ["Empr", "Empr.x", "Xyzzy.", "Comp.", "Mó."])
    def test_are_unknown_without_a_dot_or_where_nothing_decides(self, header):
        assert UNKNOWN in meaning(header)

    @pytest.mark.parametrize("header", ["Nac.", "Ünv."])
    def test_are_no_name_or_job_by_three_letters(self, header):
        assert meaning(header) == {UNKNOWN}

    def test_are_left_where_they_are_known(self):
        assert meaning("Tel.") == {"phone"}
