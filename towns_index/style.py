"""One look for every figure: the style sheet and the colours that go with it.

Colours are those of the Government Analysis Function. A chart shows at most four categories
(:data:`CATEGORIES`); a fifth belongs in another panel.
"""

from pathlib import Path

import font_source_sans_pro
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap

SHEET = Path(__file__).with_name("towns_index.mplstyle")

FONTS = Path(font_source_sans_pro.__file__).with_name("files")
"""Folder of the typeface, Source Sans Pro, which comes in a package: the same bytes on every machine."""

NAVY = "#12436D"
TEAL = "#28A197"
PLUM = "#801650"
ORANGE = "#F46A25"
DARK_GREY = "#3D3D3D"
LILAC = "#A285D1"

CATEGORIES = [NAVY, TEAL, PLUM, ORANGE]
"""Colours of a chart's categories, in order of use."""

QUIET = "#C9CDD2"
"""What is shown for context only, such as the towns that do not belong to a cluster."""

LAND = "#EEF0F2"
"""Land under a map of towns."""

SEQUENTIAL = LinearSegmentedColormap.from_list("towns_sequential", ["#DCE9F5", "#2073BC", NAVY])
"""From little to much."""


def apply() -> None:
    """Draw every figure that follows in the project's style."""
    for name in ("Regular", "It", "Semibold", "Bold"):
        font_manager.fontManager.addfont(FONTS / f"SourceSansPro-{name}.ttf")
    # Start from matplotlib's own defaults, so that a user's matplotlibrc changes nothing.
    plt.style.use(["default", SHEET])
