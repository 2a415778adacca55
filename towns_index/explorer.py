"""Stage 094, explorer: one page with every town, its indicators and the rules, that needs no server and no network.

The page carries its data as JSON and judges every rule itself (``templates/explorer/rules.js``), so that a reader can
move a threshold and see the towns change. Scripts and styles stand in readable files under ``templates/explorer``;
they are joined in the order of :data:`SCRIPTS`. The page's own security policy names the digest of its one script and
its one style sheet, and forbids every request.
"""

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
import shapely
from matplotlib.path import Path as Outline

from towns_index import clusters, dictionary, figures, groups, slugs, store, tables, towns, words

TEMPLATES = Path(__file__).with_name("templates") / "explorer"
SCRIPTS = ["data", "rules", "state", "markup", "search", "pictures", "map", "scatter", "table", "town", "compare", "sandbox", "exports", "page"]
LARGEST = 4_000_000
"""Most bytes that the page may have, so that it can be sent by e-mail."""

LAND_DETAIL = 0.5
"""Detail of the coast that is left out, in kilometres: less than a pixel of the map."""

LEAST_SHARE = 0.01
"""Share of an LSOA's residents below which a search by its code does not name the town."""

FIRMNESS = ["safe", "likely", "coin toss", "doubtful"]


def data(settings: dict, places: pd.DataFrame) -> dict:
    """Everything that the page holds, read from the published tables.

    Parameters
    ----------
    settings : dict
        The parameters ``average`` and ``deprivation_fourth`` of the build.
    places : pandas.DataFrame
        Place of each town in the cartogram, as from :func:`towns_index.cartogram.place`.

    Returns
    -------
    dict
        Of lists, numbers and texts only. Lists of towns are in the order of their codes. Indicators have the digits
        of the published table, since a rule may turn on the last of them.
    """
    index = towns.in_index(store.read("towns"))
    lines, judged_by = indicators(), clusters.in_force(clusters.definitions()[1], settings)
    values = store.read("indicators").set_index("town_code").reindex(index.index)
    grouped = groups.columns(lines)
    scores, _ = groups.standardise(values[grouped])
    return {
        "average": settings["average"],
        "fewest": clusters.FEWEST_ASSESSED,
        "towns": of_towns(index, places),
        "lsoas": of_lsoas(store.read("lsoa_towns"), index.index),
        "land": land(figures.land()),
        "indicators": [of_indicator(row) for row in lines.itertuples()],
        "values": {name: numbers(values[name]) for name in lines["column"]},
        "clusters": records(clusters.definitions()[0], ["cluster", "name", "evidence", "required", "rebuilt", "about"]),
        "criteria": records(judged_by, ["cluster", "criterion", "part", "combine", "label", "indicator", "rule", "threshold",
                                        "comparator", "applies_to", "gate", "evidence"]),  # fmt: skip
        "firmness": {"words": FIRMNESS, "clusters": of_firmness(store.read("membership_probability"), index.index)},
        "similar": {"indicators": grouped, "scores": {name: numbers(scores[name].round(3)) for name in grouped}},
    }


def holdings(found: dict) -> pd.DataFrame:
    """What the page holds: ``part``, ``entries`` and ``kilobytes`` of each part of its data."""
    entries = {
        "towns": len(found["towns"]["code"]), "indicators": len(found["indicators"]), "criteria": len(found["criteria"]),
        "values": sum(len(column) for column in found["values"].values()),
        "firmness": sum(len(columns["word"]) for columns in found["firmness"]["clusters"].values()),
        "similar": len(found["similar"]["indicators"]),
    }  # fmt: skip
    sizes = {part: len(embedded(held).encode()) / 1000 for part, held in found.items()}
    rows = [{"part": part, "entries": entries.get(part), "kilobytes": size} for part, size in sizes.items() if size >= 1]
    return pd.DataFrame(rows).astype({"entries": "Int64"}).sort_values("kilobytes", ascending=False, ignore_index=True)


def indicators() -> pd.DataFrame:
    """The indicators that the page shows, as the dictionary describes them: without those under share-alike terms."""
    described = dictionary.of_indicators()
    return described[~described["share_alike"]].assign(indicator=lambda frame: frame["column"])


def of_towns(index: pd.DataFrame, places: pd.DataFrame) -> dict[str, list]:
    """Columns of the towns: names, where they are on the map (km) and in the cartogram (widths of a hexagon)."""
    positions = figures.positions(index)
    found = store.read("groups").set_index("town_code")["group_name"].reindex(index.index)
    return {
        "code": index.index.tolist(),
        "name": index["town_name"].tolist(),
        "short": index["town_name"].map(words.short).tolist(),
        "welsh": index["welsh_name"].fillna("").tolist(),
        "slug": slugs.slugs(index).tolist(),
        "nation": index["nation"].tolist(),
        "region": index["region"].tolist(),
        "authority": index["local_authority"].tolist(),
        "size": index["size_class"].tolist(),
        "residents": [int(people) for people in index["population_2019"]],
        "group": found.fillna("").tolist(),
        "map": [numbers(positions[axis].round(1)) for axis in ("x", "y")],
        "cartogram": [numbers(places[axis].round(3)) for axis in ("x", "y")],
    }


