"""Undoing a lead file: what goes, what stays, what comes back, and when it is refused."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from deliveries.models import DeliveredLead
from pipeline import audit, between_runs, lookalikes, starting, tasks, undo
from pipeline.chunks import Lease
from pipeline.models import Draft, ForecastPair, Lead, LeadChange, LeadFile, Rejection, Run
from pipeline.stages import dedupe, validate
from tests import factories as make
from tests.flows import nights

pytestmark = pytest.mark.django_db

ANN = uuid.UUID(int=1)
FIRST = """\
First Name,Last Name,Title,Company,Email,Country
Ann,Ashby,,Acme Pipes,ann@acme-pipes.com,Germany
Bob,Byrne,CEO,Bolt Works,bob@bolt-works.com,Germany
Cleo,Cole,Engineer,Cedar Labs,cleo@cedar-labs.com,Italy
Cleo,Cole,Engineer,Cedar Labs,cleo@cedar-labs.com,Italy
Dan,Drew,CEO,Delta Mill,not an address,France
"""
SECOND = """\
First Name,Last Name,Title,Company,Email,Country
Cleo,Cole,Doctor,Cedar Labs,cleo@cedar-labs.com,Italy
Cleo,Cole,Doctor,,cleo@cedar-labs.com,Italy
Ann,Ashby,CFO,Acme Pipes,ann@acme-pipes.com,Germany
Finn,Falk,CEO,Fir Tools,finn@fir-tools.com,Italy
"""


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    return run


def broken() -> dict[str, list[int]]:
    return {check["name"]: check["ids"] for check in audit.run()["checks"] if check["violations"]}


def undone(lead_file: LeadFile, *, max_leads: int = 2) -> LeadFile:
    """To the end, slice by slice, the invariants whole after each."""
    undo.ask(lead_file, "ida")
    while undo.go_on(lead_file.pk, max_leads):
        assert broken() == {}
    assert broken() == {}
    lead_file.refresh_from_db()
    return lead_file


def state() -> dict[str, Any]:
    """All that an undo may touch, apart from the rows that say that it was."""
    rows = {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Lead, LeadChange, Rejection, Draft, ForecastPair, DeliveredLead)
    }
    return {**rows, "files": list(LeadFile.objects.order_by("pk").values("status", "undo_result"))}


def columns_of(lead: Lead) -> dict[str, Any]:
    return dict(Lead.objects.filter(pk=lead.pk).values().get())


def two_files(known_leads: str = "FILL") -> tuple[LeadFile, LeadFile]:
    """The first file's night is over; the second file met two people of the first."""
    nights.make_agency()
    LeadFile.objects.all().delete()
    first = nights.take_in(FIRST, "first.csv")
    night()
    second = nights.take_in(SECOND, "second.csv")
    LeadFile.objects.filter(pk=second.pk).update(known_leads=known_leads)
    night()
    return LeadFile.objects.get(pk=first.pk), LeadFile.objects.get(pk=second.pk)


