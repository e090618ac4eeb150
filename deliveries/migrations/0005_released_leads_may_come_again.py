"""A row that was released does not keep its client from the person.

No table is rewritten: PostgreSQL drops the constraint and builds its index anew, and nobody writes
to the table meanwhile.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deliveries", "0004_one_key_to_a_delivery")]

    operations = [
        migrations.RemoveConstraint(model_name="deliveredlead", name="lead_once_per_client"),
        migrations.AddConstraint(
            model_name="deliveredlead",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "released"), ("status", "WITHDRAWN"), _negated=True),
                fields=("client", "key"),
                name="lead_once_per_client",
            ),
        ),
    ]
