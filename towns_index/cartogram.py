"""A cartogram with one hexagon a town: every town is as large as any other and stands near its place.

The land is filled with hexagons, just enough of them; towns are given to hexagons so that the sum of the squared
distances moved is least (linear assignment).
"""

import numpy as np
import pandas as pd
from matplotlib.path import Path
from scipy.optimize import linear_sum_assignment

ROW = np.sqrt(3) / 2


def grid(outline: Path, width: float) -> np.ndarray:
    """Centres of the hexagons of a width (km) that lie on the land, in kilometres."""
    left, low, right, high = (*outline.vertices.min(axis=0), *outline.vertices.max(axis=0))
    rows, columns = int((high - low) / (width * ROW)) + 2, int((right - left) / width) + 2
    row, column = np.mgrid[:rows, :columns]
    centres = np.column_stack([(left + (column + 0.5 * (row % 2)) * width).ravel(), (low + row * width * ROW).ravel()])
    return centres[outline.contains_points(centres)]


def place(positions: pd.DataFrame, outline: Path, spare: float = 1.03) -> pd.DataFrame:
    """A hexagon for every town.

    Parameters
    ----------
    positions : pandas.DataFrame
        Position of each town in kilometres: ``x``, ``y``.
    outline : matplotlib.path.Path
        Outline of the land, in kilometres.
    spare : float
        Hexagons for each town, at least.

    Returns
    -------
    pandas.DataFrame
        Place of each town in widths of a hexagon: ``x``, ``y``; and ``moved``, kilometres between place and position.
        No two towns have the same place.
    """
    narrow, wide = 1.0, 60.0
    for _ in range(30):  # the widest hexagons of which there are enough
        width = (narrow + wide) / 2
        narrow, wide = (width, wide) if len(grid(outline, width)) >= spare * len(positions) else (narrow, width)
    cells = grid(outline, narrow)
    moved = np.linalg.norm(positions[["x", "y"]].to_numpy()[:, None] - cells[None], axis=2)
    towns, chosen = linear_sum_assignment(moved**2)
    found = cells[chosen] / narrow
    return pd.DataFrame({"x": found[:, 0], "y": found[:, 1], "moved": moved[towns, chosen]}, index=positions.index)