class TestWhatGoesAndWhatStays:
    def test_delivered_leads_are_kept_and_named_the_others_go(self):
        first, _ = two_files()
        ann, bob = Lead.objects.filter(file=first, record__lte=2).order_by("record")

        found = undone(first).undo_result

        assert list(first.leads.order_by("record")) == [ann, bob]
        assert not first.rejections.exists()
        assert (found["removed"], found["rejections"]) == (2, 1)
        assert found["kept"] == {
            "count": 2,
            "leads": [{"lead": lead.pk, "why": "A client has it"} for lead in (ann, bob)],
        }
        assert (first.status, first.accepted, first.rows) == ("UNDONE", 3, 5)

    def test_drafts_and_forecasts_go_with_their_leads(self):
        first, _ = two_files()
        cleo = first.leads.get(record=3)
        make.DraftFactory.create(lead=cleo)
        ForecastPair.objects.create(
            run=cleo.run, lead=cleo, client=make.ClientFactory.create(status="ENDED")
        )

        undone(first)

        assert not Draft.objects.filter(lead=cleo.pk).exists()
        assert not ForecastPair.objects.filter(lead=cleo.pk).exists()

    def test_what_the_ai_cost_stays_without_the_lead(self):
        first, _ = two_files()
        cleo = first.leads.get(record=3)
        call = make.AiCallFactory.create(lead=cleo)

        undone(first)

        call.refresh_from_db()
        assert call.lead is None
        first.refresh_from_db()
        assert first.status == "UNDONE"

    def test_a_person_of_another_file_takes_the_place_of_the_lead_that_goes(self):
        first, second = two_files()

        found = undone(first).undo_result

        heir, other = second.leads.filter(record__lte=2).order_by("record")
        assert (heir.status, heir.reason, heir.twin) == ("READY", "twin_undone", None)
        assert (other.status, other.reason, other.twin) == ("DUPLICATE", "dup_file", heir)
        assert found["promoted"] == 1

    def test_the_heir_is_told_what_the_other_rows_of_the_person_say(self):
        old = make.LeadFactory.create(key=ANN)
        heir, more = (
            make.LeadFactory.create(key=ANN, status="DUPLICATE", reason="dup_db", twin=old, **said)
            for said in ({"title": ""}, {"title": "CFO"})
        )
        undo.ask(old.file, "ida")

        while undo.go_on(old.file_id):
            pass

        assert columns_of(heir)["title"] == "CFO"
        assert LeadChange.objects.get(lead=heir).file == more.file

    def test_a_person_live_elsewhere_is_not_made_live_twice(self):
        gone = make.LeadFactory.create(key=ANN, status="SUPPRESSED")
        live = make.LeadFactory.create(key=ANN)
        row = make.LeadFactory.create(key=ANN, status="DUPLICATE", reason="dup_db", twin=gone)
        undo.ask(gone.file, "ida")

        while undo.go_on(gone.file_id):
            pass

        row.refresh_from_db()
        assert (row.status, row.reason, row.twin) == ("DUPLICATE", "dup_db", live)

    def test_a_person_who_has_expired_elsewhere_is_not_woken(self):
        gone = make.LeadFactory.create(key=ANN, status="SUPPRESSED")
        expired = make.LeadFactory.create(key=ANN, status="EXPIRED", reason="too_old")
        make.LeadFactory.create(key=ANN, status="DUPLICATE", reason="dup_db", twin=gone)
        undo.ask(gone.file, "ida")

        while undo.go_on(gone.file_id):
            pass

        assert columns_of(expired)["status"] == "EXPIRED"

    def test_what_was_withdrawn_or_returned_is_kept_too(self):
        lead = make.LeadFactory.create()
        make.DeliveredLeadFactory.create(lead=lead, status="WITHDRAWN")
        undo.ask(lead.file, "ida")

        while undo.go_on(lead.file_id):
            pass

        kept = LeadFile.objects.get(pk=lead.file_id).undo_result["kept"]
        assert kept["leads"] == [
            {"lead": lead.pk, "why": "It was withdrawn from a client's delivery"}
        ]

    def test_a_lookalike_of_what_goes_is_one_no_more(self):
        gone = make.LeadFactory.create()
        alike = make.LeadFactory.create(lookalike=gone, lookalike_by="phone")
        undo.ask(gone.file, "ida")

        while undo.go_on(gone.file_id):
            pass

        alike.refresh_from_db()
        assert (alike.lookalike, alike.lookalike_by) == (None, "")

    def test_names_twenty_leads_and_counts_them_all(self):
        file = make.LeadFileFactory.create()
        make.DeliveredLeadFactory.create_batch(25, lead__file=file)
        undo.ask(file, "ida")

        while undo.go_on(file.pk, 7):
            pass

        kept = LeadFile.objects.get(pk=file.pk).undo_result["kept"]
        assert (kept["count"], len(kept["leads"])) == (25, 20)


