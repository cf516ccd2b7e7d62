"""Runs programs that nobody has read: bubblewrap, resource limits and a seccomp filter around them.

Inside, a program sees /usr, Python's own folders and the folders it is given, all read-only, an empty /tmp of bounded
size, its own processes and a network without devices. It has no privileges, no home, none of the caller's
environment, and ends with its caller. Memory is limited for each process by the kernel and for all together by
watching (every 50 ms); all other limits are the kernel's. Needs Linux on x86-64 or AArch64, bubblewrap 0.7 or newer
and util-linux (prlimit, setpriv), and user namespaces or root. As root the program gets a user number of its own,
because the kernel does not limit root's processes.
`run` refuses where there is no isolation, unless `allow_unisolated` says that the program may harm this machine.
Does not cover weaknesses of the kernel itself, or what a program learns from the time things take.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from microreason.errors import MicroReasonError
from microreason.verification import seccomp

Ending = Literal["exit", "time", "memory", "output"]
WORK = "/tmp/work"
"""The folder in which a program starts and finds the files it was given."""
_POLL = 0.05
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")


class NoSandbox(MicroReasonError):
    """Programs cannot be isolated here, or the sandbox could not be set up."""


@dataclass(frozen=True)
class Limits:
    """What a program may use. Bytes and seconds; `cpu` and `file` are for each process or file, the rest for all."""

    seconds: float = 10
    cpu: int = 10
    memory: int = 1 << 30
    processes: int = 32
    open_files: int = 64
    file: int = 16 << 20
    disk: int = 64 << 20
    output: int = 1 << 20


@dataclass(frozen=True)
class Finished:
    """How a program ended: `status` is its exit status (128 + n for signal n), `ended` which limit stopped it."""

    status: int
    stdout: bytes
    stderr: bytes
    seconds: float
    ended: Ending
    isolation: str

    @property
    def ok(self) -> bool:
        return self.ended == "exit" and self.status == 0


@dataclass(frozen=True)
class Isolation:
    """`name` is "bubblewrap" or "none"; `reason` says in a sentence why it is none."""

    name: str
    reason: str = ""


@lru_cache(maxsize=1)
def isolation() -> Isolation:
    """Which isolation this machine offers, found by running `true` in it (once)."""
    if not sys.platform.startswith("linux"):
        return Isolation("none", "the sandbox needs Linux")
    if seccomp.program() is None:
        return Isolation("none", "there is no filter of system calls for this processor")
    for tool in ("bwrap", "prlimit", "setpriv", "timeout"):
        if shutil.which(tool) is None:
            package = {"bwrap": "bubblewrap", "timeout": "coreutils"}.get(tool, "util-linux")
            return Isolation("none", f"{tool} is missing (Debian package {package})")
    try:
        finished = _run(["true"], b"", {}, {}, WORK, {}, Limits(seconds=20), isolated=True)
    except NoSandbox as error:
        return Isolation("none", str(error).rstrip("."))
    if not finished.ok:
        return Isolation("none", f"a trial ended with status {finished.status}")
    return Isolation("bubblewrap")


def run(
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    files: Mapping[str, str | bytes] | None = None,
    read_only: Mapping[str, Path] | None = None,
    cwd: str | None = None,
    environment: Mapping[str, str] | None = None,
    limits: Limits = Limits(),
    allow_unisolated: bool = False,
) -> Finished:
    """Run a command in the sandbox and wait until all its processes have ended.

    `files` are put below WORK; `read_only` maps absolute paths inside to the folders that are seen there (as root,
    what is in them must be readable by others). Raises NoSandbox where there is no isolation and `allow_unisolated`
    is false; without isolation there are no `read_only` folders, and only some limits hold.
    """
    found = isolation()
    if found.name == "none" and not allow_unisolated:
        raise NoSandbox(f"Code is not run without isolation: {found.reason}.")
    given = {name: text.encode() if isinstance(text, str) else text for name, text in (files or {}).items()}
    where = cwd or WORK
    return _run(command, stdin, given, read_only or {}, where, environment or {}, limits, found.name != "none")


def _run(
    command: Sequence[str],
    stdin: bytes,
    files: Mapping[str, bytes],
    read_only: Mapping[str, Path],
    cwd: str,
    environment: Mapping[str, str],
    limits: Limits,
    isolated: bool,
) -> Finished:
    if any(os.path.isabs(name) or ".." in Path(name).parts for name in files):
        raise ValueError("files are put below the working folder only")
    with ExitStack() as stack:

        def data(content: bytes) -> int:
            file = stack.enter_context(tempfile.TemporaryFile())
            file.write(content)
            file.seek(0)
            return file.fileno()

        descriptors: list[int] = []
        if isolated:
            places = {os.path.join(WORK, name): data(content) for name, content in files.items()}
            guard = data(seccomp.program() or b"")
            descriptors = [*places.values(), guard]
            whole = [*_bubblewrap(places, guard, read_only, cwd, limits), *_limited(limits, True), *command]
            folder = "/"
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="microreason-"))
            _put(files, Path(folder))
            whole = [*_limited(limits, False), *command]
            folder = folder if cwd == WORK else str(read_only.get(cwd, cwd))
        home = WORK if isolated else folder
        began = time.monotonic()
        try:
            process = subprocess.Popen(
                whole, stdin=data(stdin), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
                env=_environment(home) | dict(environment), pass_fds=descriptors, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NoSandbox(f"The program cannot be started: {error.strerror} ({error.filename}).") from None
        stdout, stderr, ended = _watch(process, limits, isolated)
    if isolated and ended == "exit" and process.returncode == 1 and stderr.startswith(b"bwrap: "):
        raise NoSandbox(f"The sandbox cannot be set up: {stderr[7:].decode(errors='replace').strip()}.")
    status = process.returncode if process.returncode >= 0 else 128 - process.returncode
    name = "bubblewrap" if isolated else "none"
    return Finished(status, stdout, stderr, time.monotonic() - began, ended, name)


def _put(files: Mapping[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _environment(home: str) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    return {
        "PATH": path, "HOME": home, "TMPDIR": "/tmp", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip


def _limited(limits: Limits, isolated: bool) -> list[str]:
    """The command prefix that sets the kernel's limits; the number of processes counts only in a space of its own."""
    prefix = [
        "prlimit", f"--as={limits.memory}", f"--cpu={limits.cpu}", f"--nofile={limits.open_files}",
        f"--fsize={limits.file}", "--core=0", *([f"--nproc={limits.processes}"] if isolated else []), "--",
    ]  # fmt: skip
    if isolated and os.geteuid() == 0:
        user = 61184 + os.getpid() % 4096  # of the range for dynamic users, so that no other process has it
        prefix += ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all", "--"]
    # a clock of its own, should the caller die in the instant before bwrap has asked to die with it
    return [*prefix, "timeout", "--signal=KILL", str(limits.seconds + 1)]


