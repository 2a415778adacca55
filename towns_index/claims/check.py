"""Every sentence against the claims, and every claim against the tables."""

import math
import re
import sqlite3
import textwrap
from collections.abc import Sequence

import pandas as pd

from towns_index import words
from towns_index.claims import database
from towns_index.claims.lines import CONTEXT, Claim
from towns_index.claims.sentences import Sentence

COLUMNS = ["number", "claim", "kind", "section", "part", "of", "sentence", "carried_by", "said", "found", "held"]
"""What is published of a sentence."""

REMEDY = "Correct the sentence, or what it rests on, or its claim in definitions/claims.toml (docs/claims.md)."


class Unsupported(ValueError):
    """The report says something that nothing carries, or that is not so."""


def check(sentences: Sequence[Sentence], claims: Sequence[Claim], views: dict[str, str], parameters: pd.DataFrame) -> pd.DataFrame:
    """One row a sentence: the claim that it matches, what carries it, and whether it holds.

    Parameters
    ----------
    sentences : sequence of Sentence
    claims : sequence of Claim
    views : dict of str
        Queries that those of the claims may name.
    parameters : pandas.DataFrame
        The parameters of the build: ``name``, ``value``, and ``usual``, the default.

    Returns
    -------
    pandas.DataFrame
        ``number``, ``claim`` (missing: no claim matches; several names: they all do), ``kind``, ``section``, ``part``,
        ``of``, ``sentence``, ``carried_by``, ``said``, ``found``, ``held``, ``wrong`` (in words, where it does not hold).
    """
    connection = database.open_tables([claim.sql for claim in claims], views, parameters)
    rows = []
    for number, sentence in enumerate(sentences, 1):
        matches = _matches(claims, sentence, otherwise=False) or _matches(claims, sentence, otherwise=True)
        row = dict(zip(COLUMNS[3:7], (sentence.section, sentence.part, sentence.of, sentence.text))) | {"number": number}
        if len(matches) == 1:
            ((claim, slots),) = matches
            said, found, wrong = verdict(claim, slots, sentence, connection)
            row |= {"claim": claim.id, "kind": claim.kind, "carried_by": carried_by(claim, views), "said": said, "found": found}
        else:
            several = "; ".join(claim.id for claim, _ in matches)
            row |= {"claim": several or None}
            wrong = f"more than one claim matches: {several}" if several else "no claim is about it"
        row |= {"held": not wrong, "wrong": wrong}
        rows.append(row)
    connection.close()
    return pd.DataFrame(rows, columns=[*COLUMNS, "wrong"])


def _matches(claims: Sequence[Claim], sentence: Sentence, otherwise: bool) -> list[tuple[Claim, dict]]:
    asked = [claim for claim in claims if claim.otherwise == otherwise]
    return [(claim, slots) for claim in asked if (slots := claim.match(sentence)) is not None]


def carried_by(claim: Claim, views: dict[str, str]) -> str:
    """What carries a claim: tables, a publication, or the reason why it states no fact; and a test, if one holds it."""
    carrier = ", ".join(database.tables_in(claim.sql, views)) or claim.cites or claim.reason
    return f"{carrier}; {claim.test}" if claim.test else carrier


def verdict(claim: Claim, slots: dict[str, str | None], sentence: Sentence, connection: sqlite3.Connection) -> tuple[str, str, str]:
    """What a sentence says, what the query finds, and where they differ, in words; empty if nowhere.

    Raises
    ------
    Unsupported
        If the query cannot be carried out, or gives none of what the sentence says.
    """
    if not claim.sql:
        return "", "", ""
    said = {name: text for name, text in slots.items() if text is not None}
    given = {name: getattr(sentence, name) for name in CONTEXT} | {name: _value(slots.get(name)) for name in claim.slots}
    try:
        cursor = connection.execute(claim.sql, given)
        rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise Unsupported(f"the query of claim {claim.id} cannot be carried out: {error}") from error
    columns = [column[0] for column in cursor.description]
    used = set(re.findall(r":(\w+)", claim.sql))
    unread = set(said) - set(columns) - used
    if unread or not ({"holds"} | set(said)) & set(columns):
        raise Unsupported(f"the query of claim {claim.id} must give {', '.join(sorted(unread)) or 'holds'} as a column")
    found = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    compared = [name for name in columns if name in said or name == "holds"]
    differ = [name for name in compared if rows and not (all(found[name]) if name == "holds" else same(said[name], found[name]))]
    wrong = ["the tables do not bear it out" if name == "holds" else f"{name} is {_text(found[name])}, not {said[name]}" for name in differ]
    if not rows:
        wrong = ["the tables hold nothing of the kind"]
    there = "; ".join(f"{name}={_text(found[name])}" for name in compared) if rows else "nothing"
    return "; ".join(f"{name}={text}" for name, text in said.items()), there, ", ".join(wrong)


def same(said: str, found: list) -> bool:
    """Whether words or a number say what was found: one value, or a list as "a, b and c"; numbers as precisely as they are said."""
    if len(set(found)) > 1:
        return said == words.listed(found)
    value = found[0]
    if not isinstance(value, int | float):
        return said == value
    number = _value(said)
    decimals = len(said.partition(".")[2])
    return isinstance(number, int | float) and math.isclose(number, value, rel_tol=0, abs_tol=0.5 * 10**-decimals + 1e-9)


def _value(text: str | None) -> str | float | int | None:
    """A number if the text is one."""
    if text is None or not re.fullmatch(r"[+−-]?\d[\d,]*(?:\.\d+)?", text):
        return text
    plain = text.replace(",", "").replace("−", "-")
    return float(plain) if "." in plain else int(plain)


def _text(found: list) -> str:
    return words.listed([f"{value:.6g}" if isinstance(value, float) else value for value in dict.fromkeys(found)])


def problems(table: pd.DataFrame, claims: Sequence[Claim]) -> list[str]:
    """What stops a report, in plain words: where it stands and what to do.

    Parameters
    ----------
    table : pandas.DataFrame
        As from :func:`check`.
    claims : sequence of Claim
    """
    found = []
    for row in table[~table["held"].astype(bool)].itertuples():
        claim = f" (claim {row.claim})" if pd.notna(row.kind) else ""
        words_ = textwrap.shorten(row.sentence, 90, placeholder=" …")
        found.append(f"{row.section}, {row.part}{f' of {row.of}' if row.of else ''}: “{words_}”: {row.wrong}{claim}")
    met = {name for names in table["claim"].dropna() for name in names.split("; ")}
    stale = [claim.id for claim in claims if claim.id not in met and not claim.sometimes]
    return found + [f"claim {name} matches no sentence; take it out, or write sometimes = true" for name in stale]


def require(table: pd.DataFrame, claims: Sequence[Claim], shown: int = 12) -> None:
    """Refuse a report with a sentence that nothing carries or that is not so (:class:`Unsupported`)."""
    found = problems(table, claims)
    if found:
        more = [f"and {len(found) - shown} more, all in the table above"] if len(found) > shown else []
        count = "one thing" if len(found) == 1 else f"{len(found)} things"
        raise Unsupported(f"{count} to put right in the report. {REMEDY}\n  " + "\n  ".join(found[:shown] + more))
