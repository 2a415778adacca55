"""``run_all.py why``: from a town, a cluster or a figure of the report down to the raw files.

A *trace* is plain nested data: dicts, lists, texts and numbers. :mod:`.town`, :mod:`.raw` and
:mod:`.figure` make traces, :mod:`.say` puts them into words, :mod:`.command` reads the command line.
``docs/why.md`` describes what a trace holds.
"""

from towns_index.why.command import main

__all__ = ["main"]
