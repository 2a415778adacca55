"""Stage 030, measures: from raw files about areas to one row a town.

What is measured stands in ``definitions/measures.csv`` (one line a measure) and
``definitions/tables.toml`` (one entry a table of areas). This module only carries it out.
"""

import tomllib
from functools import lru_cache

import numpy as np
import pandas as pd

from towns_index import formula, geography, paths, read, special, store

LEVELS = {
    "oa21": "OA", "lsoa11": "LSOA", "msoa11": "MSOA", "msoa21": "MSOA", "lad18": "LA", "lad19": "LA",
    "lad20": "LA", "lad21": "LA", "county": "county", "pcon10": "constituency",
    "pcon24": "constituency", "ward": "ward", "town": "town", "point": "point",
}  # fmt: skip


class BadDefinition(ValueError):
    """A line of a definition file that cannot be carried out."""


@lru_cache(maxsize=1)
def tables() -> dict[str, dict]:
    """Entries of ``definitions/tables.toml`` by name."""
    with open(paths.DEFINITIONS / "tables.toml", "rb") as stream:
        return tomllib.load(stream)


@lru_cache(maxsize=1)
def definitions() -> pd.DataFrame:
    """Lines of ``definitions/measures.csv`` with the level, vintage and file of their table."""
    frame = pd.read_csv(paths.DEFINITIONS / "measures.csv", keep_default_na=False)
    unknown = sorted(set(frame["table"]) - set(tables()))
    if unknown:
        raise BadDefinition(
            f"definitions/measures.csv names the table(s) {', '.join(unknown)}, "
            "which definitions/tables.toml does not have."
        )
    entries = frame["table"].map(tables())
    frame["geography"] = entries.map(lambda entry: entry["geography"])
    frame["level"] = frame["geography"].map(LEVELS)
    frame["vintage"] = entries.map(lambda entry: entry["vintage"])
    frame["file"] = entries.map(lambda entry: entry["file"])
    return frame


def keep_rows(frame: pd.DataFrame, where: dict) -> pd.DataFrame:
    """Rows whose columns have the wanted values (a list means any of them)."""
    for column, wanted in where.items():
        wanted = wanted if isinstance(wanted, list) else [wanted]
        frame = frame[frame[column].astype(str).isin([str(value) for value in wanted])]
    return frame


def spread(frame: pd.DataFrame, area: str, columns: str, values: str | list[str]) -> pd.DataFrame:
    """One row an area, one column for each value of `columns`; repeated cells are added up.

    With several value columns the new names are ``"<value of columns> <value column>"``.
    """
    value_columns = [values] if isinstance(values, str) else values
    numbers = frame.assign(**{v: pd.to_numeric(frame[v], errors="coerce") for v in value_columns})
    cells = numbers.groupby([area, columns])[value_columns].sum(min_count=1)  # a withheld cell is not 0
    wide = cells.unstack()
    wide.columns = [
        str(name) if isinstance(values, str) else f"{name} {value}" for value, name in wide.columns
    ]
    return wide


def rows_of(frame: pd.DataFrame, known: pd.Index) -> pd.DataFrame:
    """Rows whose area is known; if each known area has exactly one, in their order and with their index.

    To look areas up in an index, pandas first makes a table of all its codes. Tables of the same areas
    that also share the index need one for all of them.
    """
    place = known.get_indexer(frame.index)
    frame, place = frame[place >= 0], place[place >= 0]
    order = np.argsort(place)
    every_area_once = np.array_equal(place[order], np.arange(len(known)))
    return frame.iloc[order].set_axis(known) if every_area_once else frame


@lru_cache(maxsize=1)
def bases() -> pd.DataFrame:
    """Residents, households, adults (16 and over) and workers of every output area of 2021."""
    tenure = read.table("census2021-nomis-bulk/census2021-ts054", "census2021-ts054-oa.csv")
    skills = read.table("census2021-nomis-bulk/census2021-ts067", "census2021-ts067-oa.csv")
    active = read.table("census2021-oa21-onsvisual/economic_activity_status_4a").set_index("areacd")
    base = geography.census_residents().rename("residents").to_frame()
    base["households"] = tenure.set_index("geography code")["Tenure of household: Total: All households"]
    base["adults"] = skills.set_index("geography code")[
        "Highest level of qualification: Total: All usual residents aged 16 years and over"
    ]
    base["workers"] = base["adults"] * active["economic_activity_status_4a-001"] / 100
    return base


