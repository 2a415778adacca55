"""The parameters of a build: read from ``definitions/parameters.toml``, checked, converted.

papermill injects whatever it is given without a word; every check that a parameter needs is therefore
made here, before any kernel starts.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from .problems import Problems, read_toml, unknown

TYPES = {"integer": "a whole number", "number": "a number", "text": "text", "choice": "one of its choices"}
Value = int | float | str


@dataclass(frozen=True)
class Parameter:
    """One parameter, as ``definitions/parameters.toml`` describes it.

    Attributes
    ----------
    type : str
        One of ``TYPES``.
    minimum, maximum : number, optional
        Inclusive bounds.
    choices_from : tuple of str
        Instead of a list of choices: a CSV file of the project, and the columns whose cells are the choices.
    not_above : str, optional
        Another parameter that this one must not exceed.
    """

    name: str
    type: str
    default: Value
    meaning: str = ""
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    choices_from: tuple[str, ...] = ()
    not_above: str | None = None


def load(root: Path) -> dict[str, Parameter]:
    """Read the parameters of the project in `root`.

    Raises
    ------
    Problems
        If the file has mistakes: all of them.
    """
    path = root / "definitions" / "parameters.toml"
    known = {field.name for field in fields(Parameter)} - {"name"}
    parameters, problems = {}, []
    for name, entry in read_toml(path).items():
        wrong = _faults(entry, known)
        problems += [f"{path.name}, [{name}]: {fault}" for fault in wrong]
        if not wrong:
            source = tuple(entry.get("choices_from", ()))
            choices = _listed(root, source) if source else tuple(entry.get("choices", ()))
            parameters[name] = Parameter(name=name, **entry | {"choices": choices, "choices_from": source})
    for parameter in parameters.values():
        place = f"{path.name}, [{parameter.name}]"
        if parameter.not_above is not None and parameter.not_above not in parameters:
            problems.append(f"{place}: not_above: {unknown('parameter', parameter.not_above, parameters)}")
        problems += [f"{place}: default {fault}" for fault in _out_of_bounds(parameter, parameter.default)]
    if problems:
        raise Problems(problems)
    return parameters


def _faults(entry: object, known: set[str]) -> list[str]:
    """List what is wrong with one table of the parameters file."""
    if not isinstance(entry, dict):
        return ["must be a table with type, default and meaning"]
    faults = [unknown("key", key, sorted(known)) for key in entry if key not in known]
    faults += [f"{key} is missing" for key in ("type", "default") if key not in entry]
    if "type" in entry and entry["type"] not in TYPES:
        faults.append(unknown("type", str(entry["type"]), TYPES))
    if entry.get("type") == "choice" and not entry.get("choices") and not entry.get("choices_from"):
        faults.append("a choice needs a list of choices, or choices_from = [file, column, …]")
    return faults


def _listed(root: Path, source: tuple[str, ...]) -> tuple[str, ...]:
    """Choices that stand in some columns of a CSV file of the project, each once."""
    file, *columns = source
    try:
        with open(root / file, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        found = dict.fromkeys(row[column] for column in columns for row in rows)
    except FileNotFoundError:
        raise Problems([f"parameters.toml: the choices stand in {file}, which is missing; build once without --set"]) from None
    except KeyError as error:
        raise Problems([f"parameters.toml: {file} has no column {error.args[0]!r}"]) from None
    return tuple(choice for choice in found if choice)


def convert(parameter: Parameter, text: str) -> Value:
    """Turn the text of ``--set`` into a value of the parameter's type.

    Raises
    ------
    ValueError
        If the text is of the wrong type or the value out of bounds; says what is allowed.
    """
    value: Value = text.strip()
    if parameter.type in {"integer", "number"}:
        try:
            value = int(text) if parameter.type == "integer" else float(text)
        except ValueError:
            unit = f" ({parameter.unit})" if parameter.unit else ""
            raise ValueError(
                f"must be {TYPES[parameter.type]}{unit}, for example {parameter.default}"
            ) from None
    faults = _out_of_bounds(parameter, value)
    if faults:
        raise ValueError("; ".join(faults))
    return value


def _out_of_bounds(parameter: Parameter, value: Value) -> list[str]:
    """List why a value of the right type is not allowed."""
    if parameter.type == "choice":
        return [] if value in parameter.choices else [unknown("choice", str(value), parameter.choices)]
    if parameter.type == "text":
        return [] if isinstance(value, str) else [f"must be text, not {value!r}"]
    expected = int if parameter.type == "integer" else (int, float)
    if isinstance(value, bool) or not isinstance(value, expected) or not math.isfinite(value):
        return [f"must be {TYPES[parameter.type]}, not {value!r}"]
    if parameter.minimum is not None and value < parameter.minimum:
        return [f"must be at least {parameter.minimum}"]
    if parameter.maximum is not None and value > parameter.maximum:
        return [f"must be at most {parameter.maximum}"]
    return []


def settle(parameters: Mapping[str, Parameter], settings: Iterable[str]) -> tuple[dict[str, Value], list[str]]:
    """Combine the defaults with what ``--set name=value`` asks for.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        As :func:`load` gives them.
    settings : iterable of str
        The texts ``name=value`` in the order given.

    Returns
    -------
    values : dict of str to value
        One value for every parameter.
    problems : list of str
        All that is wrong with the settings; empty if nothing is.
    """
    chosen, problems = {}, []
    for setting in settings:
        name, equals, text = setting.partition("=")
        name = name.strip()
        if not equals or not name:
            problems.append(f"--set {setting}: must read name=value, for example --set {_example(parameters)}")
        elif name not in parameters:
            problems.append(f"--set {setting}: {unknown('parameter', name, parameters)}")
        elif name in chosen:
            problems.append(f"--set {setting}: {name} is set more than once; give it one value")
        else:
            try:
                chosen[name] = convert(parameters[name], text)
            except ValueError as error:
                problems.append(f"--set {setting}: {error}")
    values = {name: parameter.default for name, parameter in parameters.items()} | chosen
    return values, problems + contradictions(parameters, values)


def contradictions(parameters: Mapping[str, Parameter], values: Mapping[str, Value]) -> list[str]:
    """List the pairs of values that cannot both hold."""
    pairs = [(name, parameter.not_above) for name, parameter in parameters.items() if parameter.not_above is not None]
    return [
        f"{low} is {values[low]} and must not be above {high}, which is {values[high]}"
        for low, high in pairs
        if values[low] > values[high]
    ]


def _example(parameters: Mapping[str, Parameter]) -> str:
    return next((f"{name}={parameter.default}" for name, parameter in parameters.items()), "name=value")
