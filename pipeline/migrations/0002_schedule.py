"""Seed the tick and the nightly time; afterwards the rows rule, edited in the admin."""

from __future__ import annotations

from django.conf import settings
from django.db import migrations


def seed(apps, schema_editor):
    Crontab = apps.get_model("django_celery_beat", "CrontabSchedule")
    Interval = apps.get_model("django_celery_beat", "IntervalSchedule")
    Task = apps.get_model("django_celery_beat", "PeriodicTask")
    every, _ = Interval.objects.get_or_create(every=settings.TICK_SECONDS, period="seconds")
    Task.objects.get_or_create(
        name="Tick",
        defaults={
            "task": "pipeline.tick",
            "interval": every,
            "expire_seconds": settings.TICK_SECONDS,
            "description": "Keeps runs going. Do not disable it.",
        },
    )
    nightly, _ = Crontab.objects.get_or_create(
        minute=str(settings.NIGHTLY_AT.minute),
        hour=str(settings.NIGHTLY_AT.hour),
        day_of_week="*",
        day_of_month="*",
        month_of_year="*",
        timezone=settings.TIME_ZONE,
    )
    Task.objects.get_or_create(
        name="Nightly run",
        defaults={
            "task": "pipeline.tick",
            "crontab": nightly,
            "description": "When the nightly run starts. Change its crontab to change the time.",
        },
    )


class Migration(migrations.Migration):
    dependencies = [
        ("pipeline", "0001_first_tables"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
