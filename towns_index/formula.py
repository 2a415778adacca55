"""Formulas in the definition files: arithmetic on columns, and nothing else.

``100 * a / b``, ``[Religion: Muslim] + [Religion: Sikh]``, ``[65]..[90+]`` (the sum of a run of
columns), ``max(a, b)``, ``min(a, b)``, ``abs(a)``, ``first(a, b)`` (the first that is known),
``mean(a, b)`` (the mean of those that are known).
Formulas are parsed and walked, never executed as Python.
"""

import ast
import operator
import re
from functools import reduce

import pandas as pd


class BadFormula(ValueError):
    """A formula that cannot be read, or names a column that is not there."""


_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def _largest(*values: pd.Series) -> pd.Series:
    return pd.concat(values, axis=1).max(axis=1, skipna=False)


def _smallest(*values: pd.Series) -> pd.Series:
    return pd.concat(values, axis=1).min(axis=1, skipna=False)


def _first(*values: pd.Series) -> pd.Series:
    return reduce(lambda known, other: known.fillna(other), values)


def _mean(*values: pd.Series) -> pd.Series:
    return pd.concat(values, axis=1).mean(axis=1)


_FUNCTIONS = {"mean": _mean, "max": _largest, "min": _smallest, "abs": pd.Series.abs, "first": _first}

_NAME = r"\[[^\]]+\]|[A-Za-z_]\w*"
_RUN = re.compile(rf"({_NAME})\.\.({_NAME})")


def _parse(text: str) -> tuple[ast.expr, dict[str, str], dict[str, tuple[str, str]]]:
    names: dict[str, str] = {}
    runs: dict[str, tuple[str, str]] = {}

    def run(match: re.Match) -> str:
        key = f"run_{len(runs)}_"
        runs[key] = (match[1].strip("[]"), match[2].strip("[]"))
        return key

    def bracket(match: re.Match) -> str:
        key = f"column_{len(names)}_"
        names[key] = match[1]
        return key

    plain = re.sub(r"\[([^\]]+)\]", bracket, _RUN.sub(run, text))
    try:
        return ast.parse(plain, mode="eval").body, names, runs
    except SyntaxError as error:
        raise BadFormula(f"formula {text!r} cannot be read: {error.msg}") from None


def columns(text: str) -> list[str]:
    """Names of the columns that a formula reads, in order of appearance (ends of a run included)."""
    body, names, runs = _parse(text)
    found: list[str] = []
    for node in ast.walk(body):
        if isinstance(node, ast.Name) and node.id not in _FUNCTIONS:
            found.extend(runs.get(node.id) or (names.get(node.id, node.id),))
    return list(dict.fromkeys(found))


def evaluate(text: str, frame: pd.DataFrame) -> pd.Series:
    """Value of a formula for every row of a table.

    Parameters
    ----------
    text : str
        The formula.
    frame : pandas.DataFrame
        Its columns are the names that the formula may use; text columns are read as numbers, and
        what is not a number is missing.

    Returns
    -------
    pandas.Series
        Floats, indexed like `frame`. A missing part makes the whole missing; so does a division by
        zero.

    Raises
    ------
    BadFormula
        If the formula cannot be read or names a column that the table lacks.
    """
    body, names, runs = _parse(text)

    def column(name: str) -> pd.Series:
        if name not in frame:
            raise BadFormula(f"formula {text!r} names {name!r}, which is not a column of the table")
        values = frame[name]
        if not pd.api.types.is_numeric_dtype(values):
            values = pd.to_numeric(values.astype("string").str.replace(",", ""), errors="coerce")
        return values.astype("float64")

    def total(first: str, last: str) -> pd.Series:
        column(first), column(last)
        block = frame.loc[:, first:last]
        if not len(block.columns):
            raise BadFormula(f"formula {text!r}: the column {first!r} comes after {last!r} in the table")
        return sum(column(name) for name in block.columns)

    def walk(node: ast.expr):
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            return _OPERATIONS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -walk(node.operand)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return pd.Series(float(node.value), index=frame.index)
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) in _FUNCTIONS and not node.keywords:
            return _FUNCTIONS[node.func.id](*map(walk, node.args))
        if isinstance(node, ast.Name):
            if node.id in runs:
                return total(*runs[node.id])
            return column(names.get(node.id, node.id))
        raise BadFormula(f"formula {text!r} has a part that is not arithmetic: {ast.unparse(node)}")

    return walk(body).replace([float("inf"), float("-inf")], float("nan"))
