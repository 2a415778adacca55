"""Small pictures for the pages of towns, as SVG that weighs next to nothing."""

from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup

from towns_index import figures, paths, words

CLOSED, TOLERANCE = 6, 3  # km: a coast that can still be recognised, in under two kilobytes
SMALLEST = 300  # km²: Anglesey and the Isle of Wight stay
TOP = 665  # km, northern edge of the map
BOX = "125 0 545 665"


def land() -> str:
    """England and Wales as a path in kilometres from the south-west of the map, downwards; much simplified."""
    coast = gpd.read_file(paths.processed() / "coast.geojson").to_crs("EPSG:27700").geometry.explode()
    # Closed first: estuaries would else become slits.
    whole = shapely.unary_union(coast.buffer(CLOSED * 1000).to_numpy()).buffer(-CLOSED * 1000).simplify(TOLERANCE * 1000)
    shapes = [shape for shape in shapely.get_parts(whole) if shape.area > SMALLEST * 1e6]
    return "".join(_ring(shapely.get_coordinates(shape.exterior) / 1000) for shape in shapes)


def _ring(points: np.ndarray) -> str:
    places = np.column_stack([points[:, 0], TOP - points[:, 1]]).round().astype(int)[:-1]
    steps = np.diff(places, axis=0)
    return f"M{places[0, 0]} {places[0, 1]}l" + " ".join(f"{x} {y}" for x, y in steps).replace(" -", "-") + "z"


def positions(towns: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Place of each town on that map."""
    placed = figures.positions(towns)
    return {code: (round(x), round(TOP - y)) for code, x, y in zip(towns.index, placed["x"], placed["y"])}


def map_picture() -> str:
    """The land, as a picture for the style sheet; the pages hold only the town's dot."""
    return _picture(f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='{BOX}'><path fill='%238d99a6' fill-opacity='.45' d='{land()}'/></svg>")


def locator(town: dict, place: tuple[int, int]) -> str:
    """A map of England and Wales with the town: its dot, over the land of the style sheet (:func:`map_picture`)."""
    x, y = place
    told = escape(f"Map of England and Wales: {town['short']} lies in {words.region(town['region'])}.")
    return f'<svg class="map" viewBox="{BOX}" role="img" aria-label="{told}"><circle cx="{x}" cy="{y}" r="24"/><circle cx="{x}" cy="{y}" r="10"/></svg>'


def strip(row: dict) -> Markup:
    """A row of the table of figures: what, here, the picture's place, and the shares that lie lower.

    Written here and not in the template: there are nearly a hundred of them on every page. End tags that HTML does
    not need are left out.
    """
    whole = f" <i>whole {row['shared']}</i>" if row["shared"] else ""
    lower = "<td>".join(row["lower"])
    return Markup(
        f"<tr><th>{escape(row['label'])}{whole}<td>{escape(row['said'])}<td class={row['indicator']} style=--v:{row['at']:.0f}%><td>{lower}\n"
    )


def shape(heights: np.ndarray) -> str:
    """How all towns are spread over an indicator, as a picture for the style sheet."""
    tops = 20 - np.round(20 * heights / heights.max()).astype(int)
    outline = "".join(f"L{2 * i + 1} {top}" for i, top in enumerate(tops))
    return _picture(
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {2 * len(heights)} 20' preserveAspectRatio='none'>"
        f"<path fill='%238d99a6' d='M0 20{outline}L{2 * len(heights)} 20z'/></svg>"
    )


def _picture(svg: str) -> str:
    return f'url("data:image/svg+xml,{svg}")'.replace("<", "%3C").replace(">", "%3E")
