"""A delivered lead's delivery, run and client by one foreign key: asked once a row, not thrice."""

import django.db.models.deletion
from django.db import migrations, models

_ONE_KEY = """
ALTER TABLE deliveries_deliveredlead ADD CONSTRAINT delivered_lead_of_a_delivery
  FOREIGN KEY (delivery_id, run_id, client_id)
  REFERENCES deliveries_delivery (id, run_id, client_id)
"""
_NONE = "ALTER TABLE deliveries_deliveredlead DROP CONSTRAINT delivered_lead_of_a_delivery"


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0006_what_a_client_wants_of_its_drafts"),
        ("deliveries", "0003_mails_put_off_digests_and_notion"),
        ("pipeline", "0008_new_leads_name_their_sequence"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                fields=("id", "run", "client"), name="delivery_with_run_and_client"
            ),
        ),
        migrations.RunSQL(_ONE_KEY, _NONE),
        migrations.AlterField(
            model_name="deliveredlead",
            name="client",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivered_leads",
                to="clients.client",
            ),
        ),
        migrations.AlterField(
            model_name="deliveredlead",
            name="delivery",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivered_leads",
                to="deliveries.delivery",
            ),
        ),
        migrations.AlterField(
            model_name="deliveredlead",
            name="run",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delivered_leads",
                to="pipeline.run",
            ),
        ),
    ]