@lru_cache(maxsize=1)
def _code_changes() -> dict[str, str]:
    # Some publishers went on using the codes of authorities that had been recoded after 2011.
    changes = pd.read_csv(paths.FACTS / "area_code_changes.csv")
    return dict(zip(changes["old_code"], changes["new_code"]))


def _left_out(facts: str, key: str, **wanted: str) -> list[str]:
    """Areas that a file of facts takes out of a table."""
    return keep_rows(pd.read_csv(paths.FACTS / facts), wanted)[key].tolist()


@lru_cache(maxsize=2)  # measures of one table stand together; see read.table on memory
def area_table(name: str) -> pd.DataFrame:
    """A table of areas as ``definitions/tables.toml`` describes it, indexed by area code."""
    entry = tables()[name]
    frame = read.table(entry["file"], entry.get("member"))
    # A spreadsheet's years are numbers; formulas name columns by text.
    frame.columns = [f"{name:.0f}" if isinstance(name, float) else str(name) for name in frame.columns]
    frame = keep_rows(frame, entry.get("where", {})).dropna(subset=[entry["area"]])
    if "spread" in entry:
        frame = spread(frame, entry["area"], **entry["spread"])
    else:
        frame = frame.set_index(entry["area"])
    known = geography.areas(entry["geography"])
    if entry["geography"].startswith("lad"):
        frame = frame.rename(index=_code_changes())
    frame = rows_of(frame, known)
    if entry.get("first_of_repeated"):
        frame = frame[~frame.index.duplicated()]
    if "without" in entry:
        frame = frame.drop(index=_left_out(**entry["without"]), errors="ignore")
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        raise BadDefinition(f"table {name}: area {twice} stands in {entry['file']} more than once.")
    if "share_of" in entry:
        base = bases()[entry["share_of"]].reindex(frame.index)
        frame = frame.mul(base / 100, axis=0)
    if entry.get("absent_means_zero"):
        frame = frame.reindex(known).fillna(0)
    return frame


def evaluate(lines: pd.DataFrame, column: str = "value") -> pd.DataFrame:
    """Values by area of measures that share a table: one column a measure."""
    frame = area_table(lines["table"].iloc[0])
    return pd.DataFrame(
        {measure: formula.evaluate(text, frame) for measure, text in zip(lines["measure"], lines[column])}
    )


def _weights(lines: pd.DataFrame) -> pd.DataFrame | None:
    return evaluate(lines, "weight") if lines["weight"].iloc[0] else None


def _to_towns(lines: pd.DataFrame) -> pd.DataFrame:
    aggregate, kind = lines["aggregate"].iloc[0], lines["geography"].iloc[0]
    if aggregate == "function":
        return special.measure(lines["table"].iloc[0], lines)
    values = evaluate(lines)
    if aggregate == "town":
        return values
    if aggregate == "sum":
        return geography.add_up(values, geography.joint(kind))
    if aggregate == "mean":
        return geography.average(values, geography.joint(kind), _weights(lines))
    if aggregate == "nearby":
        return special.nearby(values, evaluate(lines, "weight"))
    raise BadDefinition(
        f"definitions/measures.csv: {lines['measure'].iloc[0]} has the aggregate {aggregate!r}; "
        "it must be sum, mean, town, nearby or function."
    )


def build(towns: pd.Index, wanted: set[str] | None = None) -> pd.DataFrame:
    """Every measure of ``definitions/measures.csv`` for the given towns, from the raw bundle.

    Parameters
    ----------
    towns : pandas.Index
        Town codes.
    wanted : set of str, optional
        Only these measures.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``town_code``, one column a measure in the order of the file. A measure with
        several lines (one a nation) takes the first that has a value for the town; a town on both
        sides of the border is measured by the nation where it stands.
    """
    lines = definitions()
    lines = (lines if wanted is None else lines[lines["measure"].isin(wanted)]).reset_index(drop=True)
    found: dict[int, pd.Series] = {}
    for _, group in lines.groupby(["table", "aggregate", "weight"], sort=False):
        values = _to_towns(group).reindex(towns)
        found |= {line: values[name] for line, name in group["measure"].items()}
    parts: dict[str, pd.Series] = {}
    for line, name in lines["measure"].items():  # in the order of the file, whatever was read first
        parts[name] = parts[name].fillna(found[line]) if name in parts else found[line]
    return pd.DataFrame({name: parts[name] for name in lines["measure"].unique()}, index=towns)


