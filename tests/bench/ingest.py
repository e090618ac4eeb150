"""Reading, checking, storing and deduping lead files, against PostgreSQL's own COPY."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from django.conf import settings
from django.db import connection
from django.utils import timezone

from pipeline import addresses, chain, leadfile, mapping
from pipeline.arrow import of_pandas
from pipeline.models import LeadFile, Run
from pipeline.models.runs import RunKind
from pipeline.states import Stage
from tests.bench import people
from tests.bench.base import bench_file, in_fresh_process, make_database
from tests.bench.measures import PROCESSES, ROUNDS, Benchmark, Measure, load, median

LARGE = int(os.environ.get("BENCH_ROWS", "1000000"))
SMALL = LARGE // 10
KNOWN = int(os.environ.get("BENCH_KNOWN", str(5 * LARGE)))
OVERLAP = LARGE // 10  # of the file's people, known already
PEER_ROWS = 10_000
BASE = "the base"
POSTGRES = "COPY of the same file into a table of text columns"


@dataclass(frozen=True)
class Round:
    copy: float
    store: float
    dedupe: float
    peak_mb: float
    small_store: float
    small_peak_mb: float


def measure() -> list[Measure]:
    make_database()
    large, small = bench_lead_file(LARGE), bench_lead_file(SMALL)
    _fill_base(large)
    rounds = [_round(large, small) for _ in range(ROUNDS)]
    busy = load()

    def ratio(name: str, values: list[float], bar: float, against: str = POSTGRES) -> Measure:
        return Measure(
            name=name, value=median(values), unit="x", bar=bar, better="lower", against=against,
            rounds=ROUNDS, load=busy,
        )  # fmt: skip

    growth = [one.store / LARGE / (one.small_store / SMALL) for one in rounds]
    return [
        ratio("ingest_vs_copy", [one.store / one.copy for one in rounds], 5),
        ratio(
            "ingest_dedupe_vs_copy", [(one.store + one.dedupe) / one.copy for one in rounds], 10,
            f"{POSTGRES}; {KNOWN:,} people known",
        ),
        Measure(
            name="ingest_peak_rss_mb", value=median([one.peak_mb for one in rounds]), unit="MB",
            bar=400, better="lower", rounds=ROUNDS, load=busy,
            against=f"{median([one.small_peak_mb for one in rounds]):.0f} MB at {SMALL:,} rows",
        ),
        ratio(
            "ingest_rss_growth", [one.peak_mb / one.small_peak_mb for one in rounds], 1.3,
            f"the same at {SMALL:,} rows",
        ),
        ratio("ingest_growth", growth, 1.3, f"time per row at {SMALL:,} rows"),
    ]  # fmt: skip


def measure_peer() -> list[Measure]:
    """Against django-import-export, on rows few enough that nobody has to wait for it."""
    make_database()
    path = bench_lead_file(PEER_ROWS)
    ratios = []
    for _ in range(ROUNDS):
        run = _open_run(path)
        own = in_fresh_process("stage", run.pk, Stage.VALIDATE)["seconds"]
        _forget_leads()
        ratios.append(in_fresh_process("import_export", path)["seconds"] / own)
        _forget(run)
    return [
        Measure(
            name="ingest_vs_import_export", value=median(ratios), unit="x", bar=50, better="higher",
            against=f"django-import-export's defaults, {PEER_ROWS:,} rows", rounds=ROUNDS,
            load=load(),
        )
    ]  # fmt: skip


def bench_lead_file(rows: int) -> Path:
    path = bench_file(f"leads-{rows}.csv")
    people.write(path, rows)
    return path


def _round(large: Path, small: Path) -> Round:
    copy = raw_copy(large)
    run = _open_run(large)
    stored = in_fresh_process("stage", run.pk, Stage.VALIDATE)
    chain.drive(run.pk)
    deduped = _deduped(run)
    _forget(run)
    run = _open_run(small)
    little = in_fresh_process("stage", run.pk, Stage.VALIDATE)
    _forget(run)
    return Round(
        copy, stored["seconds"], deduped, stored["peak_mb"],
        little["seconds"], little["peak_mb"],
    )  # fmt: skip


def _deduped(run: Run) -> float:
    """Seconds of the stage by a worker's processes: each does what chunks it finds free."""
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = range(PROCESSES)
        done = list(pool.map(lambda _: in_fresh_process("stage", run.pk, Stage.DEDUPE), parts))
    seconds: float = max(one["ended"] for one in done) - min(one["began"] for one in done)
    return seconds


def raw_copy(path: Path) -> float:
    """Seconds of a COPY into a plain logged table: the floor that PostgreSQL sets."""
    columns = ", ".join(f'"{name}" text' for name in people.HEADER)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS raw; CREATE TABLE raw ({columns})")
        began = time.perf_counter()
        with (
            path.open("rb") as stream,
            cursor.copy("COPY raw FROM STDIN (FORMAT csv, HEADER)") as copy,
        ):
            while block := stream.read(1 << 18):
                copy.write(block)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE raw")
    return seconds


