"""Only active leads in the index of windows: caps are counted out of it, and no row is read."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("clients", "0007_what_a_limit_by_company_means"),
        ("deliveries", "0006_no_index_by_run"),
        ("pipeline", "0015_columns_in_reading_order"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="deliveredlead", name="delivered_lead_windows"),
        migrations.AddIndex(
            model_name="deliveredlead",
            index=models.Index(
                condition=models.Q(("status__in", ("ALLOCATED", "DELIVERED"))),
                fields=["client", "allocated_at"],
                name="delivered_lead_windows",
            ),
        ),
    ]
