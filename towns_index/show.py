"""What notebooks call to show a figure, a table or some text.

Everything is one display of ordinary HTML or Markdown, so it looks the same in JupyterLab, under
papermill and under ``jupyter nbconvert --execute``. The output's ``towns_index`` metadata carry
what the report needs to set the same thing again (:mod:`towns_index.publish`).
"""

import base64
import hashlib
import io
import re
from html import escape
from pathlib import Path

import pandas as pd
from IPython.display import display
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from towns_index import legible, paths, style, tables

DPI = 150
MISSING = "–"
PROBABILITY = "p"
"""Format of a column of p-values: three digits, and no nought."""
CALLOUTS = {"key": "Key finding", "warning": "Take care"}

# Notebook viewers may be dark; figures are drawn for a white ground.
_IMAGE_STYLE = "max-width:100%;height:auto;background:#fff"


_stage = ""


def begin(stage: str) -> None:
    """Begin a notebook: the project's style, and a folder of its own for the notebook's figures.

    Parameters
    ----------
    stage : str
        Name of the notebook; its figures are saved in ``reports/figures/<stage>``.
    """
    global _stage
    _stage = stage
    style.apply()


def folder() -> Path:
    """Where figures are saved."""
    return paths.reports() / "figures" / _stage


def saved(stage: str, name: str) -> Path:
    """The picture that an earlier notebook has saved under a name."""
    return paths.reports() / "figures" / stage / f"{name}.png"


def figure(
    fig: Figure | Path,
    name: str,
    title: str,
    alt: str,
    table: pd.DataFrame | None = None,
    note: str | None = None,
    source: str | None = None,
    formats: dict[str, str] | None = None,
) -> None:
    """Save a figure, show it with its title and data, and close it.

    Parameters
    ----------
    fig : Figure or Path
        What to show; or the picture of it that an earlier notebook has :func:`saved`.
    name : str
        Name of the file and of the anchor ``#fig-NAME``: small letters, digits and hyphens.
    title : str
        The finding, in a few words.
    alt : str
        What a reader who cannot see the figure should learn from it.
    table : DataFrame, optional
        The data behind the figure: shown folded below it, and saved as a CSV file.
    note, source : str, optional
        Shown below the figure.
    formats : dict of str, optional
        Format of a column of `table`, as in :func:`table`.

    Raises
    ------
    ValueError
        If `name` is not usable, or `alt` is missing or only repeats the title.
    """
    _check_name(name)
    _check_alt(name, title, alt)
    image, illegible = (fig.read_bytes(), []) if isinstance(fig, Path) else drawn(fig)
    if isinstance(fig, Figure):
        plt.close(fig)
    tables.write_bytes(image, folder() / f"{name}.png")
    behind, data = "", None
    if table is not None:
        data = csv(table)
        tables.write_bytes(data, folder() / f"{name}.csv")
        heading = f"Data behind “{title}”"
        behind = (
            "<details><summary>Data behind this figure</summary>"
            f"{_html_table(cells(table, formats), f'fig-{name}-data', heading)}</details>"
        )
    width, height = _css_size(image)
    html = (
        f'<figure id="fig-{name}"><figcaption><strong>{escape(title)}</strong></figcaption>'
        f'<img alt="{escape(alt)}" width="{width}" height="{height}" style="{_IMAGE_STYLE}" '
        f'src="data:image/png;base64,{base64.b64encode(image).decode()}">'
        f"{_html_notes(note, source)}{behind}</figure>"
    )
    _display(
        {"text/html": html, "text/plain": f"Figure: {title}. {alt}"},
        kind="figure",
        name=name,
        title=title,
        alt=alt,
        note=note,
        source=source,
        data=None if data is None else data.decode(),
        illegible=illegible,
        digests={f"{name}.{ending}": hashlib.sha256(body).hexdigest() for ending, body in (("png", image), ("csv", data)) if body},
    )


def table(
    frame: pd.DataFrame,
    name: str,
    title: str,
    note: str | None = None,
    source: str | None = None,
    formats: dict[str, str] | None = None,
    max_rows: int | None = None,
) -> None:
    """Show a table that screen readers can follow.

    Parameters
    ----------
    frame : DataFrame
        What to show. The first column names the rows; an index other than 0, 1, 2 … comes first.
    name : str
        Name of the anchor ``#tbl-NAME``: small letters, digits and hyphens.
    title : str
        Caption of the table.
    note, source : str, optional
        Shown below the table.
    formats : dict of str, optional
        Python format of a column, such as ``{"share": ".1%", "score": ".2f"}``, or ``"p"`` for p-values. Without one,
        whole numbers read ``1,234`` and others ``1,234.5``.
    max_rows : int, optional
        Show only so many rows, and say so.
    """
    _check_name(name)
    if max_rows is not None and len(frame) > max_rows:
        shown = f"First {max_rows:,} of {len(frame):,} rows."
        note = f"{note} {shown}" if note else shown
        frame = frame.head(max_rows)
    text = cells(frame, formats)
    html = (
        f'<div class="table" id="tbl-{name}">{_html_table(text, f"tbl-{name}-data", title)}'
        f"{_html_notes(note, source)}</div>"
    )
    _display(
        {"text/html": html, "text/plain": f"Table: {title}\n{frame.to_string(index=False)}"},
        kind="table",
        name=name,
        title=title,
        note=note,
        source=source,
        **text,
    )


def prose(markdown: str) -> None:
    """Show text with numbers in it, written in Markdown."""
    _display({"text/markdown": markdown, "text/plain": markdown}, kind="prose")


