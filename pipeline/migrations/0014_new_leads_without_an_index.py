"""NEW leads lie without an index: they are read table by table, and only once.

The unique one on (file, record) took a twelfth of the time in which a large file is stored. What it
refused, a slice that is copied twice, the lease forbids; and should it ever happen, the same index
of the parent refuses the row when dedupe moves it.
"""

from django.db import migrations

_TABLES = ("", "_0", "_4", "_8", "_c")
_WITHOUT = "DROP INDEX new_lead_once_per_record{table};"
_WITH = "CREATE UNIQUE INDEX new_lead_once_per_record{table} ON pipeline_lead_new{table} (file_id, record);"


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0013_new_leads_in_parts")]

    operations = [
        migrations.RunSQL(
            "\n".join(_WITHOUT.format(table=table) for table in _TABLES),
            "\n".join(_WITH.format(table=table) for table in _TABLES),
        )
    ]
