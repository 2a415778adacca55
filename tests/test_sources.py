"""The register is checked when it is read, and copies are compared with it."""

import copy

import pytest

from towns_index import checks, sources

GOOD = {
    "licence": {"OGL-UK-3.0": {"name": "OGL", "sentence": "Open.", "page": ""}},
    "source": [
        {
            "id": "pubs", "topic": "places", "title": "Pubs", "publisher": "Office", "vintage": "2018",
            "coverage": "UK", "licence": "OGL-UK-3.0", "official_page": "https://example.org",
            "used": True, "known_faults": [], "credit": "Contains maps.",
            "file": [{"id": "pubs/a", "path": "pubs/a.csv", "bytes": 3, "sha256": "0" * 64}],
        }
    ],
}  # fmt: skip


def spoilt(**changes):
    document = copy.deepcopy(GOOD)
    source = document["source"][0]
    for name, value in changes.items():
        target = source["file"][0] if name in {"path", "sha256", "colour"} else source
        target[name] = value
    return document


def test_a_good_register_has_no_mistakes():
    assert sources.mistakes(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "pubs/a: unknown entry 'colour'"),
        ({"flavour": "sweet"}, "pubs: unknown entry 'flavour'"),
        ({"licence": "none"}, "pubs: licence 'none' has no [licence] table"),
        ({"used": False}, "not_used_because must say why"),
        ({"path": "../elsewhere.csv"}, "must stay inside the raw folder"),
        ({"path": "/etc/hosts"}, "must stay inside the raw folder"),
        ({"path": "a\\..\\b.csv"}, "must stay inside the raw folder"),
        ({"path": "C:/b.csv"}, "must stay inside the raw folder"),
        ({"sha256": "xyz"}, "sha256 must be 64 hexadecimal digits"),
    ],
)
def test_each_mistake_is_named(changes, words):
    assert any(words in line for line in sources.mistakes(spoilt(**changes)))


def test_missing_entries_and_repeats_are_named_together():
    document = copy.deepcopy(GOOD)
    document["source"].append(copy.deepcopy(document["source"][0]))
    del document["source"][1]["publisher"]
    found = "\n".join(sources.mistakes(document))
    for words in ("'publisher' is missing", "source pubs is registered twice", "file pubs/a is registered twice"):
        assert words in found


def test_the_error_lists_all_mistakes(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('colour = "red"\n[[source]]\nid = "x"\n')
    with pytest.raises(sources.BadRegister) as error:
        sources.load(path)
    assert "unknown table [colour]" in str(error.value)
    assert "'title' is missing" in str(error.value)


def test_the_projects_register_is_good_and_composes_the_attribution():
    files = sources.register()
    assert len(files) == 164
    entry = files["oa21-bua11-onsvisual/towns1186_polygons_simplified"]
    assert entry["attribution"] == (
        "Contains public sector information licensed under the Open Government Licence v3.0. "
        "Source: Office for National Statistics. "
        "Contains OS data © Crown copyright and database right."
    )


def test_what_may_not_be_used_is_not_used_and_share_alike_is_marked():
    assert "councillors-lsoa-odm2018/LPR_LSOA_WD_LAD" not in sources.used()
    share_alike = {entry["source"] for entry in sources.register().values() if entry["share_alike"]}
    assert share_alike == {"local-elections-leap", "local-elections-2014"}


def test_an_unknown_file_is_named_with_its_neighbours():
    with pytest.raises(KeyError, match="pubs-la/publichouses"):
        sources.file("pubs-la/pubs")


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """Five files of eight bytes: whole, missing, empty, truncated, altered."""
    import hashlib

    content = b"12345678"
    entries = {}
    for name in ("whole", "missing", "empty", "short", "altered", "long"):
        entries[name] = {
            "id": name, "path": f"x/{name}.csv", "bytes": 8, "used": True, "source": "x",
            "sha256": hashlib.sha256(content).hexdigest(),
        }  # fmt: skip
    (tmp_path / "x").mkdir()
    written = {"whole": content, "empty": b"", "short": b"1234", "altered": b"12345679", "long": b"123456789"}
    for name, data in written.items():
        (tmp_path / "x" / f"{name}.csv").write_bytes(data)
    monkeypatch.setattr(sources, "register", lambda: entries)
    return tmp_path


def test_verify_names_every_bad_file_and_no_good_one(bundle):
    problems = sources.verify(bundle)
    assert [line.split(" (")[0] for line in problems] == [
        "x/missing.csv: missing",
        "x/empty.csv: empty",
        "x/short.csv: truncated",
        "x/altered.csv: altered",
        "x/long.csv: altered",
    ]
    assert sources.verify(bundle, ["whole"]) == []


def test_preflight_speaks_once_and_only_of_raw_files(bundle):
    (message,) = checks.raw_files("raw", bundle)
    assert message.startswith("5 raw file(s)") and "run_all.py fetch" in message
    assert checks.raw_files("snapshot", bundle) == []
    assert "does not exist" in checks.raw_files("raw", bundle / "nowhere")[0]


def test_a_source_that_is_not_used_is_not_asked_for(bundle):
    for entry in sources.register().values():
        entry["used"] = entry["id"] == "whole"
    assert sources.verify(bundle) == []
