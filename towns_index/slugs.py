"""Addresses of towns: the name of a town as it stands in a file name and in a link."""

import re
import unicodedata

import pandas as pd


def slug(text: str) -> str:
    """A text in lower-case ASCII letters, digits and single hyphens: "Bishop's Stortford" is "bishops-stortford"."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")


def slugs(towns: pd.DataFrame) -> pd.Series:
    """An address for every town, no two alike.

    Parameters
    ----------
    towns : pandas.DataFrame
        Indexed by ``town_code``, with ``town_name`` and ``local_authority``.

    Returns
    -------
    pandas.Series
        The :func:`slug` of the name, indexed by ``town_code``. Where towns share it, the local authority follows;
        where that does not tell them apart either, the code.
    """
    names = towns["town_name"].map(slug)
    with_authority = names + "-" + towns["local_authority"].map(slug)
    longer = names.mask(names.duplicated(keep=False), with_authority)
    codes = towns.index.to_series().map(slug)
    return longer.mask(longer.duplicated(keep=False), longer + "-" + codes).rename("slug")
