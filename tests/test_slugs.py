"""Addresses of towns: plain letters, no two alike, by hand."""

import pandas as pd
import pytest
from bundle import committed
from hypothesis import given
from hypothesis import strategies as st

from towns_index import slugs, towns


@pytest.mark.parametrize(
    "name, address",
    [("Bishop's Stortford", "bishops-stortford"), ("Y Rhyl", "y-rhyl"), ("Narborough/Enderby", "narborough-enderby"), ("Rhôs", "rhos"),
     ("Dorchester (West Dorset)", "dorchester-west-dorset"), ("  St. Ives -", "st-ives")],
)  # fmt: skip
def test_an_address_by_hand(name, address):
    assert slugs.slug(name) == address


def test_towns_of_one_name_are_told_apart_by_their_authority_and_then_by_their_code():
    frame = pd.DataFrame(
        {"town_name": ["Hythe", "Hythe", "Rye", "Rye", "Ware"], "local_authority": ["New Forest", "Kent", "Rother", "Rother", "Herts"]},
        index=["E1", "E2", "E3", "E4", "E5"],
    )
    assert slugs.slugs(frame).tolist() == ["hythe-new-forest", "hythe-kent", "rye-rother-e3", "rye-rother-e4", "ware"]


def test_no_two_towns_of_the_index_share_one():
    found = slugs.slugs(towns.in_index(committed("towns")))
    assert found.is_unique and found.str.fullmatch("[a-z0-9]+(-[a-z0-9]+)*").all() and found["E35001472"] == "blackpool"


@given(st.text())
def test_an_address_holds_nothing_that_a_file_name_or_a_link_could_not(text):
    found = slugs.slug(text)
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and slugs.slug(found) == found
