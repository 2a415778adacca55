"""Which towns are neighbours, and how much each counts."""

import tomllib

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from towns_index import paths

KINDS = ("nearest", "band", "kernel")


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


def neighbours(places: np.ndarray, kind: str, value: float) -> sparse.csr_array:
    """Row-standardised weights between places.

    Parameters
    ----------
    places : numpy.ndarray
        Position of each place, shape (n, 2), in kilometres.
    kind : str
        ``nearest``: the `value` nearest places, each alike. ``band``: those within `value` km, each alike. ``kernel``:
        those within three bandwidths of `value` km, by ``exp(-(distance / value)² / 2)``.
    value : float
        As `kind` says.

    Returns
    -------
    scipy.sparse.csr_array
        Shape (n, n), zero diagonal. A row adds up to 1, or to 0 where a place has no neighbour (an island).
    """
    tree = cKDTree(places)
    if kind == "nearest":
        count = int(value)
        if count >= len(places):
            raise BadSpace(f"{count} nearest neighbours need more than {count} places; there are {len(places)}")
        others = np.array([[j for j in found if j != i][:count] for i, found in enumerate(tree.query(places, count + 1)[1])])
        matrix = sparse.csr_array((np.ones(others.size), (np.repeat(np.arange(len(places)), count), others.ravel())), shape=(len(places),) * 2)
    else:
        pairs = tree.query_pairs(value if kind == "band" else 3 * value, output_type="ndarray")
        away = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
        strength = np.ones(len(pairs)) if kind == "band" else np.exp(-((away / value) ** 2) / 2)
        half = sparse.csr_array((strength, (pairs[:, 0], pairs[:, 1])), shape=(len(places),) * 2)
        matrix = half + half.T
    return standardised(matrix)


def standardised(matrix: sparse.csr_array) -> sparse.csr_array:
    """Weights whose rows add up to 1; rows without weights stay as they are."""
    totals = matrix.sum(axis=1)
    scale = np.divide(1.0, totals, out=np.zeros_like(totals, dtype=float), where=totals > 0)
    result = (sparse.diags_array(scale) @ matrix).tocsr()
    result.sort_indices()
    return result


def islands(weights: sparse.csr_array) -> np.ndarray:
    """Whether each place has no neighbour."""
    return np.diff(weights.indptr) == 0
