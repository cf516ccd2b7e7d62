"""Fetching: whole or not at all, resumed, checked, and one sentence for each failure. The server is a local one."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from microreason.cli import app
from microreason.data.fetch import SOURCES, Source, fetch
from microreason.errors import BadInput

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT: /whole, /ranges (which honours Range), /broken (which ends after a third), /missing."""

    ranges: list = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        start = int(re.search(r"\d+", wanted)[0]) if wanted and self.path != "/whole" else 0
        if self.path == "/missing":
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        body = CONTENT[start:]
        self.wfile.write(body[: len(CONTENT) // 3] if self.path == "/broken" else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    Handler.ranges = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def test_a_file_comes_whole_and_is_not_fetched_twice(server, tmp_path):
    seen = []
    sources = {"a": Source(f"{server}/whole", SHA256, "MIT")}
    path = fetch("a", tmp_path, sources, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT and seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch("a", tmp_path, sources) == path and len(Handler.ranges) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["whole"]


@pytest.mark.parametrize("where", ["ranges", "whole"])
def test_an_interrupted_fetch_is_resumed(server, tmp_path, where):
    (tmp_path / f"{where}.part").write_bytes(CONTENT[:70_000])
    path = fetch("a", tmp_path, {"a": Source(f"{server}/{where}", SHA256, "MIT")})
    assert path.read_bytes() == CONTENT and Handler.ranges == ["bytes=70000-"]


def test_a_whole_partial_file_needs_nothing_more(server, tmp_path):
    (tmp_path / "ranges.part").write_bytes(CONTENT)
    assert fetch("a", tmp_path, {"a": Source(f"{server}/ranges", SHA256, "MIT")}).read_bytes() == CONTENT


def test_a_server_that_breaks_off_leaves_what_came(server, tmp_path):
    sources = {"a": Source(f"{server}/broken", SHA256, "MIT")}
    for part in (1, 2):
        with pytest.raises(BadInput, match="resume"):
            fetch("a", tmp_path, sources)
        assert (tmp_path / "broken.part").stat().st_size == part * (len(CONTENT) // 3)
    assert not (tmp_path / "broken").exists()


def test_a_wrong_hash_is_refused_and_removed(server, tmp_path):
    with pytest.raises(BadInput, match="SHA-256"):
        fetch("a", tmp_path, {"a": Source(f"{server}/whole", "0" * 64, "MIT")})
    assert not list(tmp_path.iterdir())


def test_without_a_published_hash_the_first_fetch_sets_it(server, tmp_path):
    sources = {"a": Source(f"{server}/whole", None, "MIT")}
    path = fetch("a", tmp_path, sources)
    assert (tmp_path / "whole.sha256").read_text().startswith(SHA256)
    path.write_bytes(b"changed")
    with pytest.raises(BadInput, match="SHA-256"):
        fetch("a", tmp_path, sources)


def test_failures_are_one_sentence(server, tmp_path):
    for name, url in [("missing", f"{server}/missing"), ("down", "http://127.0.0.1:9/nothing")]:
        with pytest.raises(BadInput, match=r"^[^\n]+\.$"):
            fetch(name, tmp_path, {name: Source(url, SHA256, "MIT")})
    result = CliRunner().invoke(app, ["data", "fetch", "no-such-set", "--folder", str(tmp_path)])
    assert result.exit_code == 2 and "gsm8k-train" in result.stderr.splitlines()[-1]


def test_sources_are_https_and_pinned():
    for name, source in SOURCES.items():
        assert source.url.startswith("https://"), name
        assert source.sha256 or re.search(r"/[0-9a-f]{40}/", source.url), name
