"""A delivered lead is found by its delivery, which has its run: one index less to write."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("deliveries", "0005_released_leads_may_come_again"),
        ("pipeline", "0012_new_leads_are_new"),
    ]

    operations = [
        migrations.AlterField(
            model_name="deliveredlead",
            name="run",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivered_leads",
                to="pipeline.run",
            ),
        ),
    ]
