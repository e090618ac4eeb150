"""Pages that fit the screen they are read on, whatever servers and clients are called."""

from __future__ import annotations

import pytest

from pipeline.shown import admin_url
from tests.factories import ClientFactory, LeadFactory, MailFactory
from tests.flows import nights

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PHONE, LAPTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
REFUSED = "550 5.1.1 No such user. Learn more at https://mail.example/support/" + "a1" * 60


LONG = "Rohr mit einem außergewöhnlich langen Namen & Söhne Nachfolger Verwaltungsgesellschaft mbH"
LINES = """found => {
    const words = document.createRange();
    words.selectNodeContents(found.firstChild);
    return words.getClientRects().length;
}"""


def lines_of(cell):
    return cell.first.evaluate(LINES)


class TestAMail:
    def test_that_was_refused_at_length_fits_on_a_phone(self, desk):
        mail = MailFactory.create(status="FAILED", error=REFUSED)
        desk.set_viewport_size(PHONE)

        desk.goto(admin_url(mail))

        assert desk.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    def test_that_was_refused_at_length_fits_in_the_list(self, desk):
        MailFactory.create(status="FAILED", error=REFUSED)
        desk.set_viewport_size(LAPTOP)

        desk.goto("/admin/deliveries/mail/")

        table = desk.locator("#result_list")
        assert table.evaluate("found => found.scrollWidth <= found.parentElement.clientWidth")


class TestAHistory:
    @pytest.mark.parametrize(("screen", "shown"), [(LAPTOP, "none"), (PHONE, "flex")])
    def test_says_its_headings_once(self, desk, screen, shown):
        client = ClientFactory.create()
        desk.goto(admin_url(client))
        desk.get_by_label("Offer").fill("We mend anything.")
        desk.get_by_role("button", name="Save", exact=True).click()
        desk.set_viewport_size(screen)

        desk.goto(admin_url(client).replace("change", "history"))

        beside = "found => getComputedStyle(found, '::before').display"
        assert desk.get_by_role("cell", name="ida").evaluate(beside) == shown


class TestAWord:
    def test_in_a_column_of_numbers_stays_whole(self, desk):
        for n in range(3):
            ClientFactory.create(name=f"{n}. {LONG}")
        nights.make_agency()
        desk.set_viewport_size(LAPTOP)

        desk.goto("/admin/pipeline/run/")
        desk.get_by_role("button", name="Simulate tonight").click()

        assert lines_of(desk.locator("td.desk-right", has_text="unlimited")) == 1

    def test_that_names_a_field_stays_whole_on_a_phone(self, desk):
        lead = LeadFactory.create(company_domain="acme.example")
        desk.set_viewport_size(PHONE)

        desk.goto(admin_url(lead))

        assert lines_of(desk.locator("th", has_text="company_domain")) == 1
