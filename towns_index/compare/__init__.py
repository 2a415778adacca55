"""Two results folders side by side: which towns changed which characteristic, and which criterion did it.

:func:`compare` gives tables, :func:`report` prints a summary and writes a page to share.
``docs/compare.md`` says how to read them.
"""

from towns_index.compare.changes import compare
from towns_index.compare.command import report
from towns_index.compare.folders import Unusable

__all__ = ["Unusable", "compare", "report"]