def _open_run(path: Path) -> Run:
    """A run with this file queued, as after a check, which is not what is measured here."""
    stored = Path(settings.MEDIA_ROOT) / "lead-files" / path.name
    stored.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, stored)
    rows = int(path.stem.rpartition("-")[2])
    with path.open("rb") as stream:
        layout = leadfile.inspect(stream)
        sha256 = leadfile.digest(stream)
    columns = mapping.guess(layout.headers)
    LeadFile.objects.create(
        name=path.name, storage_name=f"lead-files/{path.name}", size=path.stat().st_size,
        sha256=sha256, status="QUEUED", encoding=layout.encoding, delimiter=layout.delimiter,
        header_row=layout.header_row, headers=list(layout.headers),
        fields=[columns.field_of(n) for n in range(len(layout.headers))],
        rows=rows, accepted=rows, duplicate_in_file=0, invalid=0, blank=0, uploaded_by="bench",
    )  # fmt: skip
    now = timezone.now()
    return chain.start(
        kind=RunKind.MANUAL, local_date=now.date(), as_of=now, request_key=f"bench:{now}",
        started_by="bench",
    )  # fmt: skip


def _forget(run: Run) -> None:
    """Remove the run and all that it brought, and leave the tables as tidy as before."""
    _forget_leads()
    LeadFile.objects.filter(run=run).delete()
    run.delete()


# What the file says of people that are known and the base does not: each round tells it anew.
_UNTOLD = """
UPDATE pipeline_lead
   SET linkedin_url = '', linkedin_key = '', phone = '', phone_key = NULL
 WHERE id IN (SELECT lead_id FROM pipeline_leadchange)
"""


def _forget_leads() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD)
        cursor.execute("DELETE FROM pipeline_leadchange")
        cursor.execute("DELETE FROM pipeline_rejection")
        cursor.execute(
            "DELETE FROM pipeline_lead WHERE file_id NOT IN"
            " (SELECT id FROM pipeline_leadfile WHERE name = %s)",
            [BASE],
        )
        cursor.execute("VACUUM ANALYZE pipeline_lead")
        cursor.execute("CHECKPOINT")


# As the product would have written them: with phones and pages, by which lookalikes are told. Of
# every second one that the file tells of again, both are unknown.
_KNOWN = """
INSERT INTO pipeline_lead (
    file_id, record, line, run_id, status, reason, max_clients, key, domain_keys, country_code,
    email, email_status, first_name, last_name, title, seniority, department,
    company, company_domain, website, industry, employees, city, country,
    linkedin_url, linkedin_key, phone, phone_key, extras)
SELECT %(file)s, n, n, %(run)s, 'READY', 'cap_month', 1,
       coalesce(overlap.key, md5('known ' || n)::uuid), ARRAY[md5('domain ' || n)::uuid], 'SE',
       'known.' || n || '@base-' || n || '.example', 'Verified', 'Kim', 'Known', 'Buyer',
       'Director', 'Sales', 'Base ' || n %% 40000, 'base-' || n || '.example',
       'https://base-' || n || '.example', 'banking', '120', 'Lund', 'Sweden',
       CASE WHEN told THEN 'https://www.linkedin.com/in/kim-known-' || n ELSE '' END,
       CASE WHEN told THEN 'in/kim-known-' || n ELSE '' END,
       CASE WHEN told THEN '+46 70 ' || lpad(n::text, 7, '0') ELSE '' END,
       CASE WHEN told THEN md5('phone ' || n)::uuid END,
       '{}'
  FROM generate_series(1, %(rows)s) AS n LEFT JOIN overlap USING (n)
 CROSS JOIN LATERAL (SELECT overlap.key IS NULL OR n %% 2 = 0 AS told) known
"""


def _fill_base(path: Path) -> None:
    """KNOWN people in the base; OVERLAP of them stand in the file again."""
    now = timezone.now()
    run = Run.objects.create(
        kind=RunKind.MANUAL, local_date=now.date(), as_of=now, request_key="the base",
        started_by="bench", status="DONE", ended_at=now,
    )  # fmt: skip
    base = LeadFile.objects.create(
        name=BASE, storage_name="nowhere", size=0, sha256="0" * 64, status="IMPORTED",
        encoding="utf-8", delimiter=",", header_row=1, headers=[], fields=[], rows=KNOWN,
        accepted=KNOWN, duplicate_in_file=0, invalid=0, blank=0, records_done=KNOWN,
        uploaded_by="bench", run=run,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE overlap (n bigint, key uuid)")
        with cursor.copy("COPY overlap FROM STDIN") as copy:
            for n, key in enumerate(sorted(_keys_in(path)), start=1):
                copy.write_row((n, key))
        cursor.execute(_KNOWN, {"file": base.pk, "run": run.pk, "rows": KNOWN})
        cursor.execute("VACUUM ANALYZE pipeline_lead")
        cursor.execute("CHECKPOINT")  # or the first round waits for the base to be written


def _keys_in(path: Path) -> set[str]:
    """Match keys of OVERLAP people of the file."""
    every = max(LARGE // OVERLAP, 1)
    cells = pd.read_csv(path, usecols=["Email"], dtype="str")["Email"].iloc[::every]
    column = addresses.normalised(of_pandas(cells[cells.str.contains("@")]))
    return set(addresses.match_keys(column, settings.SUPPRESSION_KEY.encode()).to_pylist())


BENCHMARKS = (
    Benchmark(
        names=(
            "ingest_vs_copy", "ingest_dedupe_vs_copy", "ingest_peak_rss_mb", "ingest_rss_growth",
            "ingest_growth",
        ),
        measure=measure,
    ),
    Benchmark(names=("ingest_vs_import_export",), measure=measure_peer),
)  # fmt: skip
