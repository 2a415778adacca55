"""Does anything jump where England meets Wales?

The border is drawn halfway between the nearest towns of either side: no small areas are needed, and the towns themselves
are points as well. A jump is what separates two lines, one fitted on each side, where they reach the border.
"""

import numpy as np
import pandas as pd
import shapely
from scipy.stats import t

from towns_index import figures
from towns_index.space.moran import adjusted
from towns_index.space.weights import BadSpace


def line_between(places: pd.DataFrame, west: pd.Series) -> shapely.Geometry:
    """The line that is as far from the nearest place of one side as from that of the other.

    Parameters
    ----------
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres.
    west : pandas.Series
        Whether each place belongs to one of the two sides.

    Returns
    -------
    shapely.Geometry
        Where the Voronoi cells of the two sides touch.
    """
    points = shapely.points(places.to_numpy())
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), ordered=True))
    sides = [shapely.union_all(cells[west.to_numpy(bool) == side]) for side in (True, False)]
    return shapely.intersection(*sides)


def distances(towns: pd.DataFrame, index: pd.DataFrame) -> pd.Series:
    """Distance of each town of `index` from the border in kilometres: above 0 in Wales, below in England.

    Parameters
    ----------
    towns : pandas.DataFrame
        All towns, also the small ones, from which the border is drawn.
    index : pandas.DataFrame
        Towns to measure.
    """
    line = line_between(figures.positions(towns), towns["nation"] == "Wales")
    away = shapely.distance(shapely.points(figures.positions(index).to_numpy()), line)
    return pd.Series(np.where(index["nation"] == "Wales", away, -away), index=index.index)


def jump(values: np.ndarray, away: np.ndarray) -> tuple[float, float]:
    """Jump at 0 of two straight lines, one on each side, and its standard error (HC3).

    Parameters
    ----------
    values : numpy.ndarray
        What may jump, shape (n,), without gaps.
    away : numpy.ndarray
        Signed distance, shape (n,).

    Returns
    -------
    tuple of float
        Right minus left, and its standard error, safe against unequal variance (MacKinnon and White 1985).
    """
    right = away > 0
    design = np.column_stack([right, np.ones_like(away), away, right * away]).astype(float)
    inverse = np.linalg.pinv(design)
    estimate = inverse @ values
    leverage = (design * inverse.T).sum(axis=1)
    residuals = (values - design @ estimate) / np.clip(1 - leverage, 1e-9, None)
    return float(estimate[0]), float(np.sqrt((inverse[0] ** 2 * residuals**2).sum()))


def exchanged(values: np.ndarray, right: np.ndarray, permutations: int, seed: int) -> float:
    """Two-sided p-value of a difference in means when the labels of the two sides are exchanged at random."""
    random = np.random.default_rng(seed)
    labels = np.array([random.permutation(right) for _ in range(permutations)]).astype(float)
    count = right.sum()
    centred = values - values.mean()
    seen = abs(centred[right].sum())
    # For fixed sizes of the two sides the difference in means grows with the sum of one side.
    return float((1 + (np.abs(labels @ centred) >= seen - 1e-9).sum()) / (permutations + 1)) if 0 < count < len(right) else np.nan


def placebo_distances(places: np.ndarray, choices: dict, borders: int, seed: int) -> list[np.ndarray]:
    """Signed distances from placebo borders: straight lines through the towns, as long as the real border.

    Parameters
    ----------
    places : numpy.ndarray
        Positions in kilometres, shape (n, 2).
    choices : dict
        Table ``border`` of ``space.toml``.
    borders, seed : int
        How many, and from where. Middle and direction are drawn at random; a line with too few towns on a side is drawn again.

    Returns
    -------
    list of numpy.ndarray
        One a border, shape (n,); not a number for towns beyond either end.
    """
    random = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    for _ in range(100 * borders):
        if len(found) == borders:
            return found
        middle, angle = places[random.integers(len(places))], random.uniform(0, 2 * np.pi)
        across, along = ((places - middle) @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])).T
        away = np.where(np.abs(along) <= choices["length_km"] / 2, across, np.nan)
        near = away[np.abs(away) <= choices["window_km"]]
        if min((near > 0).sum(), (near <= 0).sum()) >= choices["fewest"]:
            found.append(away)
    raise BadSpace(
        f"definitions/space.toml, border: of {100 * borders} lines only {len(found)} have fewest = {choices['fewest']} towns on either "
        "side; lower fewest, or widen window_km or length_km"
    )


