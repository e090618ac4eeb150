"""NEW leads in four tables by their keys, so that each part of dedupe reads its own only (see Lead).

An index of (run, id) in place of (run, status): that took more time than any other of a lead's,
for its entries are equal and of two kinds. The partial one finds what is NEW among the others, and
costs nothing, for as a rule nothing is.
"""

from django.db import migrations, models

_PARTS = ("03", "47", "8b", "cf")  # the first digit of the lowest and of the highest key in each
_PART = """
CREATE TABLE pipeline_lead_new_{digit} (
  CONSTRAINT lead_lies_by_its_key CHECK ({keys})
) INHERITS (pipeline_lead_new);
CREATE UNIQUE INDEX new_lead_once_per_record_{digit}
  ON pipeline_lead_new_{digit} (file_id, record);
WITH taken AS (DELETE FROM ONLY pipeline_lead_new WHERE {keys} RETURNING *)
INSERT INTO pipeline_lead_new_{digit} SELECT * FROM taken;
"""
_TOGETHER = """
WITH taken AS (DELETE FROM ONLY pipeline_lead_new_{digit} RETURNING *)
INSERT INTO pipeline_lead_new SELECT * FROM taken;
DROP TABLE pipeline_lead_new_{digit};
"""


def _words(part: str) -> dict[str, str]:
    first, last = part
    keys = f"key BETWEEN '{first}{'0' * 31}' AND '{last}{'f' * 31}'"
    return {"digit": first, "keys": keys}


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0012_new_leads_are_new")]

    operations = [
        *(
            migrations.RunSQL(_PART.format(**_words(part)), _TOGETHER.format(**_words(part)))
            for part in _PARTS
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["run", "id"], name="lead_of_run"),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("status", "NEW")), fields=["run"], name="lead_new_of_run"
            ),
        ),
        migrations.RemoveIndex(model_name="lead", name="lead_run_status"),
    ]
