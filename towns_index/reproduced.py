"""Published results of others, worked out again on the same towns (stage 066).

Each line of ``definitions/reproduced.csv`` is one statement. ``kind`` says how it is worked out from columns of
``towns.csv``, ``crosswalk.csv`` and ``measures.csv``: ``share``, towns where ``counted`` holds for each 100 towns where
``among`` holds; ``sum``, of ``counted`` over the towns; ``highest``, the class (columns in ``among``) in which ``counted``
is highest on average.
"""

import pandas as pd

from towns_index import paths

KINDS = ("share", "sum", "highest")
COMPARE = ("equal", "below", "class")


class BadStatement(ValueError):
    """A line of ``definitions/reproduced.csv`` that cannot be carried out."""


def definitions() -> pd.DataFrame:
    """Lines of ``definitions/reproduced.csv``."""
    return pd.read_csv(paths.DEFINITIONS / "reproduced.csv", keep_default_na=False, dtype=str)


def work_out(lines: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Every statement beside what the towns here give.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    table : pandas.DataFrame
        One row a town, with the columns that the lines name.

    Returns
    -------
    pandas.DataFrame
        ``result``, ``statement``, ``towns`` (that could be used), ``published``, ``ours``, ``ours_to`` (the same where a
        condition on rounded numbers may just hold), ``unit``, ``held``, ``rests_on``, ``source``, ``address``. A number
        is held if it lies between `ours` and `ours_to`, each rounded as the published one is.

    Raises
    ------
    BadStatement
        If a line has an unknown kind or comparison, or names a column that is not there.
    """
    rows = []
    for line in lines.itertuples():
        where = f"definitions/reproduced.csv, {line.result}"
        if line.kind not in KINDS or line.compare not in COMPARE:
            raise BadStatement(f"{where}: kind must be one of {', '.join(KINDS)} and compare one of {', '.join(COMPARE)}")
        try:
            towns, ours, upper = _ours(line, table)
        except (pd.errors.UndefinedVariableError, KeyError, SyntaxError) as problem:
            raise BadStatement(f"{where}: {problem}; columns are those of towns.csv, crosswalk.csv and measures.csv") from problem
        rows.append(
            {
                "result": line.result, "statement": line.statement, "towns": towns, "published": line.published,
                "ours": ours if line.compare == "class" else f"{ours:.2f}", "ours_to": "" if upper == ours else f"{upper:.2f}",
                "unit": line.unit, "held": held(line.compare, line.published, ours, upper), "rests_on": line.rests_on,
                "source": line.source, "address": line.address,
            }  # fmt: skip
        )
    return pd.DataFrame(rows)


def _ours(line, table: pd.DataFrame) -> tuple:
    """Towns used, what they give, and what they may give if rounding hides that a condition holds."""
    if line.kind == "highest":
        classes = [name.strip() for name in line.among.split(",")]
        known = table.dropna(subset=classes)
        best = ", ".join(known.eval(line.counted).groupby([known[name] for name in classes]).mean().idxmax())
        return len(known), best, best
    chosen = table.query(line.among) if line.among else table
    values = chosen.eval(line.counted)
    if line.kind == "sum":
        return len(chosen), values.sum(), values.sum()
    wider = chosen.eval(line.counted_if_rounded) if line.counted_if_rounded else values
    return len(chosen), 100 * values.mean(), 100 * wider.mean()


def held(compare: str, published: str, ours, upper) -> bool:
    """Whether a published result is found again.

    ``class``: the same words. ``below``: less than the published number. ``equal``: between `ours` and `upper`, rounded to
    the published decimals.
    """
    if compare == "class":
        return ours == published
    if compare == "below":
        return bool(upper < float(published))
    decimals = len(published.partition(".")[2])
    return bool(round(ours, decimals) <= float(published) <= round(upper, decimals))