class TestWhatComesBack:
    @pytest.mark.parametrize("mode", ["FILL", "OVERWRITE"])
    def test_is_what_known_leads_were_before(self, mode):
        first, second = two_files(mode)
        cleo, ann = first.leads.get(record=3), first.leads.get(record=1)
        assert ann.title == "CFO"
        assert cleo.title == ("Doctor" if mode == "OVERWRITE" else "Engineer")

        found = undone(second).undo_result

        assert columns_of(ann)["title"] == ""
        assert columns_of(cleo)["title"] == "Engineer"
        assert found["restored"] == (2 if mode == "OVERWRITE" else 1)
        assert found["kept_changes"] == {"count": 0, "changes": []}

    def test_is_not_what_was_changed_again_since(self):
        first, second = two_files()
        ann = first.leads.get(record=1)
        Lead.objects.filter(pk=ann.pk).update(title="Chief of money")

        found = undone(second).undo_result

        assert columns_of(ann)["title"] == "Chief of money"
        assert found["restored"] == 0
        assert found["kept_changes"]["changes"] == [
            {"lead": ann.pk, "field": "title", "why": "It was changed again since"}
        ]

    def test_is_expired_again_what_only_this_file_had_woken(self):
        old = make.LeadFactory.create(status="READY", reason="filter")
        change = make.LeadChangeFactory.create(
            lead=old,
            before={"status": "EXPIRED", "reason": "too_old"},
            after={"status": "READY", "reason": ""},
        )
        undo.ask(change.file, "ida")

        while undo.go_on(change.file_id):
            pass

        old.refresh_from_db()
        assert (old.status, old.reason) == ("EXPIRED", "too_old")

    def test_is_as_old_again_as_it_was(self):
        old = make.LeadFactory.create(key=ANN, status="EXPIRED", created_at=make.NOW)
        was = columns_of(old)
        file = meet("FILL", [{"title": "", "city": "", "phone": "", "extras": {}}], settled=True)
        Run.objects.update(status="CANCELLED", ended_at=timezone.now())
        assert columns_of(old)["created_at"] > make.NOW

        undo.ask(file, "ida")
        while undo.go_on(file.pk):
            pass

        assert columns_of(old) == was

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    @pytest.mark.parametrize("together", [True, False])
    def test_is_expired_again_only_once_nobody_is_left_who_met_it(self, together, order):
        old = make.LeadFactory.create(key=ANN, status="EXPIRED", created_at=make.NOW)
        was = columns_of(old)
        row = {"title": "", "city": "", "phone": "", "extras": {}}
        met = [meet(mode, [row], settled=not together) for mode in ("FILL", "SKIP")]
        dedupe.settle(Run.objects.get(status="RUNNING").pk)
        Run.objects.update(status="CANCELLED", ended_at=timezone.now())

        found = []
        for n in order:
            undone(met[n], max_leads=1)
            found.append(columns_of(old)["status"])

        assert found == ["READY", "EXPIRED"]
        assert columns_of(old) == was

    def test_stays_allocated_what_a_client_got_since(self):
        given = make.DeliveredLeadFactory.create()
        change = make.LeadChangeFactory.create(
            lead=given.lead,
            before={"status": "EXPIRED", "reason": "too_old"},
            after={"status": "READY", "reason": ""},
        )
        undo.ask(change.file, "ida")

        while undo.go_on(change.file_id):
            pass

        assert Lead.objects.get(delivered_leads=given).status == "ALLOCATED"
        found = LeadFile.objects.get(pk=change.file_id).undo_result
        assert found["kept_changes"]["count"] == 1

    @pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
    def test_is_what_was_there_where_later_files_said_the_same_again(self, order):
        twin = make.LeadFactory.create(key=ANN, city="b")
        met = [meet("OVERWRITE", [{"city": city, "phone": ""}], settled=True) for city in "aba"]
        Run.objects.update(status="CANCELLED", ended_at=timezone.now())

        found = []
        for n in order:
            undone(met[n], max_leads=1)
            found.append(columns_of(twin)["city"])

        left = [{*range(3)} - {*order[: n + 1]} for n in range(3)]
        assert found == ["aba"[max(files)] if files else "b" for files in left]

    @pytest.mark.parametrize(
        ("mode", "said"),
        [("FILL", "Germany"), ("FILL", "Italy"), ("OVERWRITE", "Germany")],
    )
    def test_is_filled_by_what_a_later_file_says_too(self, mode, said):
        twin = make.LeadFactory.create(key=ANN, country="", title="CFO")
        row = {"phone": "", "title": "", "extras": {}}
        first = meet("FILL", [{**row, "country": "Germany"}], settled=True)
        meet(mode, [{**row, "country": said, "title": "CEO"}], settled=True)
        Lead.objects.filter(pk=twin.pk).update(title="Chief of money")
        Run.objects.update(status="CANCELLED", ended_at=timezone.now())

        undo.ask(first, "ida")
        while undo.go_on(first.pk, 1):
            pass

        found = columns_of(twin)
        assert (found["country"], found["title"]) == (said, "Chief of money")

    cells = st.sampled_from(["", "a", "b", "c"])
    said = st.fixed_dictionaries({
        "title": cells, "city": cells,
        "phone": st.sampled_from(["", "1", "2"]),
        "extras": st.dictionaries(st.sampled_from(["x", "y"]), cells),
    })  # fmt: skip
    mode = st.sampled_from(["FILL", "OVERWRITE", "SKIP"])
    told = st.lists(st.tuples(mode, st.lists(said, min_size=1, max_size=2)), min_size=1, max_size=3)

    @hypothesis(max_examples=60)
    @given(before=said, files=told, order=st.randoms(use_true_random=False), nights=st.booleans())
    def test_is_exactly_what_was_there_in_whatever_order_files_are_undone(
        self, before, files, order, nights
    ):
        with transaction.atomic():
            twin = make.LeadFactory.create(key=ANN, **keyed(before))
            was = columns_of(twin)
            met = [meet(mode, rows, settled=nights) for mode, rows in files]
            dedupe.settle(Run.objects.running().get().pk)
            Run.objects.update(status="CANCELLED", ended_at=timezone.now())

            order.shuffle(met)
            for file in met:
                undo.ask(file, "ida")
                while undo.go_on(file.pk, 1):
                    pass

            assert columns_of(twin) == was
            assert list(Lead.objects.all()) == [twin]
            transaction.set_rollback(True)


