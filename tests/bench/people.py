"""Invented lead files of any size, in a few seconds: 15 columns as Apollo names them.

Of the rows 3 % have an address that is none, and 5 % are somebody who was there before,
spelled differently. The same size gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import sample_words as words

HEADER = (
    "First Name", "Last Name", "Title", "Company", "Email", "Email Status", "Seniority",
    "Departments", "Phone", "# Employees", "Industry", "Person Linkedin Url", "Website",
    "City", "Country",
)  # fmt: skip
AT_ONCE = 100_000
BAD_EVERY, TWIN_EVERY = 33, 20


def write(path: Path, rows: int) -> None:
    """Write the file where it is not there yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as stream:
        for start in range(0, rows, AT_ONCE):
            frame = _frame(start, min(AT_ONCE, rows - start))
            frame.to_csv(stream, index=False, header=start == 0)
    unfinished.rename(path)


def _frame(start: int, count: int) -> pd.DataFrame:
    chance = np.random.default_rng(start)
    number = pd.Series(np.arange(start, start + count))
    pick = {
        name: pd.Series(chance.choice(np.array(pool, dtype=object), count))
        for name, pool in _POOLS.items()
    }
    n = number.astype(str)
    company = pick["company"] + " " + (number % 40_000).astype(str)
    domain = company.str.lower().str.replace(" ", "-") + ".com"
    email = pick["first"].str.lower() + "." + n + "@" + domain
    twins = (number % TWIN_EVERY == TWIN_EVERY - 1) & (number > start)
    email = email.mask(twins, email.shift(1).str.upper())
    email = email.mask(number % BAD_EVERY == 1, "not an address " + n)
    columns = [
        pick["first"], pick["last"], pick["title"], company, email, "Verified",
        pick["seniority"], pick["department"], "+1 555 " + n.str.zfill(7),
        (number % 5_000).astype(str), pick["industry"],
        "http://www.linkedin.com/in/" + pick["first"].str.lower() + "-" + n,
        "https://www." + domain, pick["city"], pick["country"],
    ]  # fmt: skip
    return pd.DataFrame(dict(zip(HEADER, columns, strict=True)))


_POOLS = {
    "first": [name.translate(words.ASCII) for name in words.FIRST],
    "last": list(words.LAST),
    "title": [job[0] for job in words.JOBS],
    "company": [stem + ending for stem in words.STEM[:20] for ending in words.STEM_ENDINGS],
    "industry": [trade[1] for trade in words.TRADES],
    "city": [city.partition(",")[0] for place in words.PLACES for city in place[1].split("/")],
    "country": [place[0] for place in words.PLACES],
    "seniority": ["Director", "Vp", "C suite", "Manager", "Owner"],
    "department": ["Sales", "Finance", "Marketing", "Engineering", "Operations"],
}
