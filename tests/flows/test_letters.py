"""The mail that tells a client about its file: both twins, the client's own words, no surprises."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from clients.file_terms import Access
from clients.models import Client
from deliveries import letters, links, posting
from deliveries.models import Delivery, Mail
from pipeline import postroom
from tests.factories import DeliveryFactory, MailFactory, complete_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail() -> Mail:
    made = complete_run(leads=2)
    made.delivery.link = "https://leads.agency.example/files/token/"
    made.delivery.save(update_fields=["link"])
    return made.mail


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL))


class TestAboutDelivery:
    def test_says_the_same_in_both_twins(self, mail):
        letter = letters.about_delivery(mail.about, mail)

        assert letter.subject == "2 new leads for you (2 March 2026)"
        for text in (letter.text, letter.html):
            assert "https://leads.agency.example/files/token/" in text
            assert "from our template, not by AI" in text
            assert "2 of 5" in text
        assert "your 2 new leads of 2 March 2026 are ready." in letter.text
        assert "Open the file: 2 leads" in words(letter.html)

    @pytest.mark.parametrize(
        ("place", "terms", "sentence"),
        [
            ("own", {}, "The link works for 30 days, for whoever has it."),
            ("own", {"access_days": 14}, "The link works for 30 days, for whoever has it."),
            ("drive", {}, "only the addresses that this mail goes to can open it."),
            ("drive", {"access_days": 14}, "mail goes to can open it, for 14 days."),
            ("drive", {"access_days": 1}, "mail goes to can open it, for 1 day."),
            (
                "drive",
                {"access": Access.ANYONE, "access_days": 14},
                "on Google Drive, where whoever has the link can open it.",
            ),
        ],
    )
    def test_says_who_can_open_the_file_and_for_how_long(
        self, mail, settings, place, terms, sentence
    ):
        settings.LINK_DAYS = 30
        Client.objects.update(**terms)
        delivery = Delivery.objects.get()
        delivery.drive_file_id = "file-1"  # a client that was moved to our links keeps it
        delivery.link = {
            "own": links.link_for(delivery.pk),
            "drive": "https://drive.google.example/file/d/file-1/view",
        }[place]

        letter = letters.about_delivery(delivery, mail)

        assert sentence in letter.text
        assert sentence in words(letter.html)

    def test_parts_thousands_wherever_it_counts(self, mail):
        context = {
            "delivery": {"rows": 1200},
            "shares": [letters.Share(count=1043, words="written by AI")],
            "quotas": [letters.Quota(words="today", used=1200, cap=6000)],
        }

        for twin in ("txt", "html"):
            text = words(render_to_string(f"mails/delivery.{twin}", context))
            assert not any(said in text for said in ("1043", "1200", "6000", "4800"))
            assert all(said in text for said in ("1,043", "1,200 of 6,000", "4,800"))

    def test_speaks_in_the_clients_own_words(self, mail):
        Client.objects.update(
            mail_subject="{client}: {leads} neue Leads",
            mail_intro="Guten Morgen,\n\n{leads} Leads vom {date}.",
            reply_to="ida@agency.example",
        )
        delivery = Delivery.objects.get()

        letter = letters.about_delivery(delivery, mail)

        assert letter.subject == f"{delivery.client}: 2 neue Leads"
        assert letter.text.startswith("Guten Morgen,\n\n2 Leads vom 2 March 2026.")
        assert letter.reply_to == "ida@agency.example"

    def test_never_lets_a_clients_name_become_markup(self, mail):
        Client.objects.update(name="<script>alert(1)</script> & Co")

        letter = letters.about_delivery(Delivery.objects.get(), mail)

        assert "<script>" not in letter.html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in letter.html
        assert "<script>alert(1)</script> & Co" in letter.text

    def test_of_a_client_whose_name_would_be_a_header_fails_alone(self, settings):
        settings.EMAIL_BACKEND = "leadgen.integrations.mail.EmlFiles"
        evil = DeliveryFactory.create(
            status="UPLOADED",
            client__name="Acme\r\nBcc: eve@else.example",
            client__mail_subject="Leads for {client}",
        )
        mails = [MailFactory.create(delivery=evil), MailFactory.create()]

        posting.post(mails, postroom.write)

        failed, sent = Mail.objects.order_by("pk")
        assert (failed.status, sent.status) == ("FAILED", "SENT")
        assert "could not be built" in failed.error
        assert failed.begins == 0

    def test_words_with_an_unknown_variable_are_refused_when_saved(self, mail):
        client = Client.objects.get()
        client.mail_intro = "Hello {first_name}"

        with pytest.raises(ValidationError, match=r"There is no variable \{first_name\}"):
            client.full_clean()
