"""Stage 040, indicators: shares, rates and changes, from counts and denominators.

Every indicator is one line of ``definitions/indicators.csv`` with a formula on the columns of
``measures.csv`` and on the flags of ``towns.csv``.
"""

import pandas as pd

from towns_index import formula, measures, paths
from towns_index.towns import FLAGS

_COARSEST = ["point", "OA", "LSOA", "town", "MSOA", "constituency", "ward", "LA", "county"]


def definitions() -> pd.DataFrame:
    """Lines of ``definitions/indicators.csv``."""
    return pd.read_csv(paths.DEFINITIONS / "indicators.csv", keep_default_na=False)


def inputs(towns: pd.DataFrame, *tables_of_measures: pd.DataFrame) -> pd.DataFrame:
    """Everything that a formula may name, indexed by ``town_code``; flags are 1, 0 or missing."""
    flags = towns.set_index("town_code")[[*FLAGS, "coastal"]].astype("boolean").astype("Float64")
    parts = [table.set_index("town_code") for table in tables_of_measures]
    return flags.astype("float64").join(parts)


def build(values: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Every indicator for every town, indexed by ``town_code``."""
    columns = {row.indicator: formula.evaluate(row.formula, values) for row in lines.itertuples()}
    return measures.significant(pd.DataFrame(columns, index=values.index))


def describe(lines: pd.DataFrame, dictionary: pd.DataFrame) -> pd.DataFrame:
    """Level, vintage, source and licence of every indicator, from the measures in its formula.

    Parameters
    ----------
    lines : pandas.DataFrame
        As from :func:`definitions`.
    dictionary : pandas.DataFrame
        Indexed by column name, with ``level``, ``vintage``, ``source`` and ``licence``.

    Returns
    -------
    pandas.DataFrame
        `lines` with four more columns. The level is the coarsest of the inputs': an indicator that
        borrows any value from an authority says so.
    """
    described = []
    for row in lines.itertuples():
        used = dictionary.reindex(formula.columns(row.formula)).dropna(subset=["level"])
        levels = sorted(used["level"], key=_COARSEST.index)
        described.append(
            {
                "level": levels[-1] if levels else "town",
                "vintage": "; ".join(dict.fromkeys(used["vintage"])),
                "source": "; ".join(dict.fromkeys(used["source"])),
                "licence": "; ".join(dict.fromkeys(used["licence"])),
            }
        )
    return lines.join(pd.DataFrame(described, index=lines.index))
