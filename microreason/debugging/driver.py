"""Runs inside the sandbox: tries the candidate texts of one file against its tests, each in a process of its own.

Reads a JSON object from standard input (`path`, `tests`, `texts`, `seconds`, `until`, `evidence`) and writes a JSON
line for each text: {"passed", "tests": {name: passed}, "lines": {name: [line, …]}, "seconds", "said", "cpu"}; stops
at the first text that passes three times. With `evidence` no text stops it, every test is run, and the lines of the
file that each ran are recorded. `seconds` is processor time, for a test or (without `evidence`) a whole text; `until`
is wall-clock for all. `tests` is {"kind": "pytest" | "script" | "module" | "command", "arguments": […]} or
{"kind": "cases", "module", "function", "cases": [[arguments, outcome], …]}, the outcomes as `outcome` writes them.
Needs nothing but the standard library, and pytest for its own kind. Does not cover isolation: it is inside it.
"""

import builtins
import contextlib
import fcntl
import importlib.metadata
import itertools
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import time
import types

_PATIENCE = 10
"""Seconds of wall-clock for each of the processor: other programs run here too, and tests may sleep."""


class Expired(BaseException):
    """A test took too long; no `except Exception` of the code under test catches it."""


def _expire(*_):
    raise Expired


def outcome(function, arguments):
    """What a call does, as text: its value (up to 200 items of an iterator) or exception, and its arguments after."""
    try:
        value = function(*arguments)
        if isinstance(value, (types.GeneratorType, map, filter, zip, itertools.chain, range, reversed)):
            value = list(itertools.islice(value, 200))
        return repr((value, arguments))
    except RecursionError:
        return "RecursionError"
    except Exception as error:
        return f"{type(error).__name__}: {arguments!r}"


class Record:
    """What the tests of one text did."""

    def __init__(self, path, evidence):
        self.path, self.evidence = path, evidence
        self.tests, self.lines, self.seconds, self.said = {}, {}, 0.0, ""
        self._now, self._began, self._slow, self._limit = set(), 0.0, False, 0.0

    def _trace(self, frame, event, _):
        if event != "call" or os.path.abspath(frame.f_code.co_filename) != self.path:
            return None
        return self._line

    def _line(self, frame, event, _):
        if event == "line":
            self._now.add(frame.f_lineno)
        return self._line

    def begin(self, seconds):
        """A test begins; without evidence the clock of the first runs on for all."""
        self._now, self._began = set(), time.process_time()
        if self.evidence or not self.tests:
            self._limit = min(seconds, 0.25) if self._slow else seconds
            signal.setitimer(signal.ITIMER_PROF, self._limit)
        if self.evidence:
            sys.settrace(self._trace)

    def end(self, name, passed, said=""):
        sys.settrace(None)
        if self.evidence:
            signal.setitimer(signal.ITIMER_PROF, 0)
        self.tests[name] = passed
        self.lines[name] = sorted(self._now)
        took = time.process_time() - self._began
        if took < 0.9 * self._limit:
            self.seconds += took
        else:
            self._slow = True  # the next will not end either
        if not passed:
            self.said = self.said or said[:300]

    def result(self):
        return {
            "passed": bool(self.tests) and all(self.tests.values()), "tests": self.tests, "lines": self.lines,
            "seconds": self.seconds, "said": self.said,
        }  # fmt: skip


def run_pytest(tests, record, task):
    import pytest

    class Plugin:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items):
            items.sort(key=lambda item: item.nodeid not in tests.get("first", ()))

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(self, item):
            self.failed = ""
            self.skipped = False
            record.begin(task["seconds"])
            yield
            if not self.skipped:
                record.end(item.nodeid, not self.failed, self.failed)

        def pytest_runtest_logreport(self, report):
            self.skipped = self.skipped or (report.skipped and not hasattr(report, "wasxfail"))
            if report.failed:
                crash = getattr(report.longrepr, "reprcrash", None)
                line = [text[1:].strip() for text in report.longreprtext.splitlines() if text.startswith(">")][-1:]
                self.failed = " — ".join([*line, getattr(crash, "message", None) or "failed"])

        def pytest_collectreport(self, report):
            if report.failed:
                record.tests[report.nodeid or "collection"] = False
                record.said = record.said or str(report.longrepr)[-300:]

    options = ["-q", "-p", "no:cacheprovider", "--assert=plain", *([] if task["evidence"] else ["-x"])]
    try:
        code = pytest.main([*tests["arguments"], *options], plugins=[Plugin()])
    except Expired:  # between two tests
        code = 1
    if code != 0 and all(record.tests.values()):
        record.tests["pytest"] = False
        record.said = record.said or f"pytest ended with status {int(code)}"


