"""`make bench [ONLY=name,name]`: measure, print a line each, and write var/bench.json.

Exit 1 where a bar is missed. Figures of names that were not measured this time stay as they
were in the file.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402  (Django first)

from tests.bench import allocating, delivering, drafting, ingest  # noqa: E402
from tests.bench.measures import Measure  # noqa: E402

BENCHMARKS = (
    *ingest.BENCHMARKS,
    *allocating.BENCHMARKS,
    *drafting.BENCHMARKS,
    *delivering.BENCHMARKS,
)


def main() -> int:
    known = [name for benchmark in BENCHMARKS for name in benchmark.names]
    only = [name for name in os.environ.get("ONLY", "").split(",") if name] or known
    unknown = sorted(set(only) - set(known))
    if unknown:
        sys.stderr.write(f"No benchmark {', '.join(unknown)}; there are {', '.join(known)}.\n")
        return 2
    found: list[Measure] = []
    for benchmark in BENCHMARKS:
        if set(only) & set(benchmark.names):
            for measured in benchmark.measure():
                sys.stdout.write(f"{measured}\n")
                found.append(measured)
    write(found, Path(settings.VAR_DIR) / "bench.json")
    return 1 if any(measured.ok is False for measured in found) else 0


def write(found: list[Measure], path: Path) -> None:
    before = json.loads(path.read_text()) if path.exists() else []
    fresh = {measured.name for measured in found}
    kept = [line for line in before if line["name"] not in fresh]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([*kept, *(measured.as_json() for measured in found)], indent=1))


if __name__ == "__main__":
    sys.exit(main())
