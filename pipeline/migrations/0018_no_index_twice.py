"""Tables of many rows lose the index of a foreign key that another index begins with.

A refused row, a known person told something, a pair, a draft and a call each cost one write less.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0017_new_leads_left_alone")]

    operations = [
        migrations.AlterField(
            model_name="rejection",
            name="file",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rejections",
                to="pipeline.leadfile",
            ),
        ),
        migrations.AlterField(
            model_name="leadchange",
            name="file",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="pipeline.leadfile",
            ),
        ),
        migrations.AlterField(
            model_name="forecastpair",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="forecast_pairs",
                to="pipeline.run",
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="lead",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="drafts",
                to="pipeline.lead",
            ),
        ),
        migrations.AlterField(
            model_name="aicall",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                help_text="Blank: somebody at the desk asked.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ai_calls",
                to="pipeline.run",
            ),
        ),
    ]
