"""The front page: what the gallery takes from an executed notebook, and that every link leads somewhere."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from towns_index import gallery, paths

REPORTS = paths.ROOT / "reports"


def shown(**about):
    return new_code_cell("x", outputs=[new_output("display_data", {"text/plain": ""}, metadata={"towns_index": about})])


def test_a_card_is_the_heading_the_question_and_the_first_figure():
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Title\n\nA *question* with a [link](to)? More.\n\nSecond paragraph."),
            shown(kind="prose"),
            shown(kind="figure", name="one", title="A finding", alt="What is seen."),
            shown(kind="figure", name="two", title="Another", alt="Else."),
        ]
    )
    assert gallery.card("050_x", notebook) == ("050_x", "Title", "A question with a link? More.", "figures/050_x/one.png", "A finding", "What is seen.")
    assert gallery.card("050_x", new_notebook(cells=notebook.cells[:2])).picture == ""


def test_a_notebook_without_a_question_is_refused_by_name():
    with pytest.raises(ValueError, match="notebooks/050_x.ipynb must begin with a heading and a paragraph"):
        gallery.card("050_x", new_notebook(cells=[new_markdown_cell("# Title")]))


def test_the_finding_is_that_of_the_cover():
    report = new_notebook(cells=[shown(kind="cover", text="3 &lt; 4.")])
    assert gallery.finding(report) == "3 < 4."
    with pytest.raises(ValueError, match="no cover"):
        gallery.finding(new_notebook())


def test_names_are_escaped():
    text = gallery.page([gallery.Card("010_x", "<b>", "q", "", "", "")], "f", 3, [])
    assert "&lt;b&gt;" in text and "<b>" not in text


def test_the_front_page_has_every_notebook_and_its_links_lead_somewhere():
    text = (REPORTS / "index.html").read_text(encoding="utf-8")
    for path in (paths.NOTEBOOKS).glob("*.ipynb"):
        if path.stem[:3] not in ("090", "099"):
            assert f'href="notebooks/{path.name}"' in text
            title = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ")
            assert title.replace("'", "&#39;") in text
    for link in re.findall(r'(?:href|src)="([^"#]+)', text):
        assert (REPORTS / link).exists(), link
    alts = re.findall(r'<img [^>]*alt="([^"]*)"', text)
    assert alts and all(len(alt) > 40 for alt in alts)
