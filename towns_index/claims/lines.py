"""The claims of ``definitions/claims.toml``: sentences with slots, and the query that carries each."""

import re
import tomllib
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase

from towns_index import paths
from towns_index.claims.sentences import Sentence

KINDS = {"fact": "sql", "cited": "cites", "method": "reason"}
"""What each kind of claim must give: a query, a publication, or the reason why it states no fact."""

CONTEXT = ("section", "part", "of")
_SLOT = re.compile(r"\{(#?)(\w+)\}")
_NUMBER = r"[+−-]?\d[\d,]*(?:\.\d+)?"


class BadClaim(ValueError):
    """The file of claims has mistakes."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the report, or many of one form.

    Attributes
    ----------
    id : str
    kind : {"fact", "cited", "method"}
    says : tuple of str
        The sentence without its full stop: ``{#n}`` a number, ``{name}`` any words, ``[the ]`` may be absent.
    sql : str
        What carries a fact: its columns are the slots, or ``holds``; ``:name`` in it is a slot, or a word of
        :data:`CONTEXT` about the place of the sentence.
    section, part, of : str
        Where it may stand, as file patterns; empty: anywhere.
    cites, reason, test : str
        What carries a claim of another kind; a test that holds it.
    sometimes : bool
        Whether the report may be without it.
    otherwise : bool
        Whether it is asked only about sentences that no other claim matches.
    """

    id: str
    kind: str
    says: tuple[str, ...]
    sql: str = ""
    section: str = ""
    part: str = ""
    of: str = ""
    cites: str = ""
    reason: str = ""
    test: str = ""
    sometimes: bool = False
    otherwise: bool = False

    @property
    def slots(self) -> set[str]:
        """Names of the slots of all its forms."""
        return {name for says in self.says for _, name in _SLOT.findall(says)}

    def match(self, sentence: Sentence) -> dict[str, str] | None:
        """What the slots say in a sentence; None if the claim does not match it."""
        for name in CONTEXT:
            if getattr(self, name) and not fnmatchcase(getattr(sentence, name), getattr(self, name)):
                return None
        found = (re.fullmatch(form, sentence.text.removesuffix(".")) for form in map(expression, self.says))
        return next((match.groupdict() for match in found if match), None)


def expression(says: str) -> str:
    """The regular expression of a sentence with slots and parts that may be absent."""
    parts = re.split(r"(\{#?\w+\}|\[|\])", says)
    return "".join(_piece(part) for part in parts)


def _piece(part: str) -> str:
    if slot := _SLOT.fullmatch(part):
        return f"(?P<{slot[2]}>{_NUMBER if slot[1] else '.+?'})"
    return {"[": "(?:", "]": ")?"}.get(part) or re.escape(part)


def load(text: str | None = None) -> tuple[list[Claim], dict[str, str]]:
    """The claims and the views that their queries share.

    Parameters
    ----------
    text : str, optional
        Contents of the file instead of ``definitions/claims.toml``.

    Raises
    ------
    BadClaim
        Naming every claim with a mistake.
    """
    path = paths.DEFINITIONS / "claims.toml"
    try:
        contents = tomllib.loads(path.read_text(encoding="utf-8") if text is None else text)
    except tomllib.TOMLDecodeError as error:
        raise BadClaim(f"definitions/claims.toml cannot be read: {error}") from error
    entries = contents.get("claim", [])
    found = [f"claim {entry.get('id', number)}: {problem}" for number, entry in enumerate(entries, 1) for problem in mistakes(entry)]
    names = [entry.get("id") for entry in entries]
    found += [f"claim {name}: there are two with this id" for name in sorted({name for name in names if names.count(name) > 1}, key=str)]
    if found:
        raise BadClaim("definitions/claims.toml has mistakes:\n  " + "\n  ".join(found))
    said = [entry["says"] if isinstance(entry["says"], list) else [entry["says"]] for entry in entries]
    return [Claim(**entry | {"says": tuple(says)}) for entry, says in zip(entries, said, strict=True)], contents.get("views", {})


def mistakes(entry: dict) -> list[str]:
    """What is wrong with one claim, in plain words."""
    known = [field.name for field in fields(Claim)]
    found = [f"there is no key {key!r}; the keys are {', '.join(known)}" for key in entry if key not in known]
    found += [f"{key} is missing" for key in ("id", "kind", "says") if not entry.get(key)]
    if found:
        return found
    if entry["kind"] not in KINDS:
        return [f"kind {entry['kind']!r} is not one of {', '.join(KINDS)}"]
    needed = KINDS[entry["kind"]]
    if not entry.get(needed):
        found.append(f"a claim of the kind {entry['kind']} needs {needed}")
    for says in entry["says"] if isinstance(entry["says"], list) else [entry["says"]]:
        slots = [slot[1] for slot in _SLOT.findall(says)]
        if slots and not entry.get("sql"):
            found.append(f"{{{slots[0]}}} needs a query that gives it")
        if says.endswith("."):
            found.append("the sentence must stand without its full stop")
        if says.count("[") != says.count("]") or len(slots) != len(set(slots)) or set(slots) & set(CONTEXT):
            found.append(f"brackets must close, and slots have names of their own, none of {', '.join(CONTEXT)}")
    return found
