"""The report as HTML and PDF, made from a small notebook that is really executed."""

import copy
import io
import re
from html import unescape

import nbformat
import pikepdf
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from towns_index import paths, publish

ALT = 'Two bars: Wales "3" & London 5.'
TITLE = "Towns & cities <2020>"

TEXT = f"""# {TITLE}

A *standfirst* with £5 and $3."""

SETUP = """import pandas as pd
from matplotlib import pyplot as plt
from towns_index import show, style

style.apply()
print("working note")"""

FIGURE = f"""fig, axes = plt.subplots(figsize=(3, 2))
axes.bar(["Wales", "London"], [3, 5])
data = pd.DataFrame({{"region": ["Wales", "London"], "towns": [3, 5]}})
show.figure(fig, "bars", "Two regions", {ALT!r}, data, note="A note.", source="ONS")"""

TABLE = """names = [f"Town {i} @ref #tag _x_ *y* $z$ `q` \\\\ <b>" for i in range(60)]
show.table(pd.DataFrame({"town": names, "residents": range(60)}), "towns", "Sixty towns")"""

WORDS = """show.prose("There are **60** towns; see [the bars](#fig-bars).")
show.callout("Most are small; see [the table](#tbl-towns).")
show.cover("Sixty *towns*.", pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 0.5], "shade": [0, 3]}))"""

SECTION = """## Regions

- a list @a #b
- of two

| A | B |
|---|--:|
| x | 1 |

### Regions

Text[^1] and a [source](https://www.ons.gov.uk/).

[^1]: A footnote."""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    folder = tmp_path_factory.mktemp("executed")
    cells = [new_markdown_cell(TEXT), new_code_cell(SETUP), new_code_cell(FIGURE)]
    cells += [new_markdown_cell(SECTION), new_code_cell(TABLE), new_code_cell(WORDS)]
    made = new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.OUT_VARIABLE, str(folder))
        patch.setenv("PYTHONPATH", str(paths.ROOT))
        NotebookClient(made, kernel_name="python3").execute()
    return made


@pytest.fixture(scope="module")
def page(notebook):
    return publish.html(notebook)


@pytest.fixture(scope="module")
def document(notebook):
    with pikepdf.open(io.BytesIO(publish.pdf(notebook))) as opened:
        yield opened


def changed(notebook, old, new):
    """The notebook with other words in its text and outputs."""
    return nbformat.reads(nbformat.writes(notebook).replace(old, new), as_version=4)


def structure(node):
    """Every element of a PDF's structure tree."""
    if isinstance(node, pikepdf.Array):
        for child in node:
            yield from structure(child)
    elif isinstance(node, pikepdf.Dictionary):
        yield node
        yield from structure(node.get("/K", pikepdf.Array()))


def test_every_image_keeps_its_alt_text(page):
    images = re.findall(r"<img [^>]*>", page)
    assert len(images) == 1
    assert 'alt="Two bars: Wales &quot;3&quot; &amp; London 5."' in images[0]


def test_alt_text_survives_plain_nbconvert(notebook):
    exported, _ = HTMLExporter().from_notebook_node(notebook)
    image = re.search(r"<img [^>]*>", exported)[0]
    assert ALT in unescape(image)


def test_page_stands_alone(page):
    assert not re.search(r"<(?:script|link|iframe|object|embed)\b", page)
    assert not re.search(r"""\bsrc=["'](?!data:)""", page)
    assert not re.search(r"url\(|@import", page)
    assert 'href="https://www.ons.gov.uk/"' in page


def test_page_is_navigable(page):
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert {"regions", "regions-1", "fig-bars", "tbl-towns"} <= set(ids)
    contents = page[page.index("<nav") : page.index("</nav>")]
    assert contents.count("<a ") == 2
    assert '<a class="skip" href="#page-text">' in page
    assert '<html lang="en-GB">' in page


def test_page_says_what_it_is(page):
    assert "<title>Towns &amp; cities &lt;2020&gt;</title>" in page
    assert '<meta name="description" content="A standfirst with £5 and $3.">' in page
    assert page.count("<h1>") == 1


