"""The process beside a worker, which makes the keys of a large file."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

from tests.flows.conftest import lives, until


def test_ends_when_its_worker_is_killed():
    program = (
        "import sys, time\n"
        "from pipeline.keyed_hashes import Beside\n"
        "with Beside(b'secret') as beside:\n"
        "    print(beside._process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout
        beside = int(worker.stdout.readline())
        assert lives(beside)

        worker.kill()

    until(lambda: not lives(beside))
