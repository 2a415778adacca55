"""A comparison as one HTML page that needs no network and no script, with the full lists as CSV beside it."""

import re
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

from towns_index import paths, tables, words
from towns_index.compare import say
from towns_index.compare.markup import MOST, first, folded, link, linked, paragraph, scrolled, section, table
from towns_index.compare.picture import picture
from towns_index.compare.verdicts import CAUSES

TEMPLATE = Path(__file__).parents[1] / "templates" / "compare.html"

Labels = tuple[str, str]
Found = dict[str, pd.DataFrame]


def write(found: Found, labels: Labels, settings: tuple[dict, dict] | None, page: Path) -> list[Path]:
    """Write the page, and beside it the full lists of changes; each file whole or not at all.

    Returns
    -------
    list of Path
        The files written. A list with no rows is written only to replace an older one.
    """
    lists = {"": changes(found), "_elections": found["verdicts_elections"]}
    names = {suffix: f"{page.stem}-changes{suffix}.csv" for suffix in lists}
    written = [
        tables.write_csv(rows, page.with_name(names[suffix]))
        for suffix, rows in lists.items()
        if len(rows) or page.with_name(names[suffix]).exists()
    ]
    named = {suffix: names[suffix] for suffix, rows in lists.items() if len(rows)}
    return [tables.write_text(html(found, labels, settings, named), page), *written]


def changes(found: Found) -> pd.DataFrame:
    """All changes in one list: a row for each criterion that changed, and one for each town on one list only.

    ``kind`` is *membership*, *verdict only* (the status is the same) or *town list*.
    """
    known = ["town_name", "name", "status_one", "status_other"]
    ranked = found["memberships"].drop(columns=["criteria", "causes", "distance"])
    ranked = ranked.merge(found["verdicts"].drop(columns=known), how="left", on=["town_code", "cluster"])
    only = found["verdicts"][found["verdicts"]["role"] == "status unchanged"]
    listed = found["towns"][["town_code", "town_name"]].assign(
        status_one=found["towns"]["side"].map({"one": "on the list", "other": "not on the list"}),
        status_other=found["towns"]["side"].map({"one": "not on the list", "other": "on the list"}),
    )
    kinds = {"membership": ranked, "verdict only": only, "town list": listed}
    rows = [frame.assign(kind=kind) for kind, frame in kinds.items() if len(frame)]
    columns = ["kind", *ranked.columns]
    return pd.concat(rows, ignore_index=True).reindex(columns=columns) if rows else pd.DataFrame(columns=columns)


def html(found: Found, labels: Labels, settings: tuple[dict, dict] | None, lists: dict[str, str]) -> str:
    """The page.

    Parameters
    ----------
    found : dict of pandas.DataFrame
        From :func:`towns_index.compare.compare`.
    labels : tuple of str
    settings : tuple of dict or None
    lists : dict of str
        Names of the CSV files beside the page: of all changes (key ``""``) and of those from ward
        elections (``"_elections"``).
    """
    main, elections = attributions()
    parts = [
        _settings(settings, labels),
        picture(found["clusters"], labels),
        _towns(found, labels, lists),
        _memberships(found, labels, lists),
        _criteria(found, labels),
        _clusters(found, labels),
        _indicators(found, labels),
        _thresholds(found, labels),
        _other_tables(found, labels),
        _elections(found, labels, elections, lists),
        _not_compared(found, labels),
    ]
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(f"What differs: {labels[0]} and {labels[1]}"),
        one=escape(labels[0]),
        other=escape(labels[1]),
        sentence=escape(say.sentence(found, labels)),
        body="\n".join(part for part in parts if part),
        attribution=linked(main),
    )


def attributions() -> tuple[str, str]:
    """The sentences of ``LICENSE-DATA.md`` to show: for the tables, and for those of ward elections."""
    text = (paths.ROOT / "LICENSE-DATA.md").read_text(encoding="utf-8")
    quoted = re.findall(r"(?:^> .*\n)+", text, re.MULTILINE)
    main, elections = (" ".join(block.replace("> ", "").split()) for block in quoted[:2])
    return main, elections


def _arrow(labels: Labels) -> str:
    return f"{labels[0]} → {labels[1]}"


# ---- towns and memberships ------------------------------------------------------------------------


