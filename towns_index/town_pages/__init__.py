"""A page for every town, from the published tables.

:mod:`.material` reads the tables once; :mod:`.characteristics`, :mod:`.standing` and :mod:`.summary` say of one town
what there is to say, as plain data; :mod:`.pages` sets it as HTML.
"""

from towns_index.town_pages.material import load
from towns_index.town_pages.pages import build

__all__ = ["build", "load"]
