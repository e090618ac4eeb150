"""Files for clients against PostgreSQL's own COPY, and many uploads at once against one by one."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.utils import timezone

from clients.models import Client, Plan
from deliveries.models import Delivery
from pipeline import sample_words as words
from pipeline.models import LeadFile, Run, StageRun
from tests.bench.base import in_fresh_process, make_database
from tests.bench.measures import PROCESSES, ROUNDS, Benchmark, Measure, load, median

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
FILES = max(ROWS // 1_000, 1)
UPLOADS = int(os.environ.get("BENCH_UPLOADS", "200"))
ONE_BY_ONE = 10  # of them are also uploaded one after another
SLOWNESS = 0.3  # seconds that each answer of the stand-in takes

# People as lead files have them; a draft as long as the template's. Rows lie as allocate and
# personalize write them: delivered leads client by client, drafts lead by lead.
_LEADS = """
INSERT INTO pipeline_lead (file_id, record, line, run_id, status, reason, max_clients, key, email,
                           first_name, last_name, title, company, website, linkedin_url, phone,
                           industry, country, extras)
SELECT %(file)s, n, n, %(run)s, 'ALLOCATED', '', 1, md5('given ' || n)::uuid,
       lower(first || '.' || last) || n || '@given.example', first, last,
       (ARRAY['CFO', 'Head of Purchasing', 'Owner', 'Plant Manager'])[1 + n %% 4],
       'Given Works ' || n %% 40000 || ' GmbH', 'https://www.given' || n %% 40000 || '.example',
       'https://www.linkedin.com/in/given-' || n, '+49 30 ' || 1000000 + n %% 9000000,
       'industry ' || n %% 40, 'Germany', '{}'
  FROM generate_series(1, %(rows)s) AS n
 CROSS JOIN LATERAL (SELECT (%(first)s::text[])[1 + n %% %(firsts)s],
                            (%(last)s::text[])[1 + (n / 7) %% %(lasts)s]) AS name (first, last)
"""
_GIVEN = """
INSERT INTO deliveries_deliveredlead (delivery_id, run_id, client_id, lead_id, key, status, reason,
                                      exclusive, allocated_at)
SELECT delivery.id, delivery.run_id, delivery.client_id, lead.id, lead.key, 'ALLOCATED', '', true,
       now()
  FROM pipeline_lead lead
  JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS n FROM deliveries_delivery) delivery
    ON delivery.n = lead.record %% %(files)s
 ORDER BY delivery.id, lead.id
"""
_DRAFTS = """
INSERT INTO pipeline_draft (lead_id, client_id, run_id, cache_key, source, reason, subject, body,
                            icebreaker)
SELECT lead.id, given.client_id, given.run_id, md5(lead.id::text), 'TEMPLATE', 'no_ai_account',
       'A question for ' || lead.company,
       'Hello ' || lead.first_name || E',\\n\\nAs ' || lead.title || ' at ' || lead.company
       || E' you will know best whether this is worth a minute.\\n\\n' || repeat(%(words)s, 5),
       'As ' || lead.title || ' at ' || lead.company || ' you will know best.'
  FROM deliveries_deliveredlead given JOIN pipeline_lead lead ON lead.id = given.lead_id
 ORDER BY lead.id
"""
_WORDS = "We mend what others throw away, and we would show you how with a few examples that fit. "
_COPY = """
COPY (SELECT lead.email, lead.first_name, lead.last_name, lead.company, lead.title, lead.website,
             lead.linkedin_url, lead.phone, draft.subject, draft.body, draft.icebreaker, lead.id,
             given.allocated_at
        FROM deliveries_deliveredlead given
        JOIN pipeline_lead lead ON lead.id = given.lead_id
        JOIN pipeline_draft draft ON draft.lead_id = lead.id
                                 AND draft.client_id = given.client_id)
  TO STDOUT (FORMAT csv)
