"""What a row costs to write: tables that grow by the hundred thousand a night have no idle index."""

from __future__ import annotations

import pytest
from django.db import connection

from deliveries.models import DeliveredLead
from pipeline.models import AiCall, Draft, ForecastPair, Lead, LeadChange, Rejection

pytestmark = pytest.mark.django_db

LARGE = (AiCall, DeliveredLead, Draft, ForecastPair, Lead, LeadChange, Rejection)
COVERED = """
SELECT idle.indexrelid::regclass::text
  FROM pg_index idle JOIN pg_index other USING (indrelid)
 WHERE idle.indrelid = %s::regclass AND idle.indexrelid <> other.indexrelid
   AND NOT idle.indisunique AND idle.indexprs IS NULL AND other.indexprs IS NULL
   AND idle.indclass[0] = other.indclass[0]  -- a BRIN does what no B-tree does
   AND starts_with(other.indkey::text || ' ', idle.indkey::text || ' ')
   AND idle.indpred IS NULL AND other.indpred IS NULL
"""


@pytest.mark.parametrize("model", LARGE)
def test_no_index_of_a_large_table_is_the_beginning_of_another(model):
    with connection.cursor() as cursor:
        cursor.execute(COVERED, [model._meta.db_table])
        assert not cursor.fetchall()
