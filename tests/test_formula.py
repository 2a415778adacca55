"""Formulas are arithmetic on columns: every rule on rows worked out by hand, everything else refused."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towns_index import formula

FRAME = pd.DataFrame(
    {
        "a": [1.0, 2.0, np.nan, 4.0],
        "b": [10.0, 0.0, 30.0, -40.0],
        "Religion: Sikh (all)": [5, 6, 7, 8],
        "64": [1, 1, 1, 1],
        "65": [100, 200, 300, 400],
        "66": [10, 20, 30, 40],
        "90+": [1, 2, 3, 4],
        "text": ["1,296", ":", "-3.5", None],
    },
    index=["E1", "E2", "W1", "W2"],
)


def values(text: str, frame: pd.DataFrame = FRAME) -> list[float | None]:
    """Values of a formula with None for missing."""
    return [None if math.isnan(value) else value for value in formula.evaluate(text, frame)]


@pytest.mark.parametrize(
    ("text", "worked"),
    [
        ("a + b", [11, 2, None, -36]),
        ("a - b", [-9, 2, None, 44]),
        ("a * b", [10, 0, None, -160]),
        ("b / a", [10, 0, None, -10]),
        ("a + b * 2", [21, 2, None, -76]),  # multiplication first
        ("(a + b) * 2", [22, 4, None, -72]),
        ("a - b - 1", [-10, 1, None, 43]),  # from left to right
        ("100 * a / (a + b)", [100 / 11, 100, None, -400 / 36]),
        ("-a", [-1, -2, None, -4]),
        ("7", [7, 7, 7, 7]),
        ("1.5 * a", [1.5, 3, None, 6]),
    ],
)
def test_arithmetic_goes_row_by_row_in_the_usual_order(text, worked):
    assert values(text) == pytest.approx(worked)


def test_a_column_with_any_name_stands_in_brackets():
    assert values("[Religion: Sikh (all)] + a") == [6, 8, None, 12]


def test_a_run_adds_up_all_columns_from_the_first_to_the_last():
    # 100 + 10 + 1, and so on; the column 64 stands before the run, text after it.
    assert values("[65]..[90+]") == [111, 222, 333, 444]
    assert values("2 * [66]..[90+]") == [22, 44, 66, 88]
    assert values("a..b") == [11, 2, None, -36]


def test_a_run_from_back_to_front_is_refused_and_not_zero():
    with pytest.raises(formula.BadFormula, match="'90.' comes after '65'"):
        formula.evaluate("[90+]..[65]", FRAME)


@pytest.mark.parametrize(
    ("text", "worked"),
    [
        ("max(a, b)", [10, 2, None, 4]),  # what is unknown may be the largest
        ("min(a, b)", [1, 0, None, -40]),
        ("max(a, b, 5)", [10, 5, None, 5]),
        ("first(a, b)", [1, 2, 30, 4]),  # W1 has no a
        ("first(a, 0)", [1, 2, 0, 4]),
        ("mean(a, b)", [5.5, 1, 30, -18]),  # of those that are known
        ("abs(b)", [10, 0, 30, 40]),
        ("abs(-3)", [3, 3, 3, 3]),
        ("first(a, max(b, 0))", [1, 2, 30, 4]),
    ],
)
def test_functions(text, worked):
    assert values(text) == worked


@pytest.mark.parametrize("text", ["a / 0", "1 / 0", "a / b", "0 * a / b", "a / (b - b)"])
def test_a_division_by_zero_is_missing(text):
    assert values(text)[1] is None  # E2: 2 / 0


def test_a_missing_part_makes_the_whole_missing():
    assert values("a * 0") == [0, 0, None, 0]
    assert values("a + [65]..[90+]") == [112, 224, None, 448]


def test_numbers_written_as_text_with_commas_are_read_and_other_text_is_missing():
    assert values("2 * text") == [2592, None, -7, None]


def test_the_result_has_the_rows_of_the_table():
    assert formula.evaluate("a + 1", FRAME).index.tolist() == ["E1", "E2", "W1", "W2"]
    assert formula.evaluate("7", FRAME).dtype == "float64"


def test_an_unknown_column_is_named():
    for text in ("a + nowhere", "[nowhere]", "[nowhere]..[66]", "[65]..[nowhere]"):
        with pytest.raises(formula.BadFormula, match="names 'nowhere', which is not a column"):
            formula.evaluate(text, FRAME)


@pytest.mark.parametrize(
    "text",
    [
        "open(a)", "__import__('os')", "a.values", "a.sum()", "max(a, b).values", "'text'", "a == b", "a < b",
        "a and b", "not a", "lambda: a", "(lambda x: x)(a)", "[a] if a else b", "a ** b", "a // b", "a % b",
        "{1: a}", "(a, b)", "f'{a}'", "max(a, skipna=b)", "pd.eval(a)", "None",
    ],
)  # fmt: skip
def test_what_is_not_arithmetic_is_refused_in_plain_words(text):
    with pytest.raises(formula.BadFormula, match="not arithmetic|cannot be read"):
        formula.evaluate(text, FRAME)


@pytest.mark.parametrize("text", ["", "a +", "a b", "(a", "a = b", "[65]..", "a; b", "import os"])
def test_what_cannot_be_read_is_refused_with_the_formula(text):
    with pytest.raises(formula.BadFormula, match="cannot be read") as caught:
        formula.evaluate(text, FRAME)
    assert repr(text) in str(caught.value)


def test_columns_lists_what_a_formula_reads_once_each():
    assert formula.columns("100 * a / (a + [Religion: Sikh (all)])") == ["a", "Religion: Sikh (all)"]
    assert set(formula.columns("max(a, [65]..[90+]) - first(b, 3)")) == {"a", "65", "90+", "b"}
    assert formula.columns("7") == []


numbers = st.floats(-1e6, 1e6, allow_nan=False)
expressions = st.recursive(
    st.sampled_from(["p", "q", "r"]) | st.integers(0, 99).map(str),
    lambda part: st.tuples(part, st.sampled_from("+-*"), part).map(lambda three: f"({' '.join(three)})"),
    max_leaves=6,
)


@settings(deadline=None)
@given(text=expressions, rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=5))
def test_a_formula_of_sums_and_products_equals_numpy(text, rows):
    frame = pd.DataFrame(rows, columns=["p", "q", "r"])
    p, q, r = frame.to_numpy().T
    expected = np.broadcast_to(eval(text, {"p": p, "q": q, "r": r}), len(rows))  # the test wrote the text
    assert np.allclose(formula.evaluate(text, frame), expected, rtol=1e-12, atol=0)
