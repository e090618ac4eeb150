"""Drafts by the AI, against a stand-in that takes 300 ms an answer, in a process of its own.

BENCH_AI_SECONDS (60) and BENCH_AI_LEADS (10,000) make the small form smaller.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import httpx2
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from clients.models import Client, Plan
from pipeline.models import Chunk, LeadFile, Run, StageRun
from tests.bench.base import environment, in_fresh_process, make_database
from tests.bench.measures import ROUNDS, Benchmark, Measure, load, median

LATENCY_MS = 300
SECONDS = int(os.environ.get("BENCH_AI_SECONDS", "60"))
LEADS = int(os.environ.get("BENCH_AI_LEADS", "10000"))
PER_SECOND = 200
WARM_UP = 10  # seconds
PEER_LEADS = 60
IN_FLIGHT = 500
ACCOUNT = {
    "GEMINI_API_KEY": "an-invented-key-for-a-stand-in",
    "AI_BUDGET_RUN_CENTS": "1000000",
    "AI_BUDGET_DAY_CENTS": "1000000",
}
STAND_IN = f"a stand-in, {LATENCY_MS} ms an answer"

_LEADS = """
WITH made AS (
    INSERT INTO pipeline_lead (file_id, run_id, record, line, key, status, reason, max_clients,
                               email, first_name, last_name, title, company, country, extras)
    SELECT %(file)s, %(run)s, n, n + 1, md5(n::text)::uuid, 'READY', '', 1,
           'ann' || n || '@acme-' || n || '.example', 'Ann', 'Ashby', 'Head of Quality',
           'Acme ' || n, 'Germany', '{}'
      FROM generate_series(1, %(leads)s) AS n
    RETURNING id)
INSERT INTO pipeline_forecastpair (run_id, lead_id, client_id, is_reserve)
SELECT %(run)s, id, %(client)s, false FROM made
"""


@contextlib.contextmanager
def stand_in() -> Iterator[str]:
    """Its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integrations.gemini_server", "0", str(LATENCY_MS)],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def arrivals(url: str) -> list[float]:
    return sorted(httpx2.get(f"{url}/arrivals", timeout=30).json()["arrivals"])


def _fill(leads: int) -> list[int]:
    """A run that is about to personalize; ids of its chunks."""
    make_database()
    now = timezone.now()
    plan = Plan.objects.create(name="Bench")
    client = Client.objects.create(
        name="Bench", plan=plan, emails=["c@client.example"], offer="We mend.", sender_name="Ida"
    )
    run = Run.objects.create(
        kind="MANUAL", local_date=now.date(), as_of=now, request_key="bench", started_by="bench"
    )
    file = LeadFile.objects.create(
        name="leads", storage_name="nowhere", size=0, sha256="1" * 64, status="IMPORTED",
        encoding="utf-8", delimiter=",", header_row=1, headers=[], fields=[], rows=leads,
        accepted=leads, duplicate_in_file=0, invalid=0, blank=0, records_done=leads,
        uploaded_by="bench", run=run,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            _LEADS, {"file": file.pk, "run": run.pk, "client": client.pk, "leads": leads}
        )
    stage_run = StageRun.objects.create(run=run, stage="PERSONALIZE")
    ids = list(run.forecast_pairs.order_by("lead").values_list("lead", flat=True))
    chunks = [
        Chunk(stage_run=stage_run, seq=seq, low=part[0], high=part[-1])
        for seq, part in enumerate(ids[n : n + 1_000] for n in range(0, leads, 1_000))
    ]
    return [chunk.pk for chunk in Chunk.objects.bulk_create(chunks)]


def _forget_pace() -> None:
    """What an earlier round has learned of the account."""
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
        for key in server.scan_iter(match=f"{prefix}limits:*"):
            server.delete(key)