def _settings(settings: tuple[dict, dict] | None, labels: Labels) -> str:
    rows = [list(row) for row in say.differing(settings)]
    if not rows:
        return paragraph(say.about_settings(settings, labels))
    return table("Settings that differ", ["Setting", *labels], rows)


def _towns(found: Found, labels: Labels, lists: dict[str, str]) -> str:
    heads = ["Town", "Region", "Residents, mid-2019", "Full member of", "Partial member of"]
    blocks = []
    for side, label in zip(("one", "other"), labels, strict=True):
        alone = found["towns"][found["towns"]["side"] == side]
        if len(alone):
            kept, note = first(alone, "towns", lists.get(""))
            rows = [
                [row.town_name, row.region, row.population_2019, row.full or "none", row.partial or "none"]
                for row in kept.itertuples()
            ]
            shown = table(f"Towns only on the list of {label}", heads, rows, {2})
            blocks.append(folded(f"{words.towns(len(alone))} only in {label}", note, shown))
    if not blocks:
        return ""
    return section("towns", "The two lists of towns", paragraph(say.town_list(found, labels)), *blocks)


def _memberships(found: Found, labels: Labels, lists: dict[str, str]) -> str:
    moved = found["memberships"]
    if moved.empty:
        return ""
    kept, note = first(moved, "changed memberships")
    reasons = say.did_it(found)
    bodies = [_membership(row, reasons.get((row.town_code, row.cluster), [])) for row in kept.itertuples()]
    heads = ["Town", "Cluster", f"Status, {_arrow(labels)}", "Criterion and what changed it", "Value", "Threshold"]
    marks = [""] * 4 + [' class="number"'] * 2
    pairs = zip(marks, heads, strict=True)
    cells = [f'<th role="columnheader" scope="col"{mark}>{escape(text)}</th>' for mark, text in pairs]
    head = f'<thead role="rowgroup"><tr role="row">{"".join(cells)}</tr></thead>\n'
    caption = f"Changed memberships, {_arrow(labels)}"
    shown = scrolled(caption, head + "\n".join(bodies), ' class="memberships" role="table"')
    order = (
        "Full memberships gained or lost come first, then partial ones; within each, the furthest from the threshold, "
        "in standard deviations of the indicator."
    )
    beside = _beside(lists.get(""), labels)
    told = paragraph(f"{say.by_consequence(found)} {order}")
    return section("memberships", "Changed memberships", told, beside, note, shown)


def _membership(row, verdicts: list) -> str:
    """One changed membership: a line for each criterion that did it.

    The roles are those of a table: a narrow screen shows a card instead, which would lose them.
    """
    lines = [_reason(verdict) for verdict in verdicts]
    lines = lines or [f'<td role="cell" colspan="3">{escape(say.why(row, verdicts)[0])}</td>']
    span = f' rowspan="{len(lines)}"' if len(lines) > 1 else ""
    town = f'<th role="rowheader" scope="{"rowgroup" if span else "row"}"{span}>{escape(row.town_name)}</th>'
    cluster = f'<td role="cell"{span}>{escape(row.cluster)} {escape(row.name)}</td>'
    status = f'<td role="cell"{span} data-label="Status">{row.status_one} → {row.status_other}</td>'
    rows = '</tr>\n<tr role="row">'.join([town + cluster + status + lines[0], *lines[1:]])
    return f'<tbody role="rowgroup"><tr role="row">{rows}</tr></tbody>'


def _reason(verdict) -> str:
    """Criterion, value and threshold of one verdict as cells."""
    value, limit = say.values(verdict)
    details = [say.cause(verdict)]
    if verdict.role == "went the other way":
        details.append("it went the other way")
    if verdict.unit not in ("", "flag"):
        details.append(f"unit: {verdict.unit}")
    told = f'{escape(say.criterion(verdict))}<br><span class="quiet">{escape("; ".join(details))}</span>'
    pair = (("Value", value), ("Threshold", limit))
    numbers = [f'<td role="cell" class="number" data-label="{name}">{escape(text)}</td>' for name, text in pair]
    return f'<td role="cell">{told}</td>{"".join(numbers)}'


def _beside(file: str | None, labels: Labels) -> str:
    """A line on the list beside the page."""
    if not file:
        return ""
    sides = f"<code>_one</code> is {escape(labels[0])}, <code>_other</code> is {escape(labels[1])}"
    return f"<p>Full list: {link(file)}; {sides}.</p>"


