"""Whether the words of a figure can be read: none cut off, none upon another."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox, TransformedBbox

GIVE = 0.1
"""Share of a text's height by which its box may be entered: the box has room above and below the letters."""


def _texts(fig: Figure) -> list[Text]:
    """Texts that are drawn; not the labels of ticks outside of an axis, which matplotlib keeps but leaves out."""
    found = [*fig.texts]
    for axes in fig.axes:
        found += [*axes.texts, axes.title]
        if axes.get_legend():
            found += axes.get_legend().get_texts()
        for table in axes.tables:
            found += [cell.get_text() for cell in table.get_celld().values()]
        if not axes.axison:
            continue
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            reach = (high - low) * 1e-9
            labels = [tick.label1 if tick.label1.get_visible() else tick.label2 for tick in axis.get_major_ticks() if low - reach <= tick.get_loc() <= high + reach]
            found += [label for label in labels if label.get_visible()] + [axis.label]
    for legend in fig.legends:
        found += legend.get_texts()
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def problems(fig: Figure, picture: Bbox) -> list[str]:
    """What cannot be read in a figure that has been laid out; empty if all is well.

    Parameters
    ----------
    fig : Figure
    picture : Bbox
        The part of it that is saved, in inches.

    Returns
    -------
    list of str
        "'a' overlaps 'b'" for texts upon each other; "'a' is cut off" for a text that sticks out of the picture or of axes that cut it.
    """
    renderer = fig.canvas.get_renderer()
    texts = _texts(fig)
    boxes = [text.get_window_extent(renderer) for text in texts]
    found = []
    saved = TransformedBbox(picture, fig.dpi_scale_trans)
    for text, box in zip(texts, boxes, strict=True):
        cut = [saved] + [text.get_clip_box()] * bool(text.get_clip_on() and text.get_clip_box())
        if any(box.x0 < edge.x0 - 1 or box.x1 > edge.x1 + 1 or box.y0 < edge.y0 - 1 or box.y1 > edge.y1 + 1 for edge in cut):
            found.append(f"{text.get_text()!r} is cut off")
    # The box of a slanted text is far larger than the text.
    straight = [number for number, text in enumerate(texts) if text.get_rotation() % 90 == 0]
    if straight:
        edges = np.array([(boxes[n].x0, boxes[n].x1, boxes[n].y0, boxes[n].y1) for n in straight])
        give = GIVE * np.array([boxes[n].height / (texts[n].get_text().count("\n") + 1) for n in straight])
        x0, x1, y0, y1 = edges.T
        x0, x1, y0, y1 = x0 + give, x1 - give, y0 + give, y1 - give
        upon = (x0[:, None] < x1) & (x0 < x1[:, None]) & (y0[:, None] < y1) & (y0 < y1[:, None])
        found += [f"{texts[straight[one]].get_text()!r} overlaps {texts[straight[other]].get_text()!r}" for one, other in np.argwhere(np.triu(upon, 1))]
    return found