def measure_limit() -> list[Measure]:
    """Two worker processes under one limit of 200 requests a second."""
    ids = _fill(PER_SECOND * (SECONDS + 10))
    _forget_pace()
    with stand_in() as url:
        told = environment(
            **ACCOUNT, GEMINI_BASE_URL=url, GEMINI_RPM=str(PER_SECOND * 60),
            GEMINI_CONCURRENCY="200",
        )  # fmt: skip
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.bench.work", "drafts", json.dumps(ids[n::2])],
                cwd=settings.BASE_DIR, env=told, stdout=subprocess.DEVNULL,
            )
            for n in range(2)
        ]  # fmt: skip
        while not arrivals(url):
            time.sleep(0.1)
        time.sleep(SECONDS + 1)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        came = arrivals(url)
    busy = load()
    steady = [at for at in came if came[0] + WARM_UP <= at < came[0] + SECONDS]
    used = len(steady) / (PER_SECOND * (SECONDS - WARM_UP))
    passed = _passed(came, 60.0, PER_SECOND * 60) + _passed(came, 1.0, PER_SECOND * 1.1)
    against = f"{PER_SECOND} requests a second, counted by {STAND_IN}, on arrival"
    return [
        Measure(
            name="ai_limit_used", value=used, unit="", bar=0.95, better="higher",
            against=against, rounds=1, load=busy,
        ),
        Measure(
            name="ai_limit_exceeded", value=passed, unit="", bar=0, better="lower",
            against=f"{against}; most in a second: {_most(came, 1.0)}", rounds=1, load=busy,
        ),
    ]  # fmt: skip


def _within(moments: list[float], seconds: float) -> list[int]:
    """How many came in the window of that length that ends with each."""
    return [n + 1 - bisect_left(moments, at - seconds) for n, at in enumerate(moments)]


def _most(moments: list[float], seconds: float) -> int:
    return max(_within(moments, seconds))


def _passed(moments: list[float], seconds: float, most: float) -> int:
    return sum(count > most for count in _within(moments, seconds))


def measure_speed() -> list[Measure]:
    """One worker process without a limit, 500 calls in flight, beside one task per lead."""
    rounds: list[dict[str, Any]] = []
    peers: list[float] = []
    for _ in range(ROUNDS):
        ids = _fill(LEADS)
        _forget_pace()
        with stand_in() as url:
            found = in_fresh_process(
                "drafts", json.dumps(ids), **ACCOUNT, GEMINI_BASE_URL=url,
                GEMINI_CONCURRENCY=str(IN_FLIGHT),
            )  # fmt: skip
            rounds.append(found)
        peers.append(_task_per_lead())
    busy = load()

    def line(name: str, values: list[float], unit: str, bar: float, better: str) -> Measure:
        return Measure(
            name=name, value=median(values), unit=unit, bar=bar, better=better, rounds=ROUNDS,
            against=f"{LEADS:,} leads, {STAND_IN}", load=busy,
        )  # fmt: skip

    speed = [one["leads"] / one["seconds"] for one in rounds]
    ratios = [own / peer for own, peer in zip(speed, peers, strict=True)]
    return [
        line("ai_leads_per_core", speed, "1/s", 180, "higher"),
        line("ai_cpu_ms_per_lead", [1e3 * one["cpu"] / one["leads"] for one in rounds], "ms", 5.5,
             "lower"),
        line("ai_peak_rss_mb", [one["peak_mb"] for one in rounds], "MB", 250, "lower"),
        Measure(
            name="ai_vs_task_per_lead", value=median(ratios), unit="x", bar=20, better="higher",
            against=f"Celery prefork -c2, google-genai, one task a lead: {median(peers):.1f}/s",
            rounds=ROUNDS, load=busy,
        ),
    ]  # fmt: skip


def _task_per_lead() -> float:
    """Leads a second of the usual way."""
    with stand_in() as url:
        told = environment(PEER_GEMINI=url, PEER_BROKER=settings.CELERY_BROKER_URL)
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.bench.task_per_lead", "worker", "-c",
             "2", "--without-gossip", "--without-mingle", "--loglevel", "error"],
            cwd=settings.BASE_DIR, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            subprocess.run(
                [sys.executable, "-m", "tests.bench.task_per_lead", str(PEER_LEADS)],
                cwd=settings.BASE_DIR, env=told, check=True,
            )  # fmt: skip
            while len(came := arrivals(url)) < PEER_LEADS:
                time.sleep(0.2)
        finally:
            worker.terminate()
            worker.wait()
    return (len(came) - 1) / (came[-1] - came[0])


BENCHMARKS = (
    Benchmark(names=("ai_limit_used", "ai_limit_exceeded"), measure=measure_limit),
    Benchmark(
        names=(
            "ai_leads_per_core", "ai_cpu_ms_per_lead", "ai_vs_task_per_lead", "ai_peak_rss_mb",
        ),
        measure=measure_speed,
    ),
)  # fmt: skip