def jumps(values: pd.DataFrame, away: pd.Series, places: pd.DataFrame, choices: dict, permutations: int, placebo: int, seed: int) -> pd.DataFrame:
    """Jump of every variable at the border, beside three kinds of chance.

    Parameters
    ----------
    values : pandas.DataFrame
        Variables (columns) of the towns; missing where not known.
    away : pandas.Series
        As from :func:`distances`.
    places : pandas.DataFrame
        ``x``, ``y`` in kilometres.
    choices : dict
        Table ``border`` of ``space.toml``.
    permutations, placebo, seed : int
        Exchanges of labels, placebo borders, and from where.

    Returns
    -------
    pandas.DataFrame
        ``variable``, ``towns_england``, ``towns_wales``, ``england``, ``wales`` (means in the window), ``jump`` (Wales minus
        England at the border), ``low``, ``high`` (95 %, HC3), ``p_value``, ``p_exchanged``, ``p_placebo`` and
        ``p_adjusted`` (of ``p_placebo``). A variable that is not known on both sides is left out.
    """
    window, narrow, fewest = choices["window_km"], choices["narrow_km"], choices["fewest"]
    english = away <= 0
    within = values.notna().mul(away.abs() <= window, axis=0)
    enough = [name for name in values if min((within[name] & english).sum(), (within[name] & ~english).sum()) >= fewest]
    lines = placebo_distances(places[english].to_numpy(), choices, placebo, seed) if enough else []
    rows = []
    for name in enough:
        known = within[name]
        here, there = values.loc[known, name].to_numpy(float), away[known].to_numpy()
        left, right = here[there <= 0], here[there > 0]
        estimate, error = jump(here, there)
        close = np.abs(there) <= narrow
        reach = t.ppf(0.975, len(here) - 4) * error
        ratio = abs(estimate / error)
        rows.append((name, len(left), len(right), left.mean(), right.mean(), estimate, estimate - reach, estimate + reach,
                     2 * t.sf(ratio, len(here) - 4), exchanged(here[close], there[close] > 0, permutations, seed),
                     (1 + (placebo_ratios(values.loc[english, name].to_numpy(float), lines, window) >= ratio).sum()) / (placebo + 1)))  # fmt: skip
    columns = ["variable", "towns_england", "towns_wales", "england", "wales", "jump", "low", "high", "p_value", "p_exchanged", "p_placebo"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(p_adjusted=adjusted(frame["p_placebo"]))


def placebo_ratios(values: np.ndarray, lines: list[np.ndarray], window: float) -> np.ndarray:
    """Jump for each standard error, without its sign, at each placebo border; 0 where nothing varies."""
    ratios = []
    for away in lines:
        near = (np.abs(away) <= window) & ~np.isnan(values)
        estimate, error = jump(values[near], away[near])
        ratios.append(abs(estimate) / error if error > 1e-12 else 0.0)
    return np.array(ratios)


def comparison(lines: pd.DataFrame, judged: pd.DataFrame, nation: pd.Series, gap: float = 0.1) -> pd.Series:
    """How far each cluster means the same on both sides of the border, in words.

    Parameters
    ----------
    lines : pandas.DataFrame
        Criteria in force.
    judged : pandas.DataFrame
        As ``criteria.csv``: every criterion of every town, met or not or not assessed.
    nation : pandas.Series
        Nation of each town.
    gap : float
        A criterion is *known less often* if the shares of towns assessed differ by more between the nations.

    Returns
    -------
    pandas.Series
        By cluster: which criteria are compared within the nation, rest on other data in one nation, or are known less
        often in one nation; ``alike`` if none.
    """
    known = judged.assign(known=judged["met"].notna(), nation=judged["town_code"].map(nation))
    shares = known.groupby(["cluster", "criterion", "nation"])["known"].mean().unstack()
    seldom = shares.index[(shares["England"] - shares["Wales"]).abs() > gap]
    words = {}
    for cluster, own in lines.groupby("cluster"):
        within = set(own.loc[own["comparator"] == "nation", "criterion"].astype(str))
        other = set(own.loc[own["applies_to"] != "all", "criterion"].astype(str))
        rarely = {str(criterion) for letter, criterion in seldom if letter == cluster} - other
        found = {"compared within the nation": within, "other data": other, "known less often in one nation": rarely}
        words[cluster] = "; ".join(f"{label}: {', '.join(sorted(held))}" for label, held in found.items() if held) or "alike"
    return pd.Series(words)
