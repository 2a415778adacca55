"""A page for every town, from the published tables.

:mod:`.material` reads the tables once; :mod:`.characteristics`, :mod:`.standing`, :mod:`.likeness`, :mod:`.trends`,
:mod:`.trust` and :mod:`.summary` say of one town what there is to say, as plain data; :mod:`.pages` sets it as HTML,
:mod:`.terminal` in the terminal and :mod:`.notebook` in a notebook.
"""

from towns_index.town_pages.material import load
from towns_index.town_pages.pages import build
from towns_index.town_pages.terminal import main, of

__all__ = ["build", "load", "main", "of"]
