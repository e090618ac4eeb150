"""Who gets which lead: the solver alone, and the whole stage against COPY of the lead file."""

from __future__ import annotations

import numpy as np
from django.db import connection
from django.utils import timezone
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from clients.models import Client, Plan, TargetRule
from clients.targeting import Operator
from pipeline.models import LeadFile, Run
from tests.bench import ingest
from tests.bench.allocation_instances import instance
from tests.bench.base import in_fresh_process, make_database
from tests.bench.measures import ROUNDS, Benchmark, Measure, load, median

CLIENTS = 1_000
INDUSTRIES = [f"industry {n}" for n in range(40)]
COUNTRIES = ["Germany", "France", "Spain", "Italy", "Poland", "Sweden", "Canada", "India",
             "Norway", "Austria", "Belgium", "Ireland", "Portugal", "Greece", "Denmark",
             "Finland", "Hungary", "Japan", "Brazil", "Mexico"]  # fmt: skip
TITLES = ["Owner", "Buyer", "Engineer"]

_STOCK = """
INSERT INTO pipeline_lead (file_id, record, line, run_id, status, reason, max_clients, key, email,
                           first_name, title, company, industry, country, extras)
SELECT %(file)s, n, n, %(run)s, 'READY', 'new', 1, md5('stock ' || n)::uuid,
       'lead.' || n || '@stock.example', 'Kim', (%(titles)s::text[])[1 + n %% 3],
       'Stock ' || n %% 40000, (%(industries)s::text[])[1 + n %% 40],
       (%(countries)s::text[])[1 + (n / 40) %% 20], '{}'
  FROM generate_series(1, %(rows)s) AS n
"""


def measure_solver() -> list[Measure]:
    """A million leads in 2,400 classes for 1,000 clients, and in 20,000 for 10,000."""
    middle = [in_fresh_process("solve", "mb") for _ in range(ROUNDS)]
    large = in_fresh_process("solve", "lb")
    placed = middle[0]["placed"]
    busy = load()
    return [
        Measure(
            name="allocate_solve_seconds", value=median([one["seconds"] for one in middle]),
            unit="s", bar=1, better="lower", rounds=ROUNDS, load=busy,
            against="1,000,000 leads, 1,000 clients, drafts and dealing included",
        ),
        Measure(
            name="allocate_large_seconds", value=large["seconds"], unit="s", bar=20,
            better="lower", rounds=1, load=busy, against="20,000 classes, 10,000 clients",
        ),
        Measure(
            name="allocate_peak_rss_mb", value=median([one["peak_mb"] for one in middle]),
            unit="MB", bar=350, better="lower", rounds=ROUNDS, load=busy,
            against=f"{large['peak_mb']:.0f} MB for 10,000 clients (bar 800)",
        ),
        Measure(
            name="allocate_share_of_optimum", value=placed / _optimum("mb"), unit="", bar=1,
            better="higher", rounds=1, load=busy, against="scipy's maximum_flow (Dinic)",
        ),
    ]  # fmt: skip


def _optimum(name: str) -> int:
    """The most leads that any assignment places, by a solver that is none of ours."""
    problem, leads = (case := instance(name)).problem, case.leads
    sizes = np.bincount(leads.class_of, minlength=len(problem.group_of))
    classes, clients = len(sizes), len(problem.seats)
    source, sink = 0, classes + clients + 1
    number = {seat.client_id: classes + 1 + n for n, seat in enumerate(problem.seats)}
    arcs = []
    for each, group in enumerate(problem.group_of.tolist()):
        arcs.append((source, 1 + each, int(sizes[each])))
        wanting = np.asarray(problem.groups[group]).tolist()
        arcs += [(1 + each, number[client], int(sizes[each])) for client in wanting]
    for seat in problem.seats:
        left = len(leads) if seat.left is None else seat.left
        arcs.append((number[seat.client_id], sink, left))
    tail, head, cap = np.array(arcs).T
    graph = csr_matrix((cap.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def measure_stage() -> list[Measure]:
    """Read the classes, solve, write; each round is rolled back."""
    make_database()
    rows = ingest.LARGE
    path = ingest.bench_lead_file(rows)
    _fill(rows)
    ratios = []
    for _ in range(ROUNDS):
        copy = ingest.raw_copy(path)
        ratios.append(in_fresh_process("allocate")["seconds"] / copy)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM pipeline_lead, deliveries_deliveredlead")
    return [
        Measure(
            name="allocate_vs_copy", value=median(ratios), unit="x", bar=3, better="lower",
            against=f"{ingest.POSTGRES}; {rows:,} leads, {CLIENTS:,} clients", rounds=ROUNDS,
            load=load(),
        )
    ]  # fmt: skip


def _fill(rows: int) -> None:
    now = timezone.now()
    run = Run.objects.create(
        kind="MANUAL", local_date=now.date(), as_of=now, request_key="stock", started_by="bench",
        status="DONE", ended_at=now,
    )  # fmt: skip
    stock = LeadFile.objects.create(
        name="the stock", storage_name="nowhere", size=0, sha256="1" * 64, status="IMPORTED",
        encoding="utf-8", delimiter=",", header_row=1, headers=[], fields=[], rows=rows,
        accepted=rows, duplicate_in_file=0, invalid=0, blank=0, records_done=rows,
        uploaded_by="bench", run=run,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _STOCK,
            {"file": stock.pk, "run": run.pk, "rows": rows, "titles": TITLES,
             "industries": INDUSTRIES, "countries": COUNTRIES},
        )  # fmt: skip
        cursor.execute("VACUUM ANALYZE pipeline_lead")
        cursor.execute("CHECKPOINT")  # or the first round waits for the stock to be written
    _clients(rows)


def _clients(rows: int) -> None:
    chance = np.random.default_rng(1)
    plan = Plan.objects.create(name="Bench", cap_month=int(1.1 * rows / CLIENTS))
    clients = Client.objects.bulk_create(
        Client(
            name=f"Client {n}", plan=plan, priority=1 + n % 3, emails=[f"c{n}@client.example"],
            offer="We mend.", sender_name="Ida",
        )
        for n in range(CLIENTS)
    )  # fmt: skip
    TargetRule.objects.bulk_create(
        TargetRule(
            client=client, field=field, operator=Operator.IN.value,
            values=chance.choice(pool, size=min(many, len(pool)), replace=False).tolist(),
        )
        for client in clients
        for field, pool, many in (("country", COUNTRIES, 6), ("industry", INDUSTRIES, 8))
    )  # fmt: skip


BENCHMARKS = (
    Benchmark(
        names=(
            "allocate_solve_seconds", "allocate_large_seconds", "allocate_peak_rss_mb",
            "allocate_share_of_optimum",
        ),
        measure=measure_solver,
    ),
    Benchmark(names=("allocate_vs_copy",), measure=measure_stage),
)  # fmt: skip
