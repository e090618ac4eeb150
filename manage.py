#!/usr/bin/env python
"""Every command of the product starts here; `manage.py help` lists them."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadgen.settings")
    from leadgen.env import ConfigurationError  # noqa: PLC0415  (after the version check below)

    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415

        execute_from_command_line(sys.argv)
    except ConfigurationError as problem:
        if "--json" in sys.argv:
            print(json.dumps({"error": problem.error, "hint": problem.hint}))
        else:
            print(f"{problem.error} {problem.hint}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("AILeadGen needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")
    main()