def keyed(said: dict[str, Any]) -> dict[str, Any]:
    """With the key of the phone, as intake makes it."""
    phone = said["phone"]
    return {**said, "phone_key": uuid.UUID(int=int(phone)) if phone else None}


def meet(mode: str, rows: list[dict[str, Any]], *, settled: bool) -> LeadFile:
    """One file's rows of Ann, in the one run; settled at once, or with the others' together."""
    run = Run.objects.running().first() or make.RunFactory.create(status="RUNNING")
    file = make.LeadFileFactory.create(run=run, known_leads=mode)
    for record, row in enumerate(rows, 1):
        make.LeadFactory.create(file=file, record=record, key=ANN, status="NEW", **keyed(row))
    if settled:
        dedupe.settle(run.pk)
    return file


class TestStoppedAnywhere:
    @pytest.mark.parametrize("slices", range(0, 9, 2))
    def test_ends_where_it_would_have_ended(self, slices, monkeypatch):
        _, second = two_files()
        undo.ask(second, "ida")
        with transaction.atomic():
            while undo.go_on(second.pk, 1):
                pass
            expected = state()
            transaction.set_rollback(True)

        for _ in range(slices):
            undo.go_on(second.pk, 1)
        for step in ("_restore", "_remove", "_drop_rejections"):
            with monkeypatch.context() as patch, transaction.atomic():
                killed_after(patch, step)
                try:
                    undo.go_on(second.pk, 1)
                except MemoryError:
                    transaction.set_rollback(True)
        while undo.go_on(second.pk, 1):
            pass

        assert state() == expected

    def test_by_a_run_it_goes_on_when_the_run_has_ended(self):
        first, _ = two_files()
        undo.ask(first, "ida")
        undo.go_on(first.pk, 1)
        starting.start_now(now=timezone.now(), started_by="test")
        before = state()

        assert not undo.go_on(first.pk, 1)
        assert undo.asked() == []
        assert state() == before

        nights.work_off()
        assert broken() == {}
        assert undo.asked() == [first.pk]
        while undo.go_on(first.pk, 1):
            pass
        assert (undo.asked(), broken()) == ([], {})

    def test_the_task_does_a_slice_and_asks_for_the_next(self, monkeypatch):
        first, _ = two_files()
        sent: list[int] = []
        monkeypatch.setattr(
            tasks.undo, "apply_async", lambda *, kwargs, **_: sent.append(kwargs["lead_file_id"])
        )
        undo.ask(first, "ida")

        tasks.tick()
        while sent:
            tasks.undo(lead_file_id=sent.pop())

        first.refresh_from_db()
        assert first.status == "UNDONE"


def killed_after(patch: pytest.MonkeyPatch, step: str) -> None:
    """The process dies in the slice's transaction, when the step has written."""
    real = getattr(undo, step)

    def dying(*args: Any) -> Any:
        if real(*args):
            raise MemoryError(step)
        return real(*args)

    patch.setattr(undo, step, dying)


