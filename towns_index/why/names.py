"""Which town, which cluster: names as people write them."""

import difflib
import re
import unicodedata

import pandas as pd

from towns_index import words

NEAREST = 6


class Unclear(Exception):
    """What was asked names nothing, or more than one thing; the message says what there is."""


def plain(text: str) -> str:
    """A name without case, accents and marks: ``"Y Pîl"`` is ``"y pil"``."""
    letters = unicodedata.normalize("NFKD", str(text)).casefold()
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^\w]+", " ", re.sub(r"['’]", "", letters)).split())


def without_bracket(name: str) -> str:
    """Name of a town without what tells it from others: "Ashford (Spelthorne)" is "Ashford"."""
    return re.sub(r" \([^)]*\)$", "", name)


def town(asked: str, towns: pd.DataFrame) -> str:
    """Code of the town that is meant.

    Parameters
    ----------
    asked : str
        A code or a name, in Welsh too. The name that the report uses comes before names that are the
        same but for a bracket.
    towns : pandas.DataFrame
        As ``towns.csv``, indexed by code.

    Raises
    ------
    Unclear
        If no town or several are meant: with the nearest names, or with the codes to choose from.
    """
    code = asked.strip().upper()
    if code in towns.index:
        return code
    name, listed = plain(asked), towns["town_name"]
    for known in ([listed, listed.map(words.short)], [listed.map(without_bracket), towns["welsh_name"].fillna("")]):
        found = towns.index[pd.concat([names.map(plain) == name for names in known], axis=1).any(axis=1)]
        if len(found) == 1:
            return found[0]
        if len(found):
            lines = [f"  {code}  {described(towns.loc[code])}" for code in found]
            raise Unclear(f"{len(found)} towns are called {asked!r}; ask for one by its code:\n" + "\n".join(lines))
    near = nearest(asked, [*listed, *towns["welsh_name"].dropna()])
    raise Unclear(f"There is no town {asked!r} on the list of {len(towns):,} towns.{near}")


def namesakes(code: str, towns: pd.DataFrame) -> list[str]:
    """Codes of the other towns whose name is the same but for a bracket."""
    heads = towns["town_name"].map(without_bracket).map(plain)
    return [other for other in towns.index[heads == heads[code]] if other != code]


def reference(code: str, towns: pd.DataFrame) -> str:
    """What to ask for so that this town is meant: its name, or its code where others have the same name."""
    name = towns.at[code, "town_name"]
    return name if (towns["town_name"].map(plain) == plain(name)).sum() == 1 else code


def described(row: pd.Series) -> str:
    """A town with what tells it from its namesakes."""
    return f"{row['town_name']}, {row['local_authority']}, {row['region']}, {row['population_2019']:,} residents"


def cluster(asked: str, letters: pd.DataFrame) -> str:
    """Letter of the cluster that is meant, by its letter or its name.

    Raises
    ------
    Unclear
        If there is no such cluster; with the nearest names, or with all of them.
    """
    known = {plain(letter): letter for letter in letters["cluster"]}
    known |= {plain(name): letter for letter, name in zip(letters["cluster"], letters["name"])}
    if plain(asked) in known:
        return known[plain(asked)]
    everything = ", ".join(letters["cluster"] + " " + letters["name"])
    raise Unclear(f"There is no cluster {asked!r}.{nearest(asked, letters['name'].tolist())} There are: {everything}.")


def nearest(asked: str, names: list[str]) -> str:
    """ " Did you mean …?" with the names that hold what was asked or look like it, or nothing."""
    known: dict[str, str] = {}
    for name in names:  # a name is looked for whole and by each of its words
        for key in (plain(name), *plain(name).split()):
            known.setdefault(key, name)
    holding = [name for name in names if f" {plain(asked)} " in f" {plain(name)} "]
    alike = [known[key] for key in difflib.get_close_matches(plain(asked), known, NEAREST, cutoff=0.7)]
    found = list(dict.fromkeys([*alike, *holding]))[:NEAREST]
    return f" Did you mean {words.listed(found, 'or')}?" if found else ""
