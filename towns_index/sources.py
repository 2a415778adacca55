"""The register of raw files: what there is, where it is, whether it is whole."""

import tomllib
from functools import lru_cache

from towns_index import paths


@lru_cache(maxsize=1)
def register() -> dict:
    """Files of ``definitions/sources.toml`` by identifier, each with its source's fields."""
    with open(paths.DEFINITIONS / "sources.toml", "rb") as stream:
        sources = tomllib.load(stream)["source"]
    files = {}
    for source in sources:
        shared = {key: value for key, value in source.items() if key not in {"file", "id"}}
        for entry in source["file"]:
            files[entry["id"]] = {"source": source["id"], **shared, **entry}
    return files


def file(file_id: str) -> dict:
    """One entry of the register."""
    return register()[file_id]
