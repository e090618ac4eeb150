"""What each reason code means, in an operator's words. Pure: the one table for the whole desk.

Codes may be added, never renamed (spec V2): outside scripts count by them.
"""

from __future__ import annotations

REASONS = {
    # validate: rows of a file that became no lead
    "blank": "The row is empty",
    "bad_email": "Not an e-mail address",
    "missing_field": "The e-mail address is missing",
    "too_many_cells": "More cells than the header has columns",
    "unclosed_quote": "A quote opens and never closes",
    "nul_byte": "Holds a NUL byte, which no text may",
    "disposable": "A throw-away mailbox",
    "role": "A role's mailbox, such as info@, and no person's",
    "no_mx": "Its domain takes no mail",
    # dedupe: leads that are somebody we know, or may not be sold at all
    "dup_file": "The same person stands in this file twice",
    "dup_db": "We had this person before",
    "suppressed_global": "Suppressed for everybody",
    # undo: a duplicate that took the place of the lead it was one of
    "twin_undone": "The file that brought this person first was undone",
    # personalize: leads that wait before money is spent on them
    "waiting_capacity": "No client is expected to take it this time",
    "held_review": "Its draft waits for a review",
    # allocate: why a lead stays in stock; the client that came closest says it
    "no_client": "There is no active client",
    "filter": "Fits no client's targeting rules",
    "not_exclusive": "The clients that want it buy exclusive leads only",
    "suppressed_client": "Suppressed by the client that wants it",
    "dup_client": "The client that wants it had this person before",
    "cap_day": "The clients that want it have their leads of the day",
    "cap_week": "The clients that want it have their leads of the week",
    "cap_month": "The clients that want it have their leads of the month",
    "cap_total": "The clients that want it have all they ordered",
    "outbid": "It went where it was due before: a higher priority, or less filled",
    "cap_domain": "The clients that want it have enough leads of its company",
    "cap_even": "The clients that want it have their share of today",
    "money_limit": "The clients that want it have spent their money of the month",
    "no_schedule": "The clients that want it take no leads today",
    "paused": "The clients that want it are paused",
    "not_started": "The clients that want it have not started yet",
    "ended": "The clients that want it have ended",
    "no_time_zone": "The clients that want it have a time zone that nobody knows",
    "too_old": "Older than a lead may be",
    "changed_since": "By what is known now nothing kept it away",
    # allocate: why a client got fewer leads than it might have had
    "no_stock": "Every lead in stock that it may have is placed",
    # upload, notify, log: in deliveries, not leads
    "suppressed": "Suppressed before the file was made",
    "suppressed_before_delivery": "Suppressed after it was allocated",
    "released": "Released, as the client was paused, ended or put off before its file was made",
    "withdrawn": "Every lead in it was suppressed, so nothing was sent",
    "waiting": "Waits for an outside service; goes on by itself",
    "failed": "Failed for good; the delivery says why",
    # drafts: why the template stood in for the AI
    "no_ai_account": "No AI account is set up (GEMINI_API_KEY)",
    "no_draft": "The forecast had expected another client",
    "ai_error": "The AI gave no answer, however often it was asked",
    "ai_auth": "The AI refused our key",
    "ai_quota": "The AI's quota or its account's money was used up",
    "ai_budget": "Our budget for the AI was used up",
    "ai_model": "The AI does not know our model any more",
    "ai_location": "The AI may not be used from where the server stands",
    "ai_limit": "The AI's account is limited",
    "ai_down": "The AI was down for too long",
    "ai_request": "The AI refused the request as invalid",
    "ai_blocked": "The AI withheld its answer",
    "ai_cut": "The AI's answer was cut off, twice",
    "ai_empty": "The AI's answer was empty, twice",
    "ai_unfit": "The AI's answer failed our checks, twice",
    "ai_lost": "No answer came; it counts as paid",
    "probe": "The doctor asked whether it answers",
    "missing_value": "The lead lacks a value that the prompt must have",
    "unreviewed": "Nobody reviewed the AI's draft in time",
    "rejected": "A person rejected the AI's draft",
    "redo": "A person asked for other words; none are written yet",
}


def in_words(code: str) -> str:
    """The sentence for a code; a code that is not in the table is shown as it is."""
    return REASONS.get(code, code.replace("_", " "))


def inside(sentence: str) -> str:
    """As it stands within another sentence: names keep their capitals."""
    return sentence[:1].lower() + sentence[1:]


# Of a client: why it is given nothing now, or no more.
OF_A_CLIENT = {
    "cap_day": "It has its leads of the day",
    "cap_week": "It has its leads of the week",
    "cap_month": "It has its leads of the month",
    "cap_total": "It has all that it ordered",
    "cap_even": "It has its share of today",
    "money_limit": "Its money of the month is spent",
    "no_schedule": "Today is none of its delivery days",
    "paused": "It is paused",
    "not_started": "Its first day has not come",
    "ended": "Its last day is over",
    "no_time_zone": "Its time zone is unknown: choose another",
    "no_stock": REASONS["no_stock"],
}


def of_a_client(code: str) -> str:
    """Why a client is given nothing now, or no more; '' for no code."""
    return OF_A_CLIENT.get(code, in_words(code))