def callout(markdown: str, kind: str = "key") -> None:
    """Show a highlighted box: ``"key"`` for a key finding, ``"warning"`` for a caution."""
    if kind not in CALLOUTS:
        raise ValueError(f"a callout is one of {', '.join(CALLOUTS)}; not {kind!r}")
    quoted = "\n".join(f"> {line}" for line in [f"**{CALLOUTS[kind]}**", "", *markdown.split("\n")])
    bundle = {"text/markdown": quoted, "text/plain": quoted}
    _display(bundle, kind="callout", callout=kind, text=markdown)


def cover(markdown: str, hexagons: pd.DataFrame) -> None:
    """Show the finding that stands on the cover, and what the cover's picture is drawn from.

    Parameters
    ----------
    markdown : str
        One or two sentences.
    hexagons : DataFrame
        One row a town: its place ``x``, ``y`` in widths of a hexagon, and its ``shade`` from 0 (light) to 3.
    """
    art = [[round(row.x, 3), round(row.y, 3), int(row.shade)] for row in hexagons.itertuples()]
    quoted = "\n".join(f"> {line}" for line in markdown.split("\n"))
    _display({"text/markdown": quoted, "text/plain": quoted}, kind="cover", text=markdown, hexagons=art)


def cells(frame: pd.DataFrame, formats: dict[str, str] | None = None) -> dict[str, list]:
    """A table as text: ``columns``, ``numeric`` (one truth value a column) and ``rows``."""
    formats = formats or {}
    unknown = sorted(set(formats) - set(frame.columns) - set(frame.index.names))
    if unknown:
        raise ValueError(f"formats for columns that the table does not have: {', '.join(unknown)}")
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    columns = [
        [_text(value, formats.get(label)) for value in frame[label]] for label in frame.columns
    ]
    return {
        "columns": [str(label) for label in frame.columns],
        "numeric": [_is_number(frame[label]) for label in frame.columns],
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }


def png(fig: Figure) -> bytes:
    """The figure as a PNG picture; the same figure always gives the same bytes."""
    return drawn(fig)[0]


def drawn(fig: Figure) -> tuple[bytes, list[str]]:
    """The figure as a PNG picture, and which of its words cannot be read (:func:`legible.problems`)."""
    buffer = io.BytesIO()
    fig.set_dpi(DPI)
    box = _laid_out(fig)
    # The software's name and version would change the bytes with every release of matplotlib.
    fig.savefig(buffer, format="png", dpi=DPI, bbox_inches=box, metadata={"Software": None})
    return buffer.getvalue(), legible.problems(fig, box)


def _laid_out(fig: Figure) -> Bbox:
    """Lay a figure out and give back the box, in inches, that holds all of it and a margin.

    Left to itself, ``savefig`` would go through the whole figure once more to find this box.
    """
    engine = fig.get_layout_engine()
    if engine:
        engine.execute(fig)
    with plt.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        fig.set_layout_engine(None)  # as the style stands, None would mean constrained
    return fig.get_tightbbox().padded(plt.rcParams["savefig.pad_inches"])


def csv(frame: pd.DataFrame) -> bytes:
    """A table as CSV: UTF-8, LF, ten significant digits."""
    index = not isinstance(frame.index, pd.RangeIndex)
    return frame.to_csv(index=index, lineterminator="\n", float_format="%.10g").encode()


def _display(bundle: dict[str, str], **metadata) -> None:
    """Display a bundle of formats, with what the report must know about it."""
    display(bundle, raw=True, metadata={"towns_index": metadata})


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is not a name: use small letters, digits and single hyphens")


def _check_alt(name: str, title: str, alt: str) -> None:
    if not alt.strip():
        raise ValueError(f"figure {name}: the alt text is empty; say what the figure shows")
    if alt.strip().casefold() == title.strip().casefold():
        raise ValueError(f"figure {name}: the alt text only repeats the title; say what it shows")


def _css_size(image: bytes) -> tuple[int, int]:
    """Width and height in CSS pixels (96 an inch) of a PNG picture, read from its header."""
    return tuple(round(int.from_bytes(image[i : i + 4]) * 96 / DPI) for i in (16, 20))


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _text(value, spec: str | None) -> str:
    """One cell as a reader should see it."""
    if pd.isna(value):
        return MISSING
    if isinstance(value, bool) or pd.api.types.is_bool(value):
        return "yes" if value else "no"
    if pd.api.types.is_number(value):
        if spec == PROBABILITY:
            return "< 0.001" if value < 0.001 else f"{value:.3f}"
        text = format(value, spec or (",d" if pd.api.types.is_integer(value) else ",.1f"))
        # A true minus sign, as wide as a plus; and none before a nought.
        return text.replace("-", "−") if re.search("[1-9]", text) else text.replace("-", "")
    return format(value, spec or "")


def _html_notes(note: str | None, source: str | None) -> str:
    lines = [f"Note: {note}" if note else "", f"Source: {source}" if source else ""]
    return "".join(f'<p class="note">{escape(line)}</p>' for line in lines if line)


def _html_table(text: dict[str, list], anchor: str, title: str) -> str:
    """An HTML table in a box that scrolls by itself, also from the keyboard."""
    align = [
        ' style="text-align:right"' if n else ' style="text-align:left"' for n in text["numeric"]
    ]
    head = "".join(
        f'<th scope="col"{a}>{escape(label)}</th>'
        for a, label in zip(align, text["columns"], strict=True)
    )
    body = "".join(f"<tr>{_html_row(row, align)}</tr>" for row in text["rows"])
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-labelledby="{anchor}" '
        'style="overflow-x:auto">'
        f'<table><caption id="{anchor}">{escape(title)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _html_row(row: list[str], align: list[str]) -> str:
    first, *rest = row
    data = "".join(f"<td{a}>{escape(cell)}</td>" for a, cell in zip(align[1:], rest, strict=True))
    return f'<th scope="row"{align[0]}>{escape(first)}</th>{data}'
