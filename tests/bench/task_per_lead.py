"""How it is usually done: a Celery task for each lead, which asks and waits. Nothing of ours.

The worker is told where to go by PEER_BROKER and PEER_GEMINI; run as a program it sends tasks.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

from celery import Celery

app = Celery("task_per_lead", broker=os.environ["PEER_BROKER"])
app.conf.broker_transport_options = {"global_keyprefix": "bench-task-per-lead:"}
app.conf.task_ignore_result = True


@cache
def client() -> Any:
    from google import genai
    from google.genai import types

    options = types.HttpOptions(
        base_url=os.environ["PEER_GEMINI"], api_version="v1beta", timeout=60_000
    )
    return genai.Client(enterprise=False, api_key="an-invented-key", http_options=options)


@app.task(name="write")
def write(number: int) -> None:
    client().models.generate_content(
        model="gemini-test",
        contents=f"Write a short e-mail to lead {number}, Head of Quality at Acme Pipes.",
        config={"response_mime_type": "application/json", "max_output_tokens": 1024},
    )


if __name__ == "__main__":
    app.control.purge()
    for number in range(int(sys.argv[1])):
        write.delay(number)