def of_lsoas(shares: pd.DataFrame, codes: pd.Index) -> dict[str, list[int] | int]:
    """LSOAs of 2011 in the towns of the index: steps from one code to the next, number of the town, share in per cent.

    Codes are those of England in order, then from the place ``wales`` on those of Wales (a town of England may hold
    some). A step of 0 is the same LSOA in another town.
    """
    known = shares[shares["town_code"].isin(codes) & (shares["share"] >= LEAST_SHARE)].sort_values(["lsoa11", "share"], ascending=[True, False])
    ordered = known["lsoa11"].str[3:].astype(int)
    return {
        "wales": int(known["lsoa11"].str.startswith("E").sum()),
        "step": ordered.diff().fillna(ordered).astype(int).tolist(),
        "town": codes.get_indexer(known["town_code"]).tolist(),
        "share": (100 * known["share"]).round().astype(int).tolist(),
    }


def of_indicator(row) -> dict[str, str | int]:
    """What the page says of one indicator; ``level`` tells whether towns share an authority's value."""
    return {"id": row.column, "label": row.label, "unit": row.unit, "topic": row.topic, "level": row.level,
            "vintage": row.vintage, "source": row.source, "licence": row.licence, "note": row.note,
            "high": row.high_words, "low": row.low_words}  # fmt: skip


def of_firmness(probability: pd.DataFrame, codes: pd.Index) -> dict[str, dict[str, list]]:
    """How firmly each flag is held, by cluster: shares of the draws, word, and the nearest criterion that would flip it."""
    found = {}
    for letter, rows in probability.groupby("cluster"):
        rows = rows.set_index("town_code").reindex(codes)
        found[letter] = {
            "status": numbers(np.floor(1000 * rows["p_status"] + 1e-6) / 1000),  # down, as words.in_hundred
            "inside": numbers(rows["p_inside"].round(3)),
            "word": [FIRMNESS.index(words.firmness(*row)) if row[0] in FIRMNESS else None for row in zip(rows["firmness"], rows["p_status"])],
            # "4b" is part b of criterion 4.
            "criterion": texts(rows["flip_criterion"].astype("string").str.removesuffix(".0")),
            "to": texts(rows["flip_to"]),
        }
    return found


def land(outline: Outline) -> str:
    """The land as an SVG path in kilometres on the British National Grid, without what is too small to see."""
    rings = (shapely.Polygon(ring) for ring in outline.to_polygons() if len(ring) > 3)
    kept = [shapely.get_coordinates(ring.simplify(LAND_DETAIL)) for ring in rings if ring.area > 4]
    return "".join("M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring[:-1]) + "Z" for ring in kept)


def numbers(column: pd.Series) -> list[float | int | None]:
    """Numbers as JSON has them: whole ones without a point, missing ones as null."""
    return [None if np.isnan(value) else int(value) if value == int(value) else value for value in column.astype("float64").tolist()]


def texts(column: pd.Series) -> list[str | None]:
    """Texts as JSON has them: missing ones as null."""
    return [None if pd.isna(text) else str(text) for text in column]


def records(frame: pd.DataFrame, columns: list[str]) -> list[dict]:
    """Rows as objects, without their empty cells."""
    rows = frame[columns].to_dict("records")
    return [{name: value for name, value in row.items() if value != ""} for row in rows]


def html(found: dict, attribution: str) -> str:
    """The page.

    Parameters
    ----------
    found : dict
        As from :func:`data`.
    attribution : str
        The sentences of attribution, as plain text.
    """
    style = read("explorer.css")
    parts = [f"// {name}.js\n{read(f'{name}.js')}" for name in SCRIPTS]
    script = '"use strict";\n(() => {\n' + "\n".join(parts) + "})();\n"
    return Template(read("explorer.html")).substitute(
        style=style,
        script=script,
        style_digest=digest(style),
        script_digest=digest(script),
        data=embedded(found),
        attribution=escape(attribution),
        towns=f"{len(found['towns']['code']):,}",
        clusters=len(found["clusters"]),
    )


def embedded(found: dict) -> str:
    """Data as JSON that may stand inside a page: no text in it can end the element that holds it."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda sign: f"\\u{ord(sign[0]):04x}", text)


def read(name: str) -> str:
    """One of the page's files."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """The digest by which a security policy names an inline script or style sheet."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def write(page: str, path: Path) -> Path:
    """Write the page, unless it is too large to be sent.

    Raises
    ------
    ValueError
        If the page has more than :data:`LARGEST` bytes.
    """
    size = len(page.encode())
    if size > LARGEST:
        raise ValueError(f"{path.name} would have {size:,} bytes, more than {LARGEST:,}: embed fewer indicators or digits")
    return tables.write_text(page, path)
