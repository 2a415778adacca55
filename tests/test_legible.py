"""Words in figures: what cannot be read is found, and no published figure has any; colours can be told apart."""

from itertools import combinations

import nbformat
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

import towns_index.space.drawings as knots
from towns_index import figures, paths, show, style
from towns_index.report import drawings


@pytest.fixture
def axes():
    with plt.rc_context():
        style.apply()
        fig, axes = plt.subplots(figsize=(3, 2))
        yield axes
        plt.close(fig)


def illegible(axes) -> list[str]:
    return show.drawn(axes.figure)[1]


def test_a_plain_chart_can_be_read(axes):
    axes.plot([0, 1], label="a line")
    axes.set(xlabel="Across", ylabel="Up", title="Title")
    axes.legend()
    assert illegible(axes) == []


def test_words_upon_words_are_found(axes):
    axes.text(0.5, 0.5, "first words")
    axes.text(0.5, 0.52, "second words")
    assert illegible(axes) == ["'first words' overlaps 'second words'"]


def test_words_in_two_lines_are_not_upon_each_other(axes):
    axes.text(0.5, 0.5, "first\nwords", va="bottom")
    axes.text(0.5, 0.5, "second\nwords", va="top")
    assert illegible(axes) == []


def test_words_that_stick_out_are_found(axes):
    axes.text(0.9, 0.5, "a long text that axes cut", clip_on=True)
    axes.text(0.9, 0.8, "one that the picture cuts off, as it was left out of the layout", in_layout=False)
    assert illegible(axes) == ["'a long text that axes cut' is cut off", "'one that the picture cuts off, as it was left out of the layout' is cut off"]


def test_labels_of_ticks_outside_the_axis_are_not_drawn(axes):
    axes.set_xticks([0, 0.001, 50], ["near", "near too", "far away"])
    axes.set_xlim(0, 1)
    assert illegible(axes) == ["'near' overlaps 'near too'"]


def published_figures():
    for path in sorted((paths.ROOT / "reports" / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("towns_index", {})
                if about.get("kind") == "figure":
                    yield f"{path.stem}/{about['name']}", about


def test_every_published_figure_can_be_read():
    found = dict(published_figures())
    assert len(found) > 60
    assert {name: about["illegible"] for name, about in found.items() if about["illegible"]} == {}


# Machado, Oliveira and Fernandes (2009), severity 1, on linear light.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]) @ np.clip(light, 0, 1)
    f = np.where((scaled := xyz / [0.95047, 1, 1.08883]) > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_black_and_white_are_a_hundred_apart():
    assert np.linalg.norm(lab(linear("white")) - lab(linear("black"))) == pytest.approx(100, abs=0.1)


# Colours that stand for something by themselves, as dots on a map do. A difference of 2.3 can just be seen, 15 at a glance.
KEYS = {
    "status": [*figures.STATUS_COLOURS.values(), style.QUIET],
    "number of characteristics": list(drawings.COUNTS.values()),
    "firmness": list(figures.FIRMNESS.values()),
    "knots": list(knots.CALLED.values()),
}


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
@pytest.mark.parametrize("key", KEYS)
def test_colours_of_a_map_can_be_told_apart(key, deficiency):
    matrix = np.array(DEFICIENCIES[deficiency]) if deficiency else np.eye(3)
    for one, other in combinations(KEYS[key], 2):
        assert np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other))) > 15, (one, other)


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_categories_of_a_chart_can_be_told_apart(deficiency):
    # Less is asked of these: in charts of several categories each has a shape or words of its own as well.
    matrix = np.array(DEFICIENCIES[deficiency]) if deficiency else np.eye(3)
    for one, other in combinations(style.CATEGORIES, 2):
        assert np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other))) > 10, (one, other)


@pytest.mark.parametrize("colour", style.CATEGORIES)
def test_colours_stand_out_from_the_ground(colour):
    light = np.array([0.2126, 0.7152, 0.0722]) @ linear(colour)
    assert 1.05 / (light + 0.05) >= 3  # WCAG 2.2, 1.4.11: graphical objects
