"""The invented agency of `make demo`: five clients on three plans, and a database of their own."""

from __future__ import annotations

import psycopg
import redis
from django.conf import settings
from django.db import connection
from psycopg import sql

from clients.models import Client, Plan, TargetRule
from clients.targeting import Operator
from leadgen import env

_FOOTER = "{sender}, {client}. To hear no more from us, answer with the word stop."

_PLANS = (
    {"name": "Starter", "cap_day": 25, "cap_month": 400, "price_cents": 400},
    {"name": "Growth", "cap_day": 60, "cap_month": 1_000, "price_cents": 350},
    {"name": "Scale", "cap_day": 150, "cap_month": 3_000, "price_cents": 300},
)

# name, plan, priority, time zone, who signs, offer, rules
_CLIENTS: tuple[tuple[str, str, int, str, str, str, list[tuple[str, Operator, list[str]]]], ...] = (
    (
        "Northwind Robotics",
        "Scale",
        1,
        "America/New_York",
        "Dana Whitfield",
        "We build inspection robots that find cracks in pipes before they leak.",
        [("country", Operator.IN, ["United States", "Canada"])],
    ),
    (
        "Alpenblick Software",
        "Growth",
        1,
        "Europe/Berlin",
        "Jonas Reiter",
        "We move warehouse paperwork of mid-sized firms to one simple app.",
        [("country", Operator.IN, ["Germany", "Austria", "Switzerland"])],
    ),
    (
        "Harbour Finance",
        "Growth",
        2,
        "Europe/London",
        "Priya Anand",
        "We pay your suppliers on time and let you settle up to 60 days later.",
        [
            ("title", Operator.CONTAINS, ["CFO", "Finance", "Chief", "Founder", "Owner"]),
            ("country", Operator.NOT_IN, ["Germany"]),
        ],
    ),
    (
        "Studio Lumière",
        "Starter",
        2,
        "Europe/Paris",
        "Camille Roche",
        "We film two-minute product stories that sales teams send with their offers.",
        [("title", Operator.CONTAINS, ["Marketing", "Sales", "Growth", "Brand"])],
    ),
    (
        "Kiwi Recruiting",
        "Starter",
        3,
        "Pacific/Auckland",
        "Aroha Taylor",
        "We find engineers who stay, and charge only after their first six months.",
        [],
    ),
)


class NoDatabase(Exception):
    """The demo's database cannot be made; the message says why."""


def make_clients() -> list[Client]:
    """Five clients on three plans, each with its own caps, time zone, offer and rules."""
    plans = {plan["name"]: Plan.objects.create(**plan) for plan in _PLANS}
    return [_client(plans, *row) for row in _CLIENTS]


def _client(
    plans: dict[object, Plan],
    name: str,
    plan: str,
    priority: int,
    time_zone: str,
    sender: str,
    offer: str,
    rules: list[tuple[str, Operator, list[str]]],
) -> Client:
    mailbox = name.lower().split()[0].encode("ascii", "ignore").decode()
    client = Client.objects.create(
        name=name,
        plan=plans[plan],
        priority=priority,
        time_zone=time_zone,
        sender_name=sender,
        offer=offer,
        emails=[f"leads@{mailbox}.example"],
        footer=_FOOTER.format(sender=sender, client=name),
        extra_columns=["industry", "country"],
    )
    TargetRule.objects.bulk_create(
        TargetRule(client=client, field=field, operator=operator.value, values=values)
        for field, operator, values in rules
    )
    return client


def make_database() -> None:
    """Drop and create the demo's own database. Raises NoDatabase where we may not."""
    name = sql.Identifier(str(settings.DATABASES["default"]["NAME"]))
    parameters = connection.get_connection_params()
    for internal in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(internal, None)
    parameters["dbname"] = env.postgres("DATABASE_URL", settings.DATABASE_URL)["NAME"]
    connection.close()
    try:
        with psycopg.connect(**parameters, autocommit=True) as base:
            base.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            base.execute(sql.SQL("CREATE DATABASE {}").format(name))
    except psycopg.Error as error:
        raise NoDatabase(str(error).strip().splitlines()[0]) from None


def forget_messages() -> None:
    """Drop what an earlier demo left under its own prefix in the broker; nothing else."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        for key in broker.scan_iter(match=f"{prefix}*"):
            broker.delete(key)