# ---- criteria and clusters ------------------------------------------------------------------------


def _criteria(found: Found, labels: Labels) -> str:
    frame = found["criteria"]
    if frame.empty:
        return ""
    rows = []
    for row in frame.to_dict("records"):
        causes = words.listed([f"{told} ({row[cause]:,})" for cause, told in CAUSES.items() if row[cause]])
        counts = [row[name] for name in ("flips", "gained", "lost", "memberships", "full")]
        rows.append([f"{row['cluster']}{row['criterion']} {row['label']}", *counts, causes])
    heads = ["Criterion", "Towns", "Now met", "No longer met", "Status changed", "Full membership changed"]
    caption = f"Criteria by the number of towns on which the verdict differs, {_arrow(labels)}"
    note = (
        "In neither of “now met” and “no longer met”: from not met to unknown, or back. A changed verdict need not "
        "change the status."
    )
    shown = table(caption, [*heads, "What changed it (towns)"], rows, {1, 2, 3, 4, 5})
    return section("criteria", "Which criteria did it", shown, paragraph(note, "note"))


def _clusters(found: Found, labels: Labels) -> str:
    frame = found["clusters"]
    if not (len(found["memberships"]) or len(found["towns"]) or frame["gained"].isna().any()):
        return ""
    full, either = (frame[frame["membership"] == level].to_dict("records") for level in ("full", "full or partial"))
    rows = [
        [
            f"{row['cluster']} {row['name']}",
            *(row[name] for name in ("one", "other", "gained", "lost", "unchanged")),
            _share(row["jaccard"]),
            more["one"],
            more["other"],
            _share(more["jaccard"]),
        ]
        for row, more in zip(full, either, strict=True)
    ]
    counted = [f"{level} in {label}" for level in ("Full", "Full or partial") for label in labels]
    heads = ["Cluster", *counted[:2], "Gained", "Lost", "In both", "Jaccard", *counted[2:], "Jaccard"]
    note = (
        "Gained and lost: towns on both lists. Jaccard: members in both divided by members in either, whatever list "
        "they are on; 1 is the same members, – is no member in either."
    )
    shown = table("Members of every cluster", heads, rows, set(range(1, 10)))
    return section("clusters", "Clusters", shown, paragraph(note, "note"), *_by_cluster(found))


def _share(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.2f}"


def _by_cluster(found: Found) -> list[str]:
    """For each cluster the names of the towns whose status changed."""
    steps = [
        ("Gained full membership", lambda m: m["status_other"] == "full"),
        ("Lost full membership", lambda m: m["status_one"] == "full"),
        ("Became partial", lambda m: (m["status_other"] == "partial") & (m["status_one"] != "full")),
        ("No longer partial", lambda m: (m["status_one"] == "partial") & (m["status_other"] != "full")),
        ("Became unknown", lambda m: (m["status_one"] == "no") & (m["status_other"] == "unknown")),
        ("Became known", lambda m: (m["status_one"] == "unknown") & (m["status_other"] == "no")),
    ]
    blocks = []
    for (letter, name), own in found["memberships"].groupby(["cluster", "name"]):
        lines = []
        for title, chosen in steps:
            names = sorted(own.loc[chosen(own), "town_name"])
            more = f" … and {len(names) - MOST:,} more" if len(names) > MOST else ""
            if names:
                told = escape("; ".join(names[:MOST]))
                lines.append(f"<dt>{title}: {words.towns(len(names))}</dt><dd>{told}{more}</dd>")
        blocks.append(folded(f"{letter} {name}: {words.towns(len(own))}", f"<dl>{''.join(lines)}</dl>"))
    return ["<h3>Towns by cluster</h3>", *blocks] if blocks else []


# ---- everything else ------------------------------------------------------------------------------


def _indicators(found: Found, labels: Labels) -> str:
    shown = _indicator_table(found["indicators"], labels)
    return section("indicators", "Indicators", shown) if shown else ""


