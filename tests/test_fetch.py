"""Downloads against a server on this machine: whole, resumed, wrong, refused, unreachable."""

import hashlib
import http.server
import re
import threading

import pytest

from towns_index import fetch, paths, sources

CONTENT = {"/a.csv": b"x\n" + b"1\n" * 200_000, "/b.csv": b"y\n2\n"}


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT, from the byte asked for if it may; remembers what was asked."""

    asked: list = []
    ranges = True
    cut = 0

    def do_GET(self):
        data = CONTENT.get(self.path)
        Server.asked.append((self.path, self.headers.get("Range")))
        if data is None:
            self.send_error(404)
            return
        start = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        first = int(start[1]) if start and Server.ranges else 0
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        self.wfile.write(data[first : Server.cut or None])

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    Server.asked, Server.ranges, Server.cut = [], True, 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


@pytest.fixture
def raw(server, tmp_path, monkeypatch):
    """An empty raw folder, and a register of two files to fetch and one that has no address."""
    register = {}
    for name, data in CONTENT.items():
        register[f"s{name}"] = {
            "id": f"s{name}", "source": "s", "path": f"s{name}", "bytes": len(data), "used": True,
            "sha256": hashlib.sha256(data).hexdigest(), "permanent_address": server + name,
            "official_page": "https://example.org/page",
        }  # fmt: skip
    register["hand/c"] = {
        "id": "hand/c", "source": "hand", "path": "hand/c.csv", "bytes": 1, "sha256": "0" * 64,
        "used": True, "official_page": "https://example.org/by-hand",
    }  # fmt: skip
    monkeypatch.setattr(sources, "register", lambda: register)
    monkeypatch.setattr(paths, "raw", lambda: tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path


def test_fetches_verifies_and_lists_what_must_come_by_hand(raw, capsys):
    assert fetch.fetch_main([]) == fetch.EXIT_BY_HAND
    assert (raw / "s/a.csv").read_bytes() == CONTENT["/a.csv"]
    assert "hand/c.csv  from https://example.org/by-hand" in capsys.readouterr().out
    assert not list(raw.rglob("*.part"))


def test_only_what_is_named_and_what_is_not_whole(raw):
    assert fetch.fetch_main(["s/b.csv"]) == fetch.EXIT_WHOLE
    assert not (raw / "s/a.csv").exists()
    assert fetch.fetch_main(["s"]) == fetch.EXIT_WHOLE
    assert [path for path, _ in Server.asked] == ["/b.csv", "/a.csv"]


def test_list_fetches_nothing(raw, capsys):
    assert fetch.fetch_main(["--list"]) == fetch.EXIT_FAILED
    assert Server.asked == [] and "s/a.csv  400,002 bytes" in capsys.readouterr().out


def test_a_broken_download_continues_where_it_stopped(raw, capsys):
    Server.cut = 100_000
    assert fetch.fetch_main(["s/a.csv"]) == fetch.EXIT_FAILED
    assert "connection broke off" in capsys.readouterr().out
    have = (raw / "s/a.csv.part").stat().st_size
    assert 0 < have < 400_002 and not (raw / "s/a.csv").exists()
    Server.cut = 0
    assert fetch.fetch_main(["s/a.csv"]) == fetch.EXIT_WHOLE
    assert Server.asked[-1] == ("/a.csv", f"bytes={have}-")
    assert (raw / "s/a.csv").read_bytes() == CONTENT["/a.csv"]


def test_a_server_that_cannot_continue_sends_all_again(raw):
    Server.ranges = False
    (raw / "s").mkdir()
    (raw / "s/a.csv.part").write_bytes(b"rubbish")
    assert fetch.fetch_main(["s/a.csv"]) == fetch.EXIT_WHOLE


@pytest.mark.parametrize("change", [b"y\n3\n", b"y\n2\n\n\n"])
def test_a_wrong_file_is_refused_explained_and_not_kept(raw, capsys, monkeypatch, change):
    monkeypatch.setitem(CONTENT, "/b.csv", change)
    assert fetch.fetch_main(["s/b.csv"]) == fetch.EXIT_FAILED
    assert "is not the registered file" in capsys.readouterr().out
    assert not list((raw / "s").iterdir())


def test_a_wrong_rest_of_a_download_is_refused(raw):
    (raw / "s").mkdir()
    (raw / "s/b.csv.part").write_bytes(b"zz")
    assert fetch.fetch_main(["s/b.csv"]) == fetch.EXIT_FAILED
    assert fetch.fetch_main(["s/b.csv"]) == fetch.EXIT_WHOLE


def test_an_altered_file_is_replaced(raw):
    (raw / "s").mkdir()
    (raw / "s/b.csv").write_bytes(b"y\n9\n")
    assert fetch.fetch_main(["s/b.csv"]) == fetch.EXIT_WHOLE
    assert (raw / "s/b.csv").read_bytes() == b"y\n2\n"


def test_no_server_no_page_and_no_such_name_are_said_plainly(raw, capsys):
    register = sources.register()
    register["s/a.csv"]["permanent_address"] = "http://127.0.0.1:9/a.csv"
    register["s/b.csv"]["permanent_address"] += ".gone"
    assert fetch.fetch_main(["s"]) == fetch.EXIT_FAILED
    out = capsys.readouterr().out
    assert "Is there a network connection?" in out and "the server answered 404" in out
    assert "Traceback" not in out
    assert fetch.fetch_main(["nothing"]) == fetch.EXIT_FAILED
    assert "Not in definitions/sources.toml: nothing" in capsys.readouterr().out


def test_the_folder_can_be_named(raw, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert fetch.fetch_main(["s/b.csv", "--raw", str(elsewhere)]) == fetch.EXIT_WHOLE
    assert (elsewhere / "s/b.csv").is_file() and not (raw / "s").exists()