def run_program(tests, record, task):
    """A script or a module, as `python FILE …` and `python -m MODULE …` run it."""
    name, *arguments = tests["arguments"]
    sys.argv = [name, *arguments]
    said = ""
    record.begin(task["seconds"])
    try:
        if tests["kind"] == "script":
            sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
            runpy.run_path(name, run_name="__main__")
        else:
            sys.path.insert(0, os.getcwd())
            runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as error:
        said = "" if error.code in (None, 0, False) else f"it ended with status {error.code}"
    except BaseException as error:
        said = f"{type(error).__name__}: {error}"
    record.end(" ".join(tests["arguments"]), not said, said)


def run_command(tests, record, task):
    record.begin(task["seconds"])
    try:
        done = subprocess.run(tests["arguments"], capture_output=True, timeout=_PATIENCE * task["seconds"])
        said = "" if done.returncode == 0 else f"it ended with status {done.returncode}"
    except (subprocess.TimeoutExpired, OSError) as error:
        said = str(error)
    record.end(" ".join(tests["arguments"]), not said, said)


def run_cases(tests, record, task):
    module = tests["module"]
    space = vars(importlib.import_module(module)) if module else {"__builtins__": builtins, "__name__": "candidate"}
    try:
        with open(task["path"], encoding="utf-8") as file:
            exec(compile(file.read(), record.path, "exec"), space)
    except Exception as error:
        record.end("case 0", False, f"{type(error).__name__}: {error}")
        return
    order = sorted(range(len(tests["cases"])), key=lambda i: f"case {i}" not in tests.get("first", ()))
    for i in order:
        arguments, expected = tests["cases"][i]
        record.begin(task["seconds"])
        try:
            got = outcome(space[tests["function"]], eval(arguments))
        except BaseException as error:
            got = type(error).__name__
        record.end(f"case {i}", got == expected, f"{tests['function']}{arguments} gives {got}, expected {expected}")
        if got != expected and not task["evidence"]:
            return


KINDS = {"pytest": run_pytest, "script": run_program, "module": run_program, "command": run_command, "cases": run_cases}


def judge(text, task):
    """The result of one text, from a child process that is ended with all of its own."""
    with open(task["path"], "w", encoding="utf-8") as file:
        file.write(text)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        # where code that closes small numbers does not reach it
        writing = fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, 40)
        os.closerange(3, 40)
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        record = Record(os.path.abspath(task["path"]), task["evidence"])
        signal.signal(signal.SIGPROF, _expire)
        try:
            KINDS[task["tests"]["kind"]](task["tests"], record, task)
            with os.fdopen(writing, "w") as pipe:
                json.dump(record.result(), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    patience = 60 if task["evidence"] else _PATIENCE * task["seconds"] + 2
    deadline = min(time.monotonic() + patience, task["until"])
    data = bytearray()
    while (left := deadline - time.monotonic()) > 0 and select.select([reading], [], [], left)[0]:
        part = os.read(reading, 1 << 16)
        if not part:
            break
        data += part
    os.close(reading)
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        return {"passed": False, "tests": {}, "lines": {}, "seconds": 0.0, "said": "the tests did not end"}


def main():
    task = json.load(sys.stdin)
    task["until"] = time.monotonic() + task["until"]
    output = os.fdopen(os.dup(1), "w")
    if os.path.exists("project.tar"):
        import tarfile

        with tarfile.open("project.tar") as archive:
            archive.extractall("project", filter="data")
        os.unlink("project.tar")
        os.chdir("project")
    os.makedirs(os.path.dirname(os.path.abspath(task["path"])), exist_ok=True)
    if task["tests"]["kind"] == "pytest":
        importlib.import_module("pytest")
        for plugin in importlib.metadata.entry_points(group="pytest11"):  # once, not in every child
            with contextlib.suppress(Exception):
                plugin.load()
    if task["tests"].get("module"):
        importlib.import_module(task["tests"]["module"])
    for text in task["texts"]:
        if time.monotonic() > task["until"]:
            break
        result = judge(text, task)
        if result["passed"] and not task["evidence"]:  # by chance, perhaps
            result["passed"] = all(judge(text, task)["passed"] for _ in range(2))
        times = os.times()
        result["cpu"] = times.user + times.system + times.children_user + times.children_system
        print(json.dumps(result), file=output, flush=True)
        if result["passed"] and not task["evidence"]:
            break


if __name__ == "__main__":
    main()
