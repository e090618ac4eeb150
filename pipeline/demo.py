"""The invented agency of `make demo`: five clients on three plans, and a database of their own."""

from __future__ import annotations

import datetime as dt

import psycopg
import redis
from django.conf import settings
from django.db import connection
from psycopg import sql

from clients import terms, wishes
from clients.models import Client, Plan, TargetRule
from clients.targeting import Operator
from leadgen import env

_FOOTER = {
    "en": "{sender}, {client}. To hear no more from us, answer with the word stop.",
    "de": "{sender}, {client}. Wenn Sie nichts mehr von uns hören möchten, antworten Sie mit Stopp.",
    "fr": "{sender}, {client}. Pour ne plus rien recevoir de nous, répondez par le mot stop.",
}
_CALL = {
    "en": "Would a call of 15 minutes next week suit you?",
    "de": "Passt Ihnen nächste Woche ein Gespräch von 15 Minuten?",
    "fr": "Un appel de 15 minutes la semaine prochaine vous conviendrait-il ?",
}
_LANGUAGE = {"Alpenblick Software": "de", "Studio Lumière": "fr"}

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
        "Wir bringen den Papierkram im Lager mittelgroßer Firmen in eine einzige einfache App.",
        [
            ("country", Operator.IN, ["DE", "AT", "CH"]),
            ("employees", Operator.BETWEEN, ["11-500"]),
        ],
    ),
    (
        "Harbour Finance",
        "Growth",
        2,
        "Europe/London",
        "Priya Anand",
        "We pay your suppliers on time and let you settle up to 60 days later.",
        [
            ("title", Operator.CONTAINS, ["CFO", "financ*", "Chief", "Founder", "Owner"]),
            ("country", Operator.NOT_IN, ["Germany"]),
        ],
    ),
    (
        "Studio Lumière",
        "Starter",
        2,
        "Europe/Paris",
        "Camille Roche",
        "Nous filmons des histoires de produit de deux minutes que les équipes de vente joignent à leurs offres.",
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


def make_clients(today: dt.date) -> list[Client]:
    """Five clients on three plans, each with its own caps, time zone, offer, rules and terms.

    Whatever day it is, none of them is closed: the one day off is never near today.
    """
    plans = {plan["name"]: Plan.objects.create(**plan) for plan in _PLANS}
    clients = [_client(plans, *row) for row in _CLIENTS]
    day_off = (today + dt.timedelta(days=3)).isoweekday()
    _agree(clients[0], max_per_domain=3, review=wishes.Review.SAMPLE, review_percent=20)
    _agree(clients[1], tone=wishes.Tone.FORMAL, review=wishes.Review.ALL)
    _agree(clients[2], delivery_days=[day for day in terms.ISO_WEEKDAYS if day != day_off])
    _agree(clients[3], pacing=terms.Pacing.EVEN, carry_over=terms.CarryOver.LAST_MONTH)
    _agree(clients[4], money_limit_cents=100_000, max_lead_age_days=14)
    return clients


def _agree(client: Client, **agreed: object) -> None:
    for name, value in agreed.items():
        setattr(client, name, value)
    client.save(update_fields=[*agreed])


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
    language = _LANGUAGE.get(name, "en")
    mailbox = name.lower().split()[0].encode("ascii", "ignore").decode()
    client = Client.objects.create(
        name=name,
        plan=plans[plan],
        priority=priority,
        time_zone=time_zone,
        sender_name=sender,
        offer=offer,
        emails=[f"leads@{mailbox}.example"],
        call_to_action=_CALL[language],
        language=language,
        footer=_FOOTER[language].format(sender=sender, client=name),
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