def _indicator_table(frame: pd.DataFrame, labels: Labels) -> str:
    if frame.empty:
        return ""
    kept, note = first(frame, "indicators")
    rows = []
    for row in kept.itertuples():
        name = f"{row.label} ({row.unit})" if row.unit else row.label
        largest = say.numbers([row.one, row.other])
        rows.append([name, row.towns, row.became_unknown, row.became_known, row.town_name, *largest])
    heads = ["Indicator", "Towns", "Became unknown", "Became known", "Largest change", *labels]
    return note + table("Indicators whose values differ", heads, rows, {1, 2, 3, 5, 6})


def _thresholds(found: Found, labels: Labels) -> str:
    frame = found["thresholds"]
    if frame.empty:
        return ""
    kept, note = first(frame, "thresholds")
    rows = []
    for row in kept.itertuples():
        kinds = dict.fromkeys(kind or "a number" for kind in (row.average_one, row.average_other))
        rows.append([row.label, row.criteria, row.among, " → ".join(kinds), *say.numbers([row.one, row.other])])
    shown = table("Thresholds that differ", ["Indicator", "Criteria", "Among", "Average", *labels], rows, {4, 5})
    verb = "differs" if len(frame) == 1 else "differ"
    told = (
        f"{say.counted(len(frame), 'threshold')} {verb}. A threshold that is an average moves when the towns compared, "
        "their values or the kind of average change."
    )
    return section("thresholds", "Thresholds", paragraph(told), folded("Show the thresholds", note, shown))


def _other_tables(found: Found, labels: Labels) -> str:
    same = found["tables"][found["tables"]["result"] == "identical"]
    frame = found["tables"][~found["tables"]["table"].str.endswith("_elections")]
    identical = words.listed([f"{name}.csv" for name in same["table"]])
    blocks = [paragraph(say.group_words(found, labels)), paragraph(f"Identical: {identical}.")]
    differ = frame[frame["result"] == "differs"]
    if len(differ):
        rows = [[f"{r.table}.csv", r.title, say.labelled(say.difference(r), labels)] for r in differ.itertuples()]
        blocks.append(table("Tables that differ", ["Table", "What it holds", "Difference"], rows))
    blocks.append(paragraph("Numbers count as the same if they differ in the last of nine digits only.", "note"))
    return section("tables", "Groups of similar towns and other tables", *blocks)


def _elections(found: Found, labels: Labels, attribution: str, lists: dict[str, str]) -> str:
    """What rests on ward elections, apart from the rest for its licence."""
    own = found["tables"][found["tables"]["table"].str.endswith("_elections")]
    own = own[own["result"] == "differs"]
    if own.empty:
        return ""
    licence = "This section is under the licence CC BY-SA 3.0, with the file of its changes."
    rows = [[f"{row.table}.csv", say.labelled(say.difference(row), labels)] for row in own.itertuples()]
    return section(
        "elections",
        "Ward elections",
        paragraph(licence, "licence"),
        f'<p class="note">{linked(attribution)}</p>',
        *_open_criteria(found, labels, lists.get("_elections")),
        _beside(lists.get("_elections"), labels),
        _indicator_table(found["indicators_elections"], labels),
        table("Tables of ward elections that differ", ["Table", "Difference"], rows),
    )


def _open_criteria(found: Found, labels: Labels, file: str | None) -> list[str]:
    """Towns that meet another number of the criteria from ward elections."""
    moved, reasons = found["memberships_elections"], say.did_it(found, "_elections")
    if moved.empty:
        return []
    kept, note = first(moved, "towns", file)
    rows = []
    for row in kept.itertuples():
        verdicts = reasons.get((row.town_code, row.cluster), [])
        told = "; ".join(f"{say.criterion(verdict)}: {say.cause(verdict)}" for verdict in verdicts)
        rows.append([row.town_name, row.cluster, f"{row.one} → {row.other}", told])
    heads = ["Town", "Cluster", f"Criteria met, {_arrow(labels)}", "Criterion and what changed it"]
    shown = table("Towns that meet another number of the open criteria", heads, rows)
    letters = words.listed(sorted(moved["cluster"].unique()))
    return [
        paragraph(f"{say.open_criteria(found)} Cluster: {letters}."),
        folded("Show the towns", note, shown),
    ]


def _not_compared(found: Found, labels: Labels) -> str:
    lines = [say.labelled(f"{row.what}: {row.why}", labels) for row in found["not_compared"].itertuples()]
    items = "".join(f"<li>{escape(line)}.</li>" for line in lines)
    return section("not-compared", "What was not compared", f"<ul>{items}</ul>")