class TestAsking:
    def test_for_a_queued_file_drops_it_at_once(self):
        file = nights.take_in(FIRST)

        undo.ask(file, "ida")

        assert (file.status, file.undo_by, file.undo_result["removed"]) == ("UNDONE", "ida", 0)
        assert undo.asked() == []
        night()
        assert not Lead.objects.exists()

    def test_for_a_queued_file_keeps_nobody_in_its_preview(self):
        file = nights.take_in(FIRST)
        assert "Ashby" in str(file.preview)

        undo.ask(file, "ida")

        assert "Ashby" not in str(file.preview)

    def test_lets_the_same_bytes_in_again(self):
        undo.ask(nights.take_in(FIRST), "ida")

        again = make.LeadFileFactory.create(sha256=LeadFile.objects.get().sha256)

        assert again.pk

    @pytest.mark.parametrize("status", ["CHECKED", "REFUSED"])
    def test_for_a_file_that_came_half_way_is_taken(self, status):
        file = make.LeadFileFactory.create(status=status, accepted=3, records_done=2)

        undo.ask(file, "ida")

        assert (file.status, undo.asked()) == (status, [file.pk])

    def test_for_a_file_that_failed_half_way_is_taken(self):
        file = make.LeadFileFactory.create(status="REFUSED", accepted=3, records_done=2)

        undo.ask(file, "ida")

        assert (file.status, undo.asked()) == ("REFUSED", [file.pk])

    @pytest.mark.parametrize(
        ("columns", "sentence"),
        [
            pytest.param({"status": "CHECKED"}, "nothing to undo", id="only checked"),
            pytest.param({"status": "REFUSED"}, "nothing to undo", id="refused"),
            pytest.param({"status": "IMPORTING"}, "stop it first", id="half imported"),
            pytest.param({"status": "UNDONE"}, "undone already", id="undone"),
            pytest.param({"undo_by": "bob"}, "as bob asked", id="asked before"),
        ],
    )
    def test_is_refused_with_a_sentence(self, columns, sentence):
        file = make.LeadFileFactory.create(**columns)

        with pytest.raises(undo.Refused, match=sentence):
            undo.ask(file, "ida")

    def test_is_refused_while_a_run_is_active(self):
        file = make.LeadFileFactory.create()
        run = make.RunFactory.create(status="RUNNING")

        with pytest.raises(undo.Refused, match=f"Run {run.pk} is in progress"):
            undo.ask(file, "ida")

    def test_keeps_the_file_from_the_next_run(self):
        file = make.LeadFileFactory.create(status="QUEUED", accepted=3, records_done=2)
        undo.ask(file, "ida")

        run = starting.start_now(now=timezone.now(), started_by="test")

        assert not run.lead_files.exists()

    def test_keeps_the_file_from_a_run_that_is_resumed(self):
        file = make.LeadFileFactory.create(status="QUEUED", run=make.RunFactory.create())
        undo.ask(file, "ida")
        stage_run = make.StageRunFactory.create(run=file.run, status="RUNNING")
        chunk = make.ChunkFactory.create(stage_run=stage_run, ref_id=file.pk, status="LEASED")

        validate.work(chunk, Lease(chunk.pk, chunk.attempt))

        file.refresh_from_db()
        assert file.status == "UNDONE"


@pytest.fixture
def other():
    """A connection beside, of somebody who does not wait for long."""
    with contextlib.closing(connection.copy()) as beside, beside.cursor() as cursor:
        cursor.execute("SET lock_timeout = 50")
        cursor.execute("BEGIN")
        yield cursor


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAgainstOthers:
    @pytest.mark.parametrize(
        "statement",
        [
            pytest.param("UPDATE pipeline_run SET error = ''", id="a run that opens or ends"),
            pytest.param(between_runs._LOCK, id="another undo or merge"),
        ],
    )
    def test_keeps_them_out_of_a_slice(self, other, statement):
        """LOCK TABLE makes them wait; here they give up at once: it proves that they would."""
        with transaction.atomic():
            between_runs.hold()

            with pytest.raises(OperationalError, match="lock timeout"):
                other.execute(statement)

    def test_who_asks_at_the_desk_is_told_to_come_back(self, other):
        file = make.LeadFileFactory.create()
        alike = make.LeadFactory.create(lookalike=make.LeadFactory.create(), lookalike_by="phone")
        other.execute(between_runs._LOCK)

        with pytest.raises(undo.Refused, match="try again in a minute"):
            undo.ask(file, "ida")
        with pytest.raises(lookalikes.NotPossible, match="try again in a minute"):
            lookalikes.one_person(alike)

    def test_who_asked_at_the_desk_waits_for_other_things_as_long_as_anybody(self):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            usual = cursor.fetchone()

            assert between_runs.hold_soon()

            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == usual
