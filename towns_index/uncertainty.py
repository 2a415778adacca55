"""What is uncertain about a flag, read from the definitions and turned into arrays.

Two kinds of things vary: choices that could as well have been made otherwise (``uncertainty.toml``,
``alternatives.csv``) and the data themselves (``noise.csv``). Both become one :class:`Line` for each line of the
criteria: how far every town lies beyond the threshold under every combination of choices, and how far that may be
out. :mod:`towns_index.probability` draws from them.
"""

import tomllib
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import trim_mean

from towns_index import formula, indicators, paths

KINDS = ("poisson", "rounding", "sd", "cv", "spread")
AVERAGES = {"mean": np.mean, "trimmed": lambda values: trim_mean(values, 0.1), "median": np.median}
SIGNS = {"above_mean": 1, "below_mean": -1, "at_least": 1, "at_most": -1, "yes": 1, "no": -1}


class BadNoise(ValueError):
    """A line of ``noise.csv`` or ``alternatives.csv`` that cannot be carried out."""


class Line(NamedTuple):
    """One line of the criteria under every combination of choices.

    Attributes
    ----------
    cluster, criterion, part, combine, indicator : str
        As in ``definitions/criteria.csv``.
    shape : tuple of int
        Number of options, assignments, compared sets and averages.
    margin : numpy.ndarray
        Combinations (in the order of `shape`) by towns: how far a town lies beyond the threshold, in the unit of the
        indicator; above 0 the line is met; missing where the town has no value.
    weights : numpy.ndarray
        How often each option is drawn.
    spread : float
        Standard deviation of the indicator over the towns; 0 for a yes-or-no line.
    average : bool
        Whether the threshold is an average, which may lie a little higher or lower.
    sign : int
        1 where more meets the line, -1 where less does.
    own, shared : numpy.ndarray
        Options by towns: standard error of the value, of the town alone and shared with its authority.
    applies : numpy.ndarray
        Towns of the nation for which the line holds.
    """

    cluster: str
    criterion: str
    part: str
    combine: str
    indicator: str
    shape: tuple[int, int, int, int]
    margin: np.ndarray
    weights: np.ndarray
    spread: float
    average: bool
    sign: int
    own: np.ndarray
    shared: np.ndarray
    applies: np.ndarray


def choices() -> dict:
    """Contents of ``definitions/uncertainty.toml``."""
    with open(paths.DEFINITIONS / "uncertainty.toml", "rb") as stream:
        return tomllib.load(stream)


def alternatives() -> pd.DataFrame:
    """Lines of ``definitions/alternatives.csv``: other indicators or rules for a line of the criteria."""
    return pd.read_csv(paths.DEFINITIONS / "alternatives.csv", keep_default_na=False, dtype={"criterion": str})


def noise() -> pd.DataFrame:
    """Lines of ``definitions/noise.csv``: how far a measure or an indicator may be out."""
    return pd.read_csv(paths.DEFINITIONS / "noise.csv", keep_default_na=False)


def error_of(line, values: pd.DataFrame, counted: pd.Series) -> pd.Series:
    """Standard error of one measure or indicator in each town.

    Parameters
    ----------
    line : namedtuple
        A line of ``noise.csv``. *sd*: `amount` itself. *cv*: that part of the value. *spread*: that part of the
        standard deviation over the `counted` towns. *poisson*: value / square root of the count behind it.
        *rounding*: of a count published to the nearest `amount`, spread evenly, as part of the value.
    values : pandas.DataFrame
        Measures and indicators by town.
    counted : pandas.Series
        Whether a town belongs to the index.
    """
    value, amount = values[line.name], float(line.amount)
    if line.kind == "sd":
        return pd.Series(amount, index=value.index)
    if line.kind == "cv":
        return amount * value.abs()
    if line.kind == "spread":
        return pd.Series(amount * value[counted].std(), index=value.index)
    count = values[line.count].clip(lower=1)
    if line.kind == "poisson":
        return amount * value / np.sqrt(count)
    return value * (amount / np.sqrt(12)) / count


