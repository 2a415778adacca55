"""The raw bundle, for the tests that need it, and the committed tables."""

import pandas as pd
import pytest

from towns_index import paths, tables

SNAPSHOT = paths.ROOT / "data" / "processed"

needs_bundle = pytest.mark.skipif(
    not (paths.raw() / "town-list-ons-2020" / "towns_indicators_1186.csv").is_file(),
    reason=f"the raw bundle is not in {paths.raw()}; set {paths.RAW_VARIABLE} to the folder that holds it",
)


def committed(name: str) -> pd.DataFrame:
    """A table of the committed snapshot."""
    return tables.read_csv(SNAPSHOT / f"{name}.csv")


def assert_same_bytes(path, name: str) -> None:
    """A file just written equals the committed one; otherwise the first line that differs is shown."""
    ours, theirs = path.read_bytes(), (SNAPSHOT / name).read_bytes()
    if ours != theirs:
        pairs = zip(ours.decode().splitlines(), theirs.decode().splitlines())
        for number, (new, old) in enumerate(pairs, 1):
            assert new == old, f"line {number} of {name} differs from the committed one"
        pytest.fail(f"{name} has {len(ours)} bytes, the committed one {len(theirs)}")
