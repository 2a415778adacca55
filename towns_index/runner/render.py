"""Set the results of an executed notebook in its new text, when nothing but text has changed."""

from nbformat import NotebookNode, from_dict

INJECTED = "injected-parameters"


def rendered(source: NotebookNode, executed: NotebookNode) -> NotebookNode:
    """Return the executed notebook as it would be if the new source had been run.

    Parameters
    ----------
    source : NotebookNode
        The notebook as it is now; its code is that of `executed`, but for comments.
    executed : NotebookNode
        As the last run left it.

    Raises
    ------
    ValueError
        If the two do not have the same number of code cells.
    """
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    injected = [cell for cell in ran if INJECTED in cell.metadata.get("tags", [])]
    results = iter([cell for cell in ran if cell not in injected])
    count = sum(cell.cell_type == "code" for cell in source.cells)
    if count != len(ran) - len(injected):
        raise ValueError(f"the notebook has {count} code cells, its executed form {len(ran) - len(injected)}")
    cells = []
    for cell in source.cells:
        new = from_dict(cell)
        if cell.cell_type == "code":
            result = next(results)
            new.outputs, new.execution_count = result.outputs, result.execution_count
        cells.append(new)
        # papermill puts the values of this run after the cell with the defaults.
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", []):
            cells += injected
    metadata = source.metadata | {key: executed.metadata[key] for key in ("language_info", "papermill")}
    return from_dict({**executed, "cells": cells, "metadata": metadata})