def errors(definitions: pd.DataFrame, values: pd.DataFrame, counted: pd.Series, lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Standard error of every indicator by town: ``town`` (its own) and ``authority`` (shared by its authority).

    The error of a measure reaches an indicator through its formula (the delta method): the formula is worked out
    once more with the measure one standard error higher. Errors of several measures are independent.

    Parameters
    ----------
    definitions : pandas.DataFrame
        Lines of ``noise.csv``.
    values : pandas.DataFrame
        Measures and indicators by town.
    counted : pandas.Series
        Whether a town belongs to the index.
    lines : pandas.DataFrame
        Lines of ``indicators.csv`` that are wanted.

    Raises
    ------
    BadNoise
        If a line names what there is not, or has another kind.
    """
    squares = {kind: pd.DataFrame(0.0, index=values.index, columns=lines["indicator"]) for kind in ("town", "authority")}
    named = lines.set_index("indicator")["formula"]
    for line in definitions.itertuples(index=False):
        wanted = [line.name, *([line.count] if line.kind in ("poisson", "rounding") else [])]
        missing = [name for name in wanted if name not in values]
        if missing or line.kind not in KINDS or line.shared not in squares:
            raise BadNoise(
                f"definitions/noise.csv, line {line.name}: "
                + (f"there is no measure or indicator {missing[0]!r}" if missing else f"kind must be one of {', '.join(KINDS)} and shared town or authority")
            )
        error = error_of(line, values, counted).fillna(0)
        if line.name in named.index:
            squares[line.shared][line.name] += error**2
            continue
        raised = values.assign(**{line.name: values[line.name] + error})
        for name, text in named.items():
            if line.name in formula.columns(text):
                moved = formula.evaluate(text, raised) - formula.evaluate(text, values)
                squares[line.shared][name] += moved.fillna(0) ** 2
    return {kind: np.sqrt(frame) for kind, frame in squares.items()}


def compared_towns(towns: pd.DataFrame, floor: int) -> pd.Series:
    """Towns over which an average is formed: of the index with at least `floor` residents; -1: all of the list."""
    if floor < 0:
        return pd.Series(True, index=towns.index)
    return towns["in_index"].astype(bool) & (towns["population_2019"] >= floor)


def limits(values: pd.Series, rule: str, given: str, groups: pd.Series, sets: list[pd.Series]) -> np.ndarray:
    """Threshold of every town for each set of towns compared and each average: sets by averages by towns."""
    if rule not in ("above_mean", "below_mean"):
        fixed = float(given) if rule in ("at_least", "at_most") else 0.5
        return np.full((len(sets), len(AVERAGES), len(values)), fixed)
    found = []
    for members in sets:
        known = values[members & values.notna()]
        by_group = known.groupby(groups[known.index])
        found.append([groups.map(by_group.agg(average)).to_numpy(float) for average in AVERAGES.values()])
    return np.array(found)


def lines(
    criteria: pd.DataFrame, others: pd.DataFrame, tables: list[pd.DataFrame], towns: pd.DataFrame,
    spread: dict[str, pd.DataFrame], compared: list[int],
) -> list[Line]:  # fmt: skip
    """Every line of the criteria that can be assessed, under every combination of choices.

    Parameters
    ----------
    criteria : pandas.DataFrame
        Lines in force.
    others : pandas.DataFrame
        Lines of ``alternatives.csv``.
    tables : list of pandas.DataFrame
        Indicators by town, one table for each way in which small areas are assigned to towns.
    towns : pandas.DataFrame
        All towns of the list, indexed by code.
    spread : dict of pandas.DataFrame
        As from :func:`errors`.
    compared : list of int
        Floors, as in :func:`compared_towns`.

    Notes
    -----
    Where an alternative is not known for a town (for Wales, say), the town keeps the line as it is.
    """
    counted = towns["in_index"].astype(bool).to_numpy()
    sets = [compared_towns(towns, floor) for floor in compared]
    key = ["cluster", "criterion", "part"]
    found = []
    for row in criteria[criteria["indicator"].isin(tables[0].columns)].itertuples():
        more = others[(others[key] == [row.cluster, row.criterion, row.part]).all(axis=1)]
        options = [(row.indicator, row.rule, row.threshold, row.comparator)]
        options += list(more[["indicator", "rule", "threshold", "comparator"]].itertuples(index=False, name=None))
        applies = (towns["nation"] == row.applies_to) | (row.applies_to == "all")
        margins, own, shared = [], [], []
        for name, rule, given, comparator in options:
            groups = towns[comparator] if comparator in ("nation", "region") else pd.Series("all", index=towns.index)
            by_table = []
            for table in tables:
                values = table[name].reindex(towns.index).where(applies)
                beyond = SIGNS[rule] * (values.to_numpy(float) - limits(values, rule, given, groups, sets))
                by_table.append(beyond + (1e-12 if rule in ("at_least", "at_most") else 0.0))
            margins.append(np.array(by_table)[..., counted])
            own.append(spread["town"][name].reindex(towns.index).to_numpy()[counted])
            shared.append(spread["authority"][name].reindex(towns.index).to_numpy()[counted])
        for number in range(1, len(options)):
            unknown = np.isnan(margins[number]).any(axis=(0, 1, 2))
            margins[number][..., unknown] = margins[0][..., unknown]
            own[number][unknown], shared[number][unknown] = own[0][unknown], shared[0][unknown]
        stacked = np.array(margins)
        shape = stacked.shape[:4]
        deviation = 0.0 if row.rule in ("yes", "no") else float(tables[0].loc[towns.index[counted], row.indicator].std())
        weights = np.array([max(0.0, 1 - more["weight"].sum()), *more["weight"]])
        found.append(
            Line(row.cluster, row.criterion, row.part, row.combine, row.indicator, shape,
                 stacked.reshape(-1, counted.sum()).astype("float32"), weights / weights.sum(),
                 deviation, row.rule in ("above_mean", "below_mean"), SIGNS[row.rule],
                 np.array(own, "float32"), np.array(shared, "float32"), applies.to_numpy()[counted])
        )  # fmt: skip
    return found


def load(criteria: pd.DataFrame, towns: pd.DataFrame, tables: list[pd.DataFrame], measured: pd.DataFrame) -> list[Line]:
    """:func:`lines` from the definitions and the published tables.

    Parameters
    ----------
    criteria : pandas.DataFrame
        Lines in force.
    towns : pandas.DataFrame
        All towns, indexed by code.
    tables : list of pandas.DataFrame
        Indicators by divided and by whole small areas.
    measured : pandas.DataFrame
        Everything that a formula may name, as from :func:`towns_index.indicators.inputs`.
    """
    others = alternatives()
    named = indicators.definitions()
    wanted = named[named["indicator"].isin({*criteria["indicator"], *others["indicator"]})]
    values = measured.join(tables[0][[name for name in tables[0] if name not in measured]])
    spread = errors(noise(), values, towns["in_index"].astype(bool), wanted)
    return lines(criteria, others, tables, towns, spread, [each["floor"] for each in choices()["compared"]])
