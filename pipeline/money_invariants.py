"""The invariants of the AI's money: the ledger is what the caps are judged by, not the budgets' sums."""

from __future__ import annotations

from pipeline.invariants import Check

# fmt: off
CHECKS = (
    Check("A25", "The AI's calls are within their cap, and what the budget says of them (budgets)", """
        WITH gone AS (
            SELECT run_id, day, CASE outcome WHEN 'RESERVED' THEN reserved_micros ELSE micros END
                   AS micros
              FROM pipeline_aicall),
        ledger AS (
            SELECT run_id, NULL::date AS day, sum(micros) AS micros FROM gone
             WHERE run_id IS NOT NULL GROUP BY run_id
            UNION ALL
            SELECT NULL, day, sum(micros) FROM gone GROUP BY day)
        SELECT book.id FROM pipeline_aibudget book
          LEFT JOIN ledger ON ledger.run_id = book.run_id OR ledger.day = book.day
         WHERE coalesce(ledger.micros, 0) > book.cap_micros
            OR coalesce(ledger.micros, 0) <> book.reserved_micros + book.spent_micros
    """),
    Check("A26", "A draft took three calls at most in a run (calls)", """
        SELECT max(id) FROM pipeline_aicall
         WHERE outcome <> 'REFUSED' AND lead_id IS NOT NULL AND run_id IS NOT NULL
         GROUP BY run_id, lead_id, client_id HAVING count(*) > 3
    """),
)
# fmt: on
