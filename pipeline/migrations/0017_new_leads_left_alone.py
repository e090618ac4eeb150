"""Autovacuum looks into the tables of NEW leads only for what is dead there.

Their rows go within the hour: to vacuum them for having come, or to analyse them, which dedupe does
itself, is work for nothing. And whoever vacuums holds a lock: dedupe could not empty the table at
once then, and waited for one whose end was being cut off.
"""

from django.db import migrations

_TABLES = [f"pipeline_lead_new_{digit}" for digit in "048c"]
_ALONE = """
ALTER TABLE {table} SET (autovacuum_vacuum_insert_threshold = -1,
                         autovacuum_analyze_threshold = 2000000000, vacuum_truncate = off)
"""
_AS_OTHERS = """
ALTER TABLE {table} RESET (autovacuum_vacuum_insert_threshold,
                           autovacuum_analyze_threshold, vacuum_truncate)
"""


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0016_runs_leads_by_range")]

    operations = [
        migrations.RunSQL(_ALONE.format(table=table), _AS_OTHERS.format(table=table))
        for table in _TABLES
    ]