def _bubblewrap(
    places: Mapping[str, int], guard: int, read_only: Mapping[str, Path], cwd: str, limits: Limits
) -> list[str]:
    """The bwrap command up to the program. Whatever is mounted last lies on top."""
    size = ["--size", str(limits.disk)]
    if os.geteuid() == 0:
        rights = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        # bwrap's own first process would have the program's user but not its filter and limits, so there is none
        rights = ["--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--as-pid-1"]
    arguments = [
        "bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", *rights,
        "--die-with-parent", "--new-session", "--hostname", "sandbox",
    ]  # fmt: skip
    for path in _SYSTEM:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        else:
            arguments += ["--ro-bind-try", path, path]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    arguments += ["--perms", "1777", *size, "--tmpfs", "/dev/shm", "--perms", "1777", *size, "--tmpfs", "/tmp"]
    arguments += ["--perms", "0777", "--dir", WORK]
    python = {prefix: Path(prefix) for prefix in (sys.base_prefix, sys.prefix) if not prefix.startswith("/usr")}
    for inside, outside in (python | dict(read_only)).items():
        for parent in reversed(Path(inside).parents[:-1]):  # bwrap would make them for their owner alone
            if str(parent) != "/tmp":
                arguments += ["--perms", "0755", "--dir", str(parent)]
        arguments += ["--ro-bind", str(outside), inside]
    for place, descriptor in places.items():
        arguments += ["--perms", "0755", "--dir", os.path.dirname(place)]
        arguments += ["--perms", "0644", "--file", str(descriptor), place]
    return [*arguments, "--remount-ro", "/", "--chdir", cwd, "--seccomp", str(guard), "--"]


def _watch(process: subprocess.Popen, limits: Limits, isolated: bool) -> tuple[bytes, bytes, Ending]:
    """Read both outputs until the program ends or passes a limit; then nothing of it is left."""
    assert process.stdout is not None and process.stderr is not None
    texts = {process.stdout: bytearray(), process.stderr: bytearray()}
    ended: Ending = "exit"
    deadline = time.monotonic() + limits.seconds
    with selectors.DefaultSelector() as selector, process.stdout, process.stderr:
        for stream in texts:
            selector.register(stream, selectors.EVENT_READ)
        looked = time.monotonic()
        try:
            while selector.get_map():
                for key, _ in selector.select(_POLL):
                    part = os.read(key.fd, 65536)
                    if not part:
                        selector.unregister(key.fileobj)
                    texts[key.fileobj] += part  # type: ignore[index]
                now = time.monotonic()
                if sum(map(len, texts.values())) > limits.output:
                    ended = "output"
                elif now > deadline:
                    ended = "time"
                elif now - looked > _POLL:
                    looked = now
                    if _resident(process.pid) > limits.memory:
                        ended = "memory"
                    if not isolated and process.poll() is not None:
                        break  # what it left behind may hold its outputs open
                if ended != "exit":
                    break
            if ended == "exit":
                process.wait(max(0.0, deadline - time.monotonic()) + _POLL)
        except subprocess.TimeoutExpired:  # it closed its outputs and goes on
            ended = "time"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            _drain(selector)
    stdout, stderr = (bytes(texts[stream][: limits.output]) for stream in (process.stdout, process.stderr))
    return stdout, stderr, ended


def _drain(selector: selectors.BaseSelector) -> None:
    """Wait until no process holds the outputs any more: the sandbox's first process takes all others with it."""
    deadline = time.monotonic() + 2
    while selector.get_map() and time.monotonic() < deadline:
        for key, _ in selector.select(_POLL):
            if not os.read(key.fd, 65536):
                selector.unregister(key.fileobj)


def _resident(pid: int) -> int:
    """Bytes of memory held by a process and all that descend from it; 0 where the kernel does not tell."""
    total, waiting = 0, [pid]
    while waiting:
        root = Path(f"/proc/{waiting.pop()}")
        with suppress(OSError, ValueError, IndexError):
            total += int((root / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for thread in (root / "task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
    return total
