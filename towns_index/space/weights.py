"""Which towns are neighbours, and how much each counts."""

import tomllib

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial.distance import cdist

from towns_index import paths

KINDS = ("nearest", "elsewhere", "band", "kernel")


class BadSpace(ValueError):
    """The definitions of space hold something that cannot be carried out."""


def settings() -> dict:
    """Contents of ``definitions/space.toml``."""
    with open(paths.DEFINITIONS / "space.toml", "rb") as stream:
        return tomllib.load(stream)


def definitions() -> pd.DataFrame:
    """Lines of ``definitions/weights.csv``: what counts as a neighbour, with the reason.

    Raises
    ------
    BadSpace
        Naming the line that cannot be carried out.
    """
    lines = pd.read_csv(paths.DEFINITIONS / "weights.csv", keep_default_na=False)
    require(lines)
    return lines


def require(lines: pd.DataFrame) -> None:
    """Refuse lines of ``weights.csv`` that cannot be carried out (:class:`BadSpace`)."""
    for line in lines.itertuples():
        where = f"definitions/weights.csv, line {line.weights}"
        if line.kind not in KINDS:
            raise BadSpace(f"{where}: kind {line.kind!r} is not one of {', '.join(KINDS)}")
        if not line.value > 0:
            raise BadSpace(f"{where}: value {line.value} must be above 0")


def named(name: str, lines: pd.DataFrame, places: pd.DataFrame, areas: pd.Series) -> sparse.csr_array:
    """The weights that one line of ``weights.csv`` gives some towns (:class:`BadSpace` if there is no such line)."""
    found = lines[lines["weights"] == name]
    if found.empty:
        raise BadSpace(f"definitions/weights.csv has no line {name!r}, which definitions/space.toml or a notebook asks for")
    line = found.iloc[0]
    return neighbours(places.to_numpy(), line["kind"], line["value"], areas.to_numpy())


def neighbours(places: np.ndarray, kind: str, value: float, areas: np.ndarray | None = None) -> sparse.csr_array:
    """Row-standardised weights between places.

    Parameters
    ----------
    places : numpy.ndarray
        Position of each place, shape (n, 2), in kilometres.
    kind : str
        ``nearest``: the `value` nearest places, each alike. ``elsewhere``: the nearest in other areas. ``band``: those within
        `value` km, each alike. ``kernel``: those within three bandwidths of `value` km, by ``exp(-(distance / value)² / 2)``.
    value : float
        As `kind` says.
    areas : numpy.ndarray, optional
        Area of each place, for ``elsewhere``.

    Returns
    -------
    scipy.sparse.csr_array
        Shape (n, n), zero diagonal. A row adds up to 1, or to 0 where a place has no neighbour (an island).

    Raises
    ------
    BadSpace
        If there are too few places for so many neighbours.
    """
    away = cdist(places, places)
    np.fill_diagonal(away, np.inf)
    if kind == "elsewhere":
        away[np.equal.outer(areas, areas)] = np.inf
    if kind in ("nearest", "elsewhere"):
        count = int(value)
        if count >= len(places) or not np.isfinite(np.sort(away, axis=1)[:, count - 1]).all():
            raise BadSpace(f"definitions/weights.csv asks for {count} neighbours, but of {len(places)} places some have fewer; lower the value")
        nearest = np.argsort(away, axis=1, kind="stable")[:, :count]
        strength = np.zeros_like(away)
        np.put_along_axis(strength, nearest, 1.0, axis=1)
    elif kind == "band":
        strength = (away <= value).astype(float)
    else:
        strength = np.where(away <= 3 * value, np.exp(-((away / value) ** 2) / 2), 0.0)
    return standardised(sparse.csr_array(strength))


def standardised(matrix: sparse.csr_array) -> sparse.csr_array:
    """Weights whose rows add up to 1; rows without weights stay as they are."""
    totals = matrix.sum(axis=1)
    scale = np.divide(1.0, totals, out=np.zeros_like(totals, dtype=float), where=totals > 0)
    result = (sparse.diags_array(scale) @ matrix).tocsr()
    result.sort_indices()
    return result


def label(line) -> str:
    """A line of ``weights.csv`` in a few words for the reader."""
    if line.kind in ("nearest", "elsewhere"):
        return f"{line.value:g} nearest towns" + (", other authorities" if line.kind == "elsewhere" else "")
    return f"towns within {line.value:g} km" if line.kind == "band" else f"by distance, bandwidth {line.value:g} km"


def islands(weights: sparse.csr_array) -> np.ndarray:
    """Whether each place has no neighbour."""
    return np.diff(weights.indptr) == 0
