"""Pieces of an accessible page: sections, paragraphs, tables, links to the lists beside it."""

import re
from html import escape

import pandas as pd

MOST = 200
"""Rows of a section that are shown; the rest is in a list beside the page."""


def section(name: str, title: str, *blocks: str) -> str:
    """A section with its heading; empty blocks are left out."""
    body = "\n".join(block for block in blocks if block)
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(title)}</h2>\n{body}\n</section>'


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def folded(title: str, *blocks: str) -> str:
    """Blocks that the reader opens."""
    body = "\n".join(block for block in blocks if block)
    return f"<details><summary>{escape(title)}</summary>\n{body}</details>"


def table(caption: str, heads: list[str], rows: list[list], numeric: set[int] = frozenset()) -> str:
    """A table whose first column names the rows; ``numeric`` columns are set flush right."""
    marks = [' class="number"' if place in numeric else "" for place in range(len(heads))]
    head = "".join(f'<th scope="col"{mark}>{escape(text)}</th>' for mark, text in zip(marks, heads, strict=True))
    body = "\n".join("<tr>" + "".join(_cells(row, marks)) + "</tr>" for row in rows)
    return scrolled(caption, f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>")


def _cells(row: list, marks: list[str]) -> list[str]:
    texts = [escape(_text(value)) for value in row]
    first = f'<th scope="row"{marks[0]}>{texts[0]}</th>'
    return [first, *(f"<td{mark}>{text}</td>" for mark, text in zip(marks[1:], texts[1:], strict=True))]


def _text(value) -> str:
    if not isinstance(value, str) and pd.isna(value):
        return "–"
    return f"{value:,}" if pd.api.types.is_integer(value) else str(value)


def scrolled(caption: str, inner: str, more: str = "") -> str:
    """The inside of a table in a box that scrolls by itself, also from the keyboard."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table{more}>\n<caption><span>{escape(caption)}</span></caption>\n{inner}\n</table></div>"
    )


def first(frame: pd.DataFrame, name: str, file: str | None = None) -> tuple[pd.DataFrame, str]:
    """The rows that are shown, and a line that says so if there are more."""
    if len(frame) <= MOST:
        return frame, ""
    rest = f" All are in {link(file)}." if file else ""
    return frame.head(MOST), f'<p class="note">The first {MOST} of {len(frame):,} {name} are shown.{rest}</p>'


def link(file: str) -> str:
    """A link to a file beside the page."""
    return f'<a href="{escape(file)}">{escape(file)}</a>'


def linked(text: str) -> str:
    """Plain text in which addresses between angle brackets become links."""
    return re.sub(r"&lt;(https?://[^&]+)&gt;", r'<a href="\1">\1</a>', escape(text))
