"""Every column of every published table, explained; and the data package that says so."""

import hashlib
import json

import pandas as pd
from pandas.api import types

from towns_index import formula, indicators, measures, paths, sources, store, tables

COLUMNS = ["file", "column", "label", "unit", "denominator", "level", "vintage", "source", "licence", "evidence"]
_EVIDENCE = {"town": "published", "function": "own"}


def _origin(file_ids) -> tuple[str, str, bool]:
    """Sources, licences and whether share-alike, of one file of the register or of several."""
    entries = [sources.file(name) for name in (file_ids if isinstance(file_ids, list) else [file_ids])]
    publishers = dict.fromkeys(f"{entry['publisher']}: {entry['title']}" for entry in entries)
    licences = dict.fromkeys(entry["licence"] for entry in entries)
    return "; ".join(publishers), "; ".join(licences), any(entry.get("share_alike") for entry in entries)


def of_measures() -> pd.DataFrame:
    """One row a measure, indexed by name: the dictionary's columns and ``share_alike``."""
    lines = measures.definitions()
    origin = [_origin(files) for files in lines["file"]]
    frame = pd.DataFrame(
        {
            "column": lines["measure"],
            "label": lines["label"],
            "unit": lines["unit"],
            "denominator": lines["denominator"],
            "level": lines["level"],
            "vintage": lines["vintage"],
            "source": [source for source, _, _ in origin],
            "licence": [licence for _, licence, _ in origin],
            "share_alike": [share_alike for _, _, share_alike in origin],
            "evidence": lines["aggregate"].map(_EVIDENCE).fillna("derived"),
        }
    )
    # A measure with one line a nation has one row here, with both sources.
    texts = {name: lambda column: "; ".join(dict.fromkeys(column)) for name in ("source", "licence", "vintage")}
    others = {name: "first" for name in frame if name not in texts and name != "column"}
    return frame.groupby("column", sort=False).agg({**others, **texts})


def share_alike_indicators() -> list[str]:
    """Indicators that rest on a share-alike measure, in the order of the file."""
    kept_apart = set(of_measures().query("share_alike").index)
    lines = indicators.definitions()
    return [row.indicator for row in lines.itertuples() if kept_apart & set(formula.columns(row.formula))]


def of_indicators() -> pd.DataFrame:
    """One row an indicator, in the order of the file: the dictionary's columns and ``share_alike``."""
    columns = _columns()
    flags = columns[columns["file"] == "towns"].set_index("column")
    described = indicators.describe(indicators.definitions(), pd.concat([of_measures(), flags]))
    described = described.rename(columns={"indicator": "column", "formula": "denominator"})
    described["evidence"] = "own"
    described["denominator"] = "formula: " + described["denominator"]
    return described.assign(share_alike=described["column"].isin(share_alike_indicators()))


def _columns() -> pd.DataFrame:
    """The columns that are explained by hand."""
    return pd.read_csv(paths.DEFINITIONS / "columns.csv", keep_default_na=False)


def build() -> pd.DataFrame:
    """The dictionary of all published tables."""
    rows = []
    for name, described in (("measures", of_measures().reset_index()), ("indicators", of_indicators())):
        apart = described["share_alike"]
        rows += [described[~apart].assign(file=name), described[apart].assign(file=f"{name}_elections")]
    alike = of_indicators().query("not share_alike")
    rows.append(alike.assign(file="indicators_best_fit", label=alike["label"] + "; by whole small areas"))
    columns = _columns()
    rows.append(columns)
    frame = pd.concat(rows, ignore_index=True)[COLUMNS]
    key = frame.loc[frame["file"].isin(["measures", "indicators", "measures_elections", "indicators_elections", "indicators_best_fit"]), "file"]
    codes = frame[(frame["file"] == "towns") & (frame["column"] == "town_code")]
    keys = [codes.assign(file=name) for name in key.unique()]
    frame = pd.concat([frame, *keys], ignore_index=True)
    frame["file"] = frame["file"] + ".csv"
    return frame


def unexplained(frame: pd.DataFrame) -> list[str]:
    """Columns of published tables that the dictionary lacks, and entries for columns that are not there."""
    explained = set(zip(frame["file"], frame["column"]))
    found = {(f"{name}.csv", column) for name in store.outputs() if store.path(name).is_file()
             for column in store.read(name).columns} | {("dictionary.csv", column) for column in COLUMNS}  # fmt: skip
    problems = [f"{file}: column {column} is not in the dictionary" for file, column in sorted(found - explained)]
    return problems + [f"{file}: the dictionary explains {column}, which is not there" for file, column in sorted(explained - found)]


class Unexplained(ValueError):
    """A published column that the dictionary does not explain, or the reverse."""


def require(frame: pd.DataFrame) -> None:
    """Refuse a dictionary that does not match the published tables, naming every column."""
    problems = unexplained(frame)
    if problems:
        raise Unexplained(
            "definitions/columns.csv does not match the published tables:\n  " + "\n  ".join(problems)
        )


def _field(name: str, column: pd.Series, explained: pd.DataFrame) -> dict:
    kind = "string"
    if types.is_bool_dtype(column):
        kind = "boolean"
    elif types.is_integer_dtype(column):
        kind = "integer"
    elif types.is_numeric_dtype(column):
        kind = "number"
    label = explained["label"].get(name, "")
    unit = explained["unit"].get(name, "")
    return {"name": name, "type": kind, "title": label, **({"unit": unit} if unit else {})}


def data_package(frame: pd.DataFrame) -> dict:
    """Frictionless description of ``data/processed``, every table with its schema and sha256."""
    register = sources.register()
    resources = []
    for name, entry in store.outputs().items():
        body = store.path(name).read_bytes()
        rows = store.read(name)
        explained = frame[frame["file"] == f"{name}.csv"].set_index("column")
        fields = [_field(column, rows[column], explained) for column in rows.columns]
        resources.append(
            {
                "name": name.replace("_", "-"),
                "path": f"{name}.csv",
                "title": entry["title"],
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": len(body),
                "hash": "sha256:" + hashlib.sha256(body).hexdigest(),
                "licenses": [{"name": entry["licence"]}],
                "schema": {
                    "fields": fields,
                    "missingValues": [""],
                    **({"primaryKey": entry["key"]} if entry["key"] else {}),
                },
            }
        )
    credits = dict.fromkeys(
        (entry["publisher"], entry["title"], entry["official_page"]) for entry in register.values() if entry["used"]
    )
    return {
        "name": "towns-index-2020",
        "title": "The Towns Index of England and Wales, edition 2020, rebuilt from open data",
        "profile": "tabular-data-package",
        "licenses": [{"name": name} for name in sorted({entry["licence"] for entry in store.outputs().values()})],
        "sources": [{"title": f"{publisher}: {title}", "path": page} for publisher, title, page in credits],
        "resources": resources,
    }


def write_package(frame: pd.DataFrame) -> None:
    """Write ``data/processed/datapackage.json``."""
    body = json.dumps(data_package(frame), indent=2, ensure_ascii=False, sort_keys=False) + "\n"
    tables.write_text(body, paths.processed() / "datapackage.json")