def test_readers_see_no_code_and_every_word(page):
    reader = re.sub(r'<details class="audit">.*?</details>', "", page, flags=re.DOTALL)
    assert "working note" not in reader and "plt.subplots" not in reader
    assert "plt.subplots" in page and re.search(r"bars\.csv sha256 [0-9a-f]{64}", page)  # in the audit view
    assert ".audit { display: none" in page and "body:has(#audit-view:checked) .audit { display: block; }" in page
    assert '<div class="finding">\n<p>Sixty <em>towns</em>.</p>' in page and page.count('class="s3"') == 1
    assert re.findall(r'class="s\d" d="M(\S+ \S+?)m[^A-Z]+z"', page) == ["0.0 -0", "1.0 -0.5"]  # a hexagon around each place, in steps from it
    assert "There are <strong>60</strong> towns" in page
    assert "Key finding" in page and "Data behind this figure" in page
    assert "Town 7 @ref #tag _x_ *y* $z$ `q` \\ &lt;b&gt;" in page


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("- a list @a #b", "![](map.png)", "alt text"),
        ("- a list @a #b", "![A map](https://example.org/map.png)", "fetches https"),
        ("- a list @a #b", "<script>1</script>", "<script>"),
        ("- a list @a #b", "<p onclick='steal()'>x</p>", "<p onclick> would run a program"),
        ("- a list @a #b", "<a href='java&#10;script:steal()'>x</a>", "<a href> would run a program"),
        ("- a list @a #b", "<img alt='x' src='data:text/html,x'>", "<img src> would run a program"),
        ("- a list @a #b", "<form action='https://example.org'></form>", "<form>"),
        ("](#fig-bars)", "](#fig-none)", "'fig-none', which is not there"),
        (r"id=\"tbl-towns\"", r"id=\"fig-bars\"", "two things are named 'fig-bars'"),
        ("## Regions", "# Regions", "titles"),
        ("### Regions", "#### Regions", "headings jump from h2 to h4"),
    ],
)
def test_a_faulty_page_is_refused(notebook, old, new, fault):
    faulty = changed(notebook, old, new)
    assert nbformat.writes(faulty) != nbformat.writes(notebook)
    with pytest.raises(ValueError, match=re.escape(fault)):
        publish.html(faulty)


def test_pdf_is_tagged_and_described(document):
    root = document.Root
    assert root.MarkInfo.Marked
    assert "/StructTreeRoot" in root
    assert str(root.Lang) == "en-GB"
    assert str(document.docinfo["/Title"]) == TITLE
    assert str(document.docinfo["/Author"]) == publish.AUTHOR
    assert "/CreationDate" not in document.docinfo
    with document.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
    with document.open_outline() as outline:
        assert "Regions" in [item.title for item in outline.root]


def test_every_pdf_figure_has_alt_text(document):
    elements = list(structure(document.Root.StructTreeRoot.K))
    figures = [e for e in elements if e.get("/S") == "/Figure"]
    assert [str(figure.Alt) for figure in figures] == [ALT]
    assert sum(e.get("/S") == "/Table" for e in elements) == 2
    assert sum(e.get("/S") == "/TH" for e in elements) == 4


def test_pdf_refuses_a_figure_without_alt_text(notebook):
    bare = copy.deepcopy(notebook)
    for cell in bare.cells:
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get("towns_index", {}).get("kind") == "figure":
                output.metadata["towns_index"]["alt"] = None
    with pytest.raises(RuntimeError, match="alt"):
        publish.pdf(bare)


def test_same_notebook_same_bytes(notebook, page):
    assert publish.html(notebook) == page
    assert publish.pdf(notebook) == publish.pdf(copy.deepcopy(notebook))


def test_report_writes_both_files_or_none(notebook, page, tmp_path, monkeypatch):
    monkeypatch.setenv(paths.OUT_VARIABLE, str(tmp_path / "out"))
    nbformat.write(notebook, tmp_path / "report.ipynb")
    html, pdf = publish.report(tmp_path / "report.ipynb")
    assert html.read_text(encoding="utf-8") == page
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert sorted(file.name for file in html.parent.iterdir()) == [html.name, pdf.name]

    def broken(_):
        raise RuntimeError("no PDF")

    monkeypatch.setattr(publish, "pdf", broken)
    with pytest.raises(RuntimeError, match="no PDF"):
        publish.report(tmp_path / "report.ipynb", "second")
    assert not (html.parent / "second.html").exists()


def test_nothing_shown_is_lost_in_silence(notebook):
    foreign = copy.deepcopy(notebook)
    for output in foreign.cells[2].outputs:
        output.metadata.pop("towns_index", None)
    with pytest.raises(ValueError, match="cell 3 shows text/html.*show.figure"):
        publish.read(foreign)


def test_a_failed_or_untitled_notebook_is_refused():
    failed = nbformat.v4.new_output("error", ename="KeyError", evalue="'town'", traceback=[])
    with pytest.raises(ValueError, match="cell 2 failed: KeyError"):
        publish.read(
            new_notebook(cells=[new_markdown_cell("# T"), new_code_cell("", outputs=[failed])])
        )
    with pytest.raises(ValueError, match="begin with '# '"):
        publish.read(new_notebook(cells=[new_markdown_cell("No title")]))
