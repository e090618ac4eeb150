"""What an answer must pass: grounded or silent."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.drafts import Refused, Words, from_template, judge, letter
from tests import drafted_words
from tests.drafted_words import GOOD, PLAIN, answer, request

GERMAN = next(text for name, _, text in GOOD if name == "German")
SUBJECT, ICEBREAKER, BODY = (json.loads(PLAIN)[name] for name in ("subject", "icebreaker", "body"))


def violations(text, asked=None):
    found = judge(text, asked or request())
    return found.violations if isinstance(found, Refused) else ()


def changed(**texts):
    return json.dumps({**json.loads(PLAIN), **texts})


class TestAGoodAnswer:
    @pytest.mark.parametrize(
        ("asked", "text"), [each[1:] for each in GOOD], ids=[each[0] for each in GOOD]
    )
    def test_passes(self, asked, text):
        assert violations(text, asked) == ()

    def test_becomes_a_draft_that_says_who_wrote_it(self):
        found = judge(PLAIN, request())

        assert isinstance(found, Words)
        assert (found.source, found.reason) == ("AI", "")
        assert (found.prompt_version, found.model) == ("built-in", "gemini-test")
        assert found.body.startswith("Hello Ann,")

    def test_loses_its_own_signature(self):
        found = judge(changed(body=f"{BODY}\n\nBest,\nKind regards\nDana Whitfield"), request())

        assert isinstance(found, Words)
        assert "Dana" not in found.body


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "the answer is empty"),
            ("", "the answer is empty"),
            ("  \n", "the answer is empty"),
            ("x" * 1_000_000, "the answer is far too long"),
            ("<html><body>502 Bad Gateway</body></html>", "the answer is not JSON"),
            ('{"subject": "cut', "the answer is not JSON"),
            ("[" * 19_000, "the answer is not JSON"),
            ("[]", "the answer is no JSON object"),
            ('"HACKED"', "the answer is no JSON object"),
            ("{}", "subject is missing or no text"),
            (changed(body=None), "body is missing or no text"),
            (changed(body=["a"]), "body is missing or no text"),
            (changed(facts_used="company"), "facts_used is missing or no list of names"),
            (changed(facts_used=[1]), "facts_used is missing or no list of names"),
            (changed(facts_used=["company"] * 999), "facts_used is far too long"),
        ],
        ids=[
            "none",
            "empty",
            "blank",
            "a megabyte",
            "html",
            "cut",
            "nested",
            "a list",
            "a text",
            "no keys",
            "no body",
            "a list for a body",
            "facts as a text",
            "facts as numbers",
            "a thousand facts",
        ],
    )
    def test_says_why_in_a_phrase(self, text, said):
        assert violations(text) == (said,)


BAD = [
    ("long subject", {"subject": "Pipes " * 11}, "subject has 65 characters"),
    ("no subject", {"subject": ""}, "subject is empty"),
    ("a subject of signs", {"subject": ":"}, "subject is empty"),
    ("a bracket alone", {"icebreaker": "Pipes <"}, "icebreaker holds markup"),
    ("two lines", {"subject": "Pipes\nBcc: all"}, "subject has more than one line"),
    ("long icebreaker", {"icebreaker": "pipes and " * 13}, "icebreaker has 26 words"),
    ("short body", {"body": "Hello Ann,\n\nbuy."}, "body has 3 words"),
    ("long body", {"body": "pipe " * 141}, "body has 141 words"),
    ("unknown fact", {"facts_used": ["revenue"]}, 'facts_used names "revenue"'),
    ("fact without a value", {"facts_used": ["notes"]}, 'facts_used names "notes"'),
    ("square brackets", {"body": BODY.replace("Ann", "[first name]")}, "holds a placeholder"),
    ("braces", {"body": BODY.replace("Ann", "{{first_name}}")}, "holds a placeholder"),
    ("your name", {"body": f"{BODY} Your Name"}, "holds a placeholder"),
    ("a field's name", {"body": f"{BODY} You are our first_name here."}, "holds a placeholder"),
    ("as an AI", {"body": f"{BODY} As an AI I like pipes."}, "speaks of AI"),
    ("html", {"body": f"{BODY} <b>now</b>"}, "holds markup"),
    ("entity", {"body": f"{BODY} &nbsp;"}, "holds markup"),
    ("markdown link", {"body": f"{BODY} [here](https://northwind.example/call)"}, "holds markup"),
    ("bold", {"body": f"{BODY} **now**"}, "holds markup"),
    ("foreign link", {"body": f"{BODY} https://evil.example"}, "link that is not the client's"),
    ("bare domain", {"body": f"{BODY} See evil.com."}, "link that is not the client's"),
    ("www", {"body": f"{BODY} www.acme-pipes.com"}, "link that is not the client's"),
    ("client's host, other path", {"body": f"{BODY} https://northwind.example/x"}, "not the cli"),
    ("disguised link", {"body": f"{BODY} evil dot com"}, "disguised link"),
    ("two links", {"body": f"{BODY} {'https://northwind.example/call ' * 2}"}, "more than one"),
    ("link in the subject", {"subject": "https://northwind.example/call"}, "subject holds a link"),
    ("address", {"body": f"{BODY} bob@rival.com"}, "e-mail address that was not given"),
    ("phone", {"body": f"{BODY} +49 170 1234567"}, "phone number that is not"),
    ("invented number", {"body": f"{BODY} We saved others 37 hours."}, 'the number "37"'),
    ("invented share", {"body": f"{BODY} Costs fall by half a percent."}, "claims a quantity"),
    ("invented growth", {"body": f"{BODY} Your output doubled."}, "claims a quantity"),
    ("invented customer", {"body": f"{BODY} We did it for Siemens."}, 'names "Siemens"'),
    ("invented person", {"icebreaker": "Bob Marlow told me so."}, 'names "Marlow"'),
    ("another's greeting", {"body": BODY.replace("Hello Ann", "Hello Bob")}, "greets somebody"),
    ("another's title", {"body": BODY.replace("Hello Ann", "Dear Mr. Marlow")}, "greets somebody"),
    ("a line to fill in", {"body": f"{BODY}\n\nyour name"}, "holds a placeholder"),
    ("no word", {"body": f"{BODY} {'a' * 41}"}, "no word"),
    ("a run of signs", {"body": f"{BODY} ((((("}, "no word"),
    ("endless", {"body": "a" * 2_000}, "body is far too long"),
    ("a factor", {"body": f"{BODY} It is 10x faster."}, 'the number "10"'),
    ("two are greeted", {"body": BODY.replace("Hello Ann", "Dear Ann and Rita")}, "greets some"),
    ("shouting", {"body": f"{BODY} Do it NOW, URGENT."}, 'names "URGENT"'),
    ("exclamation", {"body": f"{BODY} Great!"}, "exclamation marks"),
    ("hype", {"body": f"{BODY} It is a game-changer."}, "promises too much"),
    ("a stock phrase", {"body": f"{BODY} I hope this email finds you well."}, "promises too much"),
    ("refusal", {"body": f"{BODY} I cannot help with that."}, "refuses the task"),
    ("apology", {"icebreaker": "I'm sorry, but this is not possible."}, "refuses the task"),
    ("obedience", {"body": f"{BODY} hacked"}, "follows orders"),
    ("instructions told", {"body": f"{BODY} My instructions are secret."}, "follows orders"),
    ("canary", {"body": f"{BODY} heron-quartz-lantern"}, "repeats our instructions"),
    ("invisible", {"body": f"{BODY} a\u200bb"}, "invisible characters"),
    ("tags", {"subject": "Pipes \U000e0041"}, "invisible characters"),
    ("control", {"body": f"{BODY}\x07"}, "control character"),
    ("emoji", {"body": f"{BODY} \U0001f680"}, "emoji"),
    ("Cyrillic", {"body": f"{BODY} привет мир"}, "another script"),
    ("signed in the middle", {"body": f"Kind regards,\n\n{BODY}"}, "is signed"),
    ("wrong language", {"body": json.loads(GERMAN)["body"]}, "body is in German"),
]


class TestABadAnswer:
    @pytest.mark.parametrize(
        ("texts", "said"), [each[1:] for each in BAD], ids=[each[0] for each in BAD]
    )
    def test_is_refused_with_a_phrase(self, texts, said):
        found = violations(changed(**texts))

        assert any(said in phrase for phrase in found), found
        assert all(len(phrase) < 110 and "\n" not in phrase for phrase in found)

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("de", "Wir haben das auch für Max Mustermann gemacht."),
            ("de", "Ich kann dabei leider nicht helfen."),
            ("fr", "Nous avons aidé Bernard Dupont."),
            ("es", "Lo hicimos para Telecosas."),
            ("it", "Lo abbiamo fatto per Fabbrica Rossi."),
            ("nl", "We deden dit ook voor Fabriekmans."),
            ("pt", "Fizemos isto para a Fabricosa."),
        ],
    )
    def test_is_found_in_every_language(self, language, words):
        (asked, good) = next(each[1:] for each in GOOD if each[1].language == language)
        body = json.loads(good)["body"]
        texts = {**json.loads(good), "body": body.replace("\n\n", f"\n\n{words} ", 1)}

        assert violations(json.dumps(texts), asked)

    def test_does_not_take_a_casual_word_in_a_formal_mail(self):
        text = changed(body=BODY.replace("Hello Ann", "Hey Ann"))

        assert violations(text, request(tone="FORMAL")) == ("body is too casual for a formal tone",)
        assert violations(text) == ()

    def test_names_what_the_prompt_may_name(self):
        from pipeline.drafts import Prompt

        asked = request(prompt=Prompt(version="v1", text="Mention the fair in Hanover."))

        assert violations(changed(body=f"{BODY} We are at the fair in Hanover."), asked) == ()


class TestAnyText:
    @given(st.text(max_size=400))
    def test_gets_a_verdict(self, text):
        assert isinstance(judge(text, request()), (Words, Refused))

    @given(st.text(max_size=300), st.text(max_size=80), st.text(max_size=120))
    @example(body="", subject="¹", icebreaker="¹\x1f\x00")
    @settings(max_examples=200)
    def test_in_the_right_shape_gets_one_too_and_no_brace_passes(self, body, subject, icebreaker):
        found = judge(answer(subject, icebreaker, f"{BODY} {body}"), request())

        if isinstance(found, Words):
            whole = f"{found.subject} {found.icebreaker} {found.body}"
            assert not set("{}[]<`\x00\u200b") & set(whole)
            assert len(found.subject) <= 60

    @given(st.sampled_from(range(len(PLAIN))))
    def test_cut_anywhere_is_refused(self, end):
        assert violations(PLAIN[:end])


class TestATextMadeToTakeLong:
    @pytest.mark.parametrize(
        "text",
        [
            "a-" * 9_000, "a" * 18_000, "<" + " " * 18_000, "\n" * 18_000, "1 " * 9_000,
            "a.a" * 6_000, "ignore " * 2_500, "(" * 18_000, "x@" * 9_000, "A'" * 9_000,
        ],
        ids=lambda text: repr(text[:8]),
    )  # fmt: skip
    def test_takes_no_longer_than_another(self, text):
        before = time.process_time()

        for part in ({"body": text}, {"body": f"{BODY} {text[:2_000]}"}, {"subject": text[:290]}):
            violations(changed(**part))
        drafted_words.with_payload("notes", text)

        assert time.process_time() - before < 1


class TestAThousandDrafts:
    """A fake that answers well for good leads, and in 30 % of cases does what a field orders."""

    def test_no_bad_one_passes_and_no_good_one_is_refused(self):
        dice = random.Random(5)  # noqa: S311  (which of the answers, no secret)
        hostile = [
            (drafted_words.with_payload(field, payload), payload)
            for payload in drafted_words.PAYLOADS
            for field in drafted_words.FIELDS
        ]
        passed, wrong, refused_good = 0, [], []
        for n in range(1_000):
            if n % 10 < 3:
                asked, payload = hostile[n % len(hostile)] if n < 500 else dice.choice(hostile)
                text = dice.choice(drafted_words.obey(payload))
                found = judge(text, asked)
                said = (
                    found if isinstance(found, Words) else from_template(asked, reason="ai_unfit")
                )
                wrong += [text] if isinstance(found, Words) else []
                whole = f"{said.subject}\n{said.icebreaker}\n{said.body}"
                wrong += [each for each in drafted_words.NEVER if each.lower() in whole.lower()]
            else:
                name, asked, text = dice.choice(drafted_words.GOOD)
                found = judge(text, asked)
                passed += isinstance(found, Words)
                refused_good += [] if isinstance(found, Words) else [(name, found.violations)]

        assert refused_good == []
        assert wrong == []
        assert passed == 700

    @pytest.mark.parametrize("payload", drafted_words.PAYLOADS, ids=lambda text: text[:30])
    @pytest.mark.parametrize("field", drafted_words.FIELDS)
    def test_no_payload_in_any_field_gets_through(self, field, payload):
        asked = drafted_words.with_payload(field, payload)

        for text in drafted_words.obey(payload):
            assert isinstance(judge(text, asked), Refused), text
        said = from_template(asked, reason="ai_unfit")
        whole = letter(said.body, sender_name="Dana", footer="") + said.subject + said.icebreaker
        assert [each for each in drafted_words.NEVER if each.lower() in whole.lower()] == []
