"""Figures and tables as notebooks show them."""

import io

import pandas as pd
import pytest
from matplotlib import pyplot as plt

from towns_index import files, paths, show, style, tables


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """What was displayed, as (bundle, metadata); files go to an empty folder."""
    monkeypatch.setenv(paths.OUT_VARIABLE, str(tmp_path))
    displayed = []
    monkeypatch.setattr(
        show, "display", lambda bundle, raw, metadata: displayed.append((bundle, metadata))
    )
    return displayed


def bars():
    style.apply()
    figure, axes = plt.subplots()
    axes.bar(["Wales", "London"], [3, 5])
    return figure


def test_figure_is_saved_shown_and_closed(shown):
    fig = bars()
    data = pd.DataFrame({"region": ["Wales", "London"], "share": [0.25, None]})
    alt = 'Wales has 3 & London "5" towns'
    show.figure(fig, "two-bars", "Two regions", alt, data, formats={"share": ".1%"})
    (bundle, metadata), folder = shown[0], paths.reports() / "figures"
    assert (folder / "two-bars.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "two-bars.csv").read_bytes() == b"region,share\nWales,0.25\nLondon,\n"
    assert sorted(file.name for file in folder.iterdir()) == ["two-bars.csv", "two-bars.png"]
    assert '<figure id="fig-two-bars">' in bundle["text/html"]
    assert 'alt="Wales has 3 &amp; London &quot;5&quot; towns"' in bundle["text/html"]
    assert "25.0%" in bundle["text/html"] and show.MISSING in bundle["text/html"]
    assert alt in bundle["text/plain"] and "Two regions" in bundle["text/plain"]
    assert metadata["towns_index"]["kind"] == "figure"
    assert metadata["towns_index"]["alt"] == alt
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "  ", "Two regions", " two REGIONS "])
def test_alt_text_must_say_more_than_the_title(shown, alt):
    with pytest.raises(ValueError, match="alt text"):
        show.figure(bars(), "two-bars", "Two regions", alt)
    assert not shown and not (paths.reports() / "figures").exists()


@pytest.mark.parametrize("name", ["", "Two", "a b", "../a", "a--b", "é"])
def test_names_are_safe_for_files_and_anchors(shown, name):
    with pytest.raises(ValueError, match="is not a name"):
        show.figure(bars(), name, "Two regions", "Wales has 3 towns, London 5.")


def test_same_figure_same_bytes_and_no_software_name():
    first, second = show.png(bars()), show.png(bars())
    assert first == second
    assert b"matplotlib" not in first.lower()


def test_nothing_is_cut_off_not_even_outside_the_figure():
    fig = bars()
    fig.text(1.05, 0.5, "a note")
    image = plt.imread(io.BytesIO(show.png(fig)))
    plt.close(fig)
    assert image.shape[1] > fig.get_figwidth() * show.DPI
    for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
        assert (edge == 1).all()


def test_style_ignores_what_was_set_before():
    plt.rcParams["axes.spines.top"] = True
    plt.rcParams["font.size"] = 30
    style.apply()
    assert plt.rcParams["axes.spines.top"] is False
    assert plt.rcParams["font.size"] == 10.5


def test_cells_are_text_for_readers():
    frame = pd.DataFrame(
        {
            "town": ["Y Drenewydd", None],
            "residents": [59439840, 1],
            "change": [-1.25, float("nan")],
            "coastal": [True, False],
        }
    )
    text = show.cells(frame, {"change": ".2f"})
    assert text["columns"] == ["town", "residents", "change", "coastal"]
    assert text["numeric"] == [False, True, True, False]
    assert text["rows"] == [
        ["Y Drenewydd", "59,439,840", "−1.25", "yes"],
        [show.MISSING, "1", show.MISSING, "no"],
    ]


def test_an_index_with_a_meaning_comes_first():
    frame = pd.DataFrame({"towns": [3]}, index=pd.Index(["Wales"], name="region"))
    assert show.cells(frame)["rows"] == [["Wales", "3"]]
    assert show.csv(frame) == b"region,towns\nWales,3\n"


def test_formats_for_unknown_columns_are_refused():
    with pytest.raises(ValueError, match="shaer"):
        show.cells(pd.DataFrame({"share": [1.0]}), {"shaer": ".1%"})


def test_table_names_its_columns_and_rows_and_says_what_it_left_out(shown):
    frame = pd.DataFrame({"town": ["A <b>", "B", "C"], "kind": ["<i>", "", ""], "score": [1, 2, 3]})
    show.table(frame, "scores", "Scores", note="All towns.", max_rows=2)
    bundle, metadata = shown[0]
    html = bundle["text/html"]
    assert '<th scope="col" style="text-align:right">score</th>' in html
    assert '<th scope="row" style="text-align:left">A &lt;b&gt;</th>' in html
    assert "&lt;i&gt;</td>" in html
    assert ">Scores</caption>" in html
    assert "All towns. First 2 of 3 rows." in html
    assert len(metadata["towns_index"]["rows"]) == 2


def test_callouts_have_known_kinds(shown):
    show.callout("Read this.\n\nAnd this.", "warning")
    assert shown[0][0]["text/markdown"] == "> **Take care**\n> \n> Read this.\n> \n> And this."
    with pytest.raises(ValueError, match="key, warning"):
        show.callout("Read this.", "danger")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "report.html"
    tables.write_bytes(b"old", file)
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        tables.write_bytes(b"new", file)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_p_values_are_never_nought_and_a_nought_has_no_minus():
    text = show.cells(pd.DataFrame({"p": [0.0004, 0.0123, 1.0], "gain": [-0.0004, -0.5, 0.0]}), {"p": "p", "gain": ".3f"})
    assert text["rows"] == [["< 0.001", "0.000"], ["0.012", "−0.500"], ["1.000", "0.000"]]
