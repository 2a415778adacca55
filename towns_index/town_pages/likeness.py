"""Towns like a town, in words: which, why, and what is different."""



from towns_index import similar, words
from towns_index.town_pages.material import INSIDE, Material


def alike(m: Material, code: str) -> list[dict]:
    """The most similar towns.

    Returns
    -------
    list of dict
        ``code``, ``name``, ``slug``, ``region``, ``distance``, ``reasons`` and ``differs`` (in words) and ``count``
        (characteristics).
    """
    chosen = m.choices["similar"]
    found = similar.towns(code, m.scores, chosen["towns"], chosen["unusual"])
    return [
        _town(m, other)
        | {
            "distance": row["distance"],
            "reasons": [trait(m, other, name) for name in row["shared"][: chosen["reasons"]]],
            "differs": difference(m, code, other, row["differs"]),
        }
        for other, row in found.to_dict("index").items()
    ]


def trait(m: Material, code: str, name: str) -> str:
    """A trait of a town in the words of ``indicators.csv``: "more graduates"."""
    about = m.about[name]
    return about["high_words"] if m.score[code][name] > 0 else about["low_words"]


def difference(m: Material, code: str, other: str, name: str) -> str:
    """How another town differs from a town in one trait: "students aged 16 to 74, 2011: 5.3 % there, 10.0 % here"."""
    about = m.about[name]
    there, here = words.told_apart(m.values[other][name], m.values[code][name], about["unit"])
    return f"{words.lowered(about['label'])}: {there} there, {here} here"


def lighter(m: Material, code: str) -> list[dict]:
    """Towns alike in context with fewer characteristics.

    Returns
    -------
    list of dict
        ``code``, ``name``, ``slug``, ``region``, ``distance``, ``count``, and the names of the characteristics that
        only this town has (``without``) and that only the other has (``instead``).
    """
    chosen = m.choices["context"]
    scales = m.context[tuple(m.town[code][name] for name in chosen["same"])]
    found = similar.with_fewer(code, scales, m.counts, chosen["pool"], chosen["farthest"], chosen["fewer"], chosen["towns"])
    own = _held(m, code)
    return [
        _town(m, other)
        | {
            "distance": row["distance"],
            "without": [m.letters[letter]["name"] for letter in own if letter not in _held(m, other)],
            "instead": [m.letters[letter]["name"] for letter in _held(m, other) if letter not in own],
        }
        for other, row in found.to_dict("index").items()
    ]


def _held(m: Material, code: str) -> list[str]:
    return [letter for letter, row in m.statuses[code].items() if row["status"] in INSIDE]


def _town(m: Material, code: str) -> dict:
    town = m.town[code]
    return {"code": code, "name": town["town_name"], "slug": town["slug"], "region": town["region"], "count": town["count"]}