"""


def measure_export() -> list[Measure]:
    """Every delivery's file is rendered and stored by a worker as it comes; then COPY alone."""
    make_database()
    run = _fill(ROWS, FILES)
    ratios, peaks = [], []
    for _ in range(ROUNDS):
        copy = _copy_to_stdout()
        ours = _by_a_worker(run)
        assert sum(one["rows"] for one in ours) == ROWS
        ratios.append(max(one["seconds"] for one in ours) / copy)
        peaks.append(max(one["peak_mb"] for one in ours))
    busy, told = load(), f"one COPY TO STDOUT of the same rows; {FILES:,} files, {ROWS:,} leads"
    return [
        Measure(
            name="export_vs_copy", value=median(ratios), unit="x", bar=3, better="lower",
            against=told, rounds=ROUNDS, load=busy,
        ),
        Measure(
            name="export_peak_rss_mb", value=median(peaks), unit="MB", bar=200, better="lower",
            against=told, rounds=ROUNDS, load=busy,
        ),
    ]  # fmt: skip


def _by_a_worker(run: Run) -> list[dict[str, Any]]:
    """Its processes at once, each with its share."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = range(PROCESSES)
        return list(pool.map(lambda n: in_fresh_process("export", run.pk, n, PROCESSES), parts))


def measure_upload() -> list[Measure]:
    """The stage's own task against a Drive that thinks for 300 ms; and with one slot."""
    make_database()
    each = [in_fresh_process("upload", _fill(ONE_BY_ONE, ONE_BY_ONE).pk, 1, SLOWNESS)]
    rounds = []
    for _ in range(ROUNDS if UPLOADS <= 50 else 1):
        made = _fill(UPLOADS, UPLOADS)
        rounds.append(in_fresh_process("upload", made.pk, 10, SLOWNESS))
    slow = each[0]["seconds"] / ONE_BY_ONE
    assert all(one["busiest"] <= 10 and one["files"] == UPLOADS for one in rounds)
    return [
        Measure(
            name="upload_speedup", value=slow / (median([o["seconds"] for o in rounds]) / UPLOADS),
            unit="x", bar=8, better="higher", rounds=len(rounds), load=load(),
            against=f"{UPLOADS} deliveries one after another; {SLOWNESS * 1000:.0f} ms an answer",
        )
    ]  # fmt: skip


def _copy_to_stdout() -> float:
    began = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for _ in copy:
            pass
    return time.perf_counter() - began


def _fill(rows: int, files: int) -> Run:
    """A run whose leads are allocated, a file's worth to each client, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE pipeline_run, pipeline_lead, clients_client, clients_plan CASCADE")
    now = timezone.now()
    run = Run.objects.create(
        kind="MANUAL", local_date=now.date(), as_of=now, request_key=f"bench:{now}",
        started_by="bench", status="DONE", ended_at=now,
    )  # fmt: skip
    file = LeadFile.objects.create(
        name="given", storage_name="nowhere", size=0, sha256="2" * 64, status="IMPORTED",
        encoding="utf-8", delimiter=",", header_row=1, headers=[], fields=[], rows=rows,
        accepted=rows, duplicate_in_file=0, invalid=0, blank=0, records_done=rows,
        uploaded_by="bench", run=run,
    )  # fmt: skip
    StageRun.objects.create(run=run, stage="UPLOAD", status="DONE", ended_at=now)
    plan = Plan.objects.create(name="Bench")
    clients = Client.objects.bulk_create(
        Client(
            name=f"Client {n}", plan=plan, emails=[f"c{n}@client.example"], offer="We mend.",
            sender_name="Ida",
        )
        for n in range(files)
    )  # fmt: skip
    Delivery.objects.bulk_create(
        Delivery(run=run, client=client, rows=rows // files) for client in clients
    )
    first = list(words.FIRST)
    last = [f"{one}-{two}" for one in words.LAST for two in words.LAST]
    with connection.cursor() as cursor:
        cursor.execute(
            _LEADS,
            {"file": file.pk, "run": run.pk, "rows": rows, "first": first, "firsts": len(first),
             "last": last, "lasts": len(last)},
        )  # fmt: skip
        cursor.execute(_GIVEN, {"files": files})
        cursor.execute(_DRAFTS, {"words": _WORDS})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return run


BENCHMARKS = (
    Benchmark(names=("export_vs_copy", "export_peak_rss_mb"), measure=measure_export),
    Benchmark(names=("upload_speedup",), measure=measure_upload),
)
