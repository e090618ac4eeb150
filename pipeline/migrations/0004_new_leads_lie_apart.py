"""NEW leads in a child table with one index; dedupe moves them into the large one (see Lead)."""

import django.db.models.deletion
from django.db import migrations, models

# Checks and defaults are inherited; of the parent's indexes and keys none is.
_APART = """
CREATE TABLE pipeline_lead_new (CONSTRAINT lead_is_new CHECK (status = 'NEW'))
  INHERITS (pipeline_lead);
ALTER TABLE pipeline_lead_new
  ALTER id SET DEFAULT nextval(pg_get_serial_sequence('pipeline_lead', 'id'));
CREATE UNIQUE INDEX new_lead_once_per_record ON pipeline_lead_new (file_id, record);
"""
_TOGETHER = """
ALTER TABLE pipeline_lead_new RENAME TO pipeline_lead_was_new;
ALTER TABLE pipeline_lead_was_new NO INHERIT pipeline_lead;
INSERT INTO pipeline_lead SELECT * FROM pipeline_lead_was_new;
DROP TABLE pipeline_lead_was_new;
"""


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0003_what_an_importer_and_a_run_remember")]

    operations = [
        migrations.AlterField(
            model_name="lead",
            name="file",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="leads",
                to="pipeline.leadfile",
            ),
        ),
        migrations.RunSQL(_APART, _TOGETHER),
    ]