def significant(frame: pd.DataFrame, digits: int = 9) -> pd.DataFrame:
    """Numbers rounded to significant digits, so that a file read back is the table that was written."""
    numbers = frame.select_dtypes("number").astype("float64")
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(numbers.abs().where(numbers != 0, 1.0)))
    scale = 10.0 ** (digits - 1 - exponent)
    return frame.assign(**((numbers * scale).round() / scale))


def table(towns: pd.DataFrame, share_alike: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The measures and, apart for their licence, those of share-alike sources.

    Computed from the raw bundle, or read from the snapshot, as the run started.
    """
    if paths.start() != "raw":
        return store.read("measures"), store.read("measures_elections")
    frame = build(pd.Index(towns["town_code"], name="town_code"))
    return frame.drop(columns=share_alike).reset_index(), frame[share_alike].reset_index()


_RECONCILED = {
    "residents": ("residents_2019", None, "Total population", "Residents, mid-2019", "% of residents"),
    "aged_0_15": ("aged_0_15_2019", "residents_2019", "Aged 0 to 15", "Share aged 0 to 15", "percentage points"),
    "aged_16_64": ("aged_16_64_2019", "residents_2019", "Aged 16 to 64", "Share aged 16 to 64", "percentage points"),
    "aged_65": ("aged_65_2019", "residents_2019", "Aged 65+", "Share aged 65 and over", "percentage points"),
}


# Topics held twice: percentages of output areas, and official counts.
_TWICE = {
    "no_qualification": ("oa_qualification_share", "highest_qualification_6a-000", "no_qualification_2021", "adults_2021"),
    "level_4": ("oa_qualification_share", "highest_qualification_6a-003", "level_4_2021", "adults_2021"),
    "social_rented": ("oa_tenure_share", "hh_tenure_5a-002", "social_rented_2021", "households_2021"),
}


def compared(check: str, label: str, unit: str, measured: pd.Series, stated: pd.Series, relative: bool = False) -> dict:
    """One line of the reconciliation: two series by town, their median and largest difference."""
    difference = (100 * (measured / stated - 1) if relative else measured - stated).dropna()
    worst = difference.abs().idxmax()
    return {
        "check": check,
        "label": label,
        "towns": len(difference),
        "median_difference": difference.abs().median(),
        "largest_difference": difference.abs().max(),
        "unit": unit,
        "town_code": worst,
        "measured": float(measured[worst]),
        "published": float(stated[worst]),
    }


def reconcile(frame: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Population and age shares by LSOA weights against the publisher's own columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        Measures, with ``town_code``.
    published : pandas.DataFrame
        The town table of the Office for National Statistics.

    Returns
    -------
    pandas.DataFrame
        One row a check: towns compared, median and largest absolute difference and its town.
    """
    ours, theirs = frame.set_index("town_code"), published.set_index("town_code")
    rows = []
    for check, (measure, base, column, label, unit) in _RECONCILED.items():
        measured = 100 * ours[measure] / ours[base] if base else ours[measure]
        stated = 100 * theirs[column] if base else theirs[column]
        rows.append(compared(check, label, unit, measured, stated, relative=base is None))
    return pd.DataFrame(rows)


def reconcile_twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Town shares from percentages of output areas against those from official counts, as :func:`reconcile`."""
    ours = frame.set_index("town_code")
    pairs = geography.joint("oa21")
    rows = []
    for check, (table_name, column, measure, base) in _TWICE.items():
        counts = geography.add_up(area_table(table_name)[[column]], pairs)[column]
        label = definitions().set_index("measure").loc[measure, "label"]
        rows.append(
            compared(check, f"{label}: percentages against counts", "percentage points",
                     100 * counts / ours[base], 100 * ours[measure] / ours[base])
        )  # fmt: skip
    return pd.DataFrame(rows)


def reconciliation(frame: pd.DataFrame) -> pd.DataFrame:
    """The comparison of :func:`reconcile`, from the raw bundle or from the snapshot."""
    if paths.start() != "raw":
        return store.read("reconciliation")
    listed = read.table("town-list-ons-2020/towns_indicators_1186")
    lines = pd.concat([reconcile(frame, listed), reconcile_twice(frame)], ignore_index=True)
    names = listed.set_index("town_code")["town_name"]
    lines.insert(lines.columns.get_loc("town_code") + 1, "town_name", lines["town_code"].map(names))
    return lines
