"""The sandbox: what it lets through, and a suite of programs that try to get out of it or to take all there is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from microreason.verification import sandbox, seccomp
from microreason.verification.sandbox import Isolation, Limits, NoSandbox, run

isolated = pytest.mark.skipif(
    sandbox.isolation().name == "none", reason=f"no isolation here: {sandbox.isolation().reason}"
)
QUICK = Limits(seconds=3, cpu=3, memory=256 << 20, processes=16, file=4 << 20, disk=8 << 20, output=64 << 10)


def python(program: str, limits: Limits = QUICK, **options) -> sandbox.Finished:
    return run(["python", "-c", program], limits=limits, **options)


def attempts(program: str, limits: Limits = QUICK, **options) -> sandbox.Finished:
    """Run a program that prints ESCAPED where it succeeds."""
    finished = python(program, limits, **options)
    assert b"ESCAPED" not in finished.stdout, finished
    return finished


# ---- what works


@isolated
def test_a_program_runs_and_says_how_it_was_isolated():
    finished = python(
        "import sys; print(sys.stdin.read() + open('a/b.txt').read())", stdin=b"x", files={"a/b.txt": "y"}
    )
    assert (finished.stdout, finished.status, finished.ended, finished.isolation) == (b"xy\n", 0, "exit", "bubblewrap")
    assert finished.ok


@isolated
def test_it_may_write_into_its_own_folder_and_use_processes():
    program = """
import multiprocessing, subprocess, tempfile
open('new', 'w').write('x'); tempfile.NamedTemporaryFile()
print(subprocess.run(['echo', 'child'], capture_output=True, text=True).stdout, multiprocessing.Lock())"""
    assert python(program).stdout.startswith(b"child")


@isolated
def test_exit_statuses_and_signals():
    assert python("raise SystemExit(7)").status == 7
    assert python("import os; os.kill(os.getpid(), 9)").status == 137
    assert python("1/0").stderr.endswith(b"ZeroDivisionError: division by zero\n")


@isolated
def test_a_folder_is_seen_read_only(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "mine.txt").write_text("mine")
    program = "print(open('mine.txt').read())\ntry: open('mine.txt', 'w')\nexcept OSError as e: print(e.strerror)"
    finished = python(program, read_only={"/srv/project": tmp_path}, cwd="/srv/project")
    assert finished.stdout == b"mine\nRead-only file system\n"
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_refuses_without_isolation(monkeypatch):
    monkeypatch.setattr(sandbox, "isolation", lambda: Isolation("none", "bwrap is missing"))
    with pytest.raises(NoSandbox, match="Code is not run without isolation: bwrap is missing"):
        run(["true"])


def test_unisolated_only_when_told_and_it_says_so(monkeypatch):
    monkeypatch.setattr(sandbox, "isolation", lambda: Isolation("none", "bwrap is missing"))
    finished = python("print(open('a').read())", files={"a": "y"}, allow_unisolated=True)
    assert (finished.stdout, finished.isolation) == (b"y\n", "none")
    assert python("while True: pass", Limits(seconds=0.5), allow_unisolated=True).ended == "time"


def test_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda tool: None)
    sandbox.isolation.cache_clear()
    try:
        assert "bubblewrap" in sandbox.isolation().reason
    finally:
        monkeypatch.undo()
        sandbox.isolation.cache_clear()


def test_files_stay_below_the_working_folder():
    with pytest.raises(ValueError):
        run(["true"], files={"../x": ""}, allow_unisolated=True)


def test_the_filter_is_the_same_length_for_all_processors():
    assert len(seccomp.program("x86_64")) == len(seccomp.program("aarch64"))  # type: ignore[arg-type]
    assert seccomp.program("m68k") is None


# ---- the adversarial suite


@isolated
def test_the_home_folder_and_secrets_are_not_there(tmp_path, monkeypatch):
    monkeypatch.setenv("A_SECRET", "1")
    (tmp_path / "secret").write_text("secret")
    home = Path.home()
    program = f"""
import os
for path in {
        [
            str(home / ".bashrc"),
            str(home / ".ssh"),
            str(tmp_path / "secret"),
            "/etc/shadow",
            "/etc/passwd",
            str(Path(__file__)),
            "/var/log",
            "/root/.bash_history",
        ]
    }:
    if os.path.exists(path): print('ESCAPED', path)
allowed = {[sys.prefix, sys.base_prefix]}
for path, folders, files in os.walk({str(home)!r}):
    folders[:] = [f for f in folders if os.path.join(path, f) not in allowed]
    if files: print('ESCAPED', path, files[:3])
if 'A_SECRET' in os.environ: print('ESCAPED')"""
    attempts(program)


@isolated
def test_nothing_outside_can_be_written():
    program = f"""
import os
for folder in ['/', '/usr', '/usr/bin', '/etc', '/dev', '/proc', '/sys', '/var', '/home', '/root',
               {sys.prefix!r}, {sys.base_prefix!r}, {os.path.dirname(os.__file__)!r}]:
    for act in (lambda: open(folder + '/evil', 'w'), lambda: os.mkdir(folder + '/evil2'),
                lambda: os.chmod(folder, 0o777), lambda: os.rename(folder, folder + 'x')):
        try: act(); print('ESCAPED', folder)
        except OSError: pass
for file in [{os.__file__!r}, '/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches']:
    try: open(file, 'r+').write('x'); print('ESCAPED', file)
    except OSError: pass"""
    attempts(program)
    assert not Path(sys.prefix, "evil").exists()


@isolated
def test_no_socket_reaches_anything():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        program = f"""
import socket, os
for address in [('127.0.0.1', {server.getsockname()[1]}), ('1.1.1.1', 53), ('169.254.169.254', 80)]:
    try: socket.create_connection(address, 0.3); print('ESCAPED', address)
    except OSError: pass
try: socket.getaddrinfo('example.org', 80); print('ESCAPED name')
except OSError: pass
try: socket.socket(socket.AF_PACKET, socket.SOCK_RAW); print('ESCAPED raw')
except OSError: pass
print([name for _, name in socket.if_nameindex()])
for path in ['/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', '/tmp/.X11-unix']:
    if os.path.exists(path): print('ESCAPED', path)"""
        assert attempts(program).stdout.strip() == b"['lo']"
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0microreason-test")
        abstract.listen()
        attempts(
            "import socket\ns = socket.socket(socket.AF_UNIX)\n"
            "try: s.connect('\\0microreason-test'); print('ESCAPED')\nexcept OSError: pass"
        )
        abstract.close()


@isolated
def test_a_fork_bomb_is_small_and_ends():
    finished = attempts("import os, time\nn = 0\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(.01)")
    assert finished.ended in ("time", "memory") and finished.seconds < 6


@isolated
def test_threads_count_as_processes():
    program = """
import threading, time
try:
    for n in range(500): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    print('ESCAPED')
except RuntimeError: print(n)"""
    assert int(attempts(program, Limits(seconds=5, processes=16)).stdout) <= 16


@isolated
@pytest.mark.parametrize(
    "program",
    [
        "x = bytearray(1 << 30); print('ESCAPED')",
        "x = []\nwhile True: x.append(bytearray(1 << 20))",
        "import mmap\nx = []\nwhile True:\n  m = mmap.mmap(-1, 1 << 20); m.write(b'x' * (1 << 20)); x.append(m)",
        "import os; os.memfd_create('x'); print('ESCAPED')",
        "import ctypes; libc = ctypes.CDLL(None)\nif libc.shmget(0, 1 << 20, 0o1600) != -1: print('ESCAPED')",
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
    ],
)
def test_memory_of_one_process(program):
    assert attempts(program).seconds < 5


@isolated
def test_memory_of_many_processes():
    program = """
import os, time
for _ in range(8):
    if not os.fork():
        x = bytearray(os.urandom(1 << 10) * (100 << 10)); time.sleep(10)
time.sleep(10); print('ESCAPED')"""
    assert attempts(program, Limits(seconds=8, memory=256 << 20, processes=16)).ended == "memory"


@isolated
def test_disk():
    program = """
import os
total = 0
for folder in ['.', '/tmp', '/dev/shm', '/dev', '/', '/run']:
    try:
        for i in range(100):
            with open(f'{folder}/big{i}', 'wb') as f: total += f.write(bytes(1 << 20))
    except OSError: pass
print(total >> 20)"""
    assert int(attempts(program).stdout) <= 16  # /tmp and /dev/shm
    finished = attempts("open('big', 'wb').write(bytes(6 << 20)); print('ESCAPED')")
    assert not finished.ok
    attempts("import os\nf = open('s', 'wb')\ntry: os.truncate('s', 1 << 40); print('ESCAPED')\nexcept OSError: pass")


@isolated
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_output_without_end(stream):
    finished = python(f"import sys\nwhile True: sys.{stream}.write('x' * 9999)")
    assert finished.ended == "output" and len(finished.stdout + finished.stderr) <= QUICK.output


@isolated
def test_time_without_end():
    assert python("while True: pass", Limits(seconds=1)).ended == "time"
    assert python("import time; time.sleep(60)", Limits(seconds=1)).ended == "time"
    stubborn = "import signal, time\nfor s in range(1, 65):\n  try: signal.signal(s, signal.SIG_IGN)\n"
    stubborn += "  except (OSError, ValueError): pass\ntime.sleep(60)"
    assert python(stubborn, Limits(seconds=1)).ended == "time"
    assert python("while True: pass", Limits(seconds=9, cpu=1)).status == 137  # the kernel ended it
    closed = python("import os, time\nos.close(1); os.close(2); time.sleep(60)", Limits(seconds=1))
    assert closed.ended == "time" and closed.seconds < 3


def alive(marker: str, process: str = "python") -> bool:
    """Whether there is a process with the marker among its arguments."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = line.read_bytes().split(b"\0")
            found.append(marker.encode() in arguments and Path(os.fsdecode(arguments[0])).name.startswith(process))
        except OSError:
            continue
    return any(found)


@isolated
def test_nothing_outlives_its_parent():
    marker = f"outlive-{os.getpid()}-{time.monotonic_ns()}"
    program = f"""
import os, subprocess, sys
if not os.fork():
    os.setsid()
    if not os.fork():
        os.close(1); os.close(2)
        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {marker!r}])
    os._exit(0)
subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)', {marker!r}], start_new_session=True)
import time; time.sleep(.3)"""
    python(program)
    for _ in range(20):
        if not alive(marker):
            return
        time.sleep(0.1)
    raise AssertionError("ESCAPED")


@isolated
@pytest.mark.parametrize(("seconds", "process"), [(60, "python"), (1, "bwrap")])
def test_it_ends_with_its_caller(seconds, process):
    """Killed while the program runs; or, with a short limit, while bwrap still sets the sandbox up."""
    marker = f"caller-{os.getpid()}-{time.monotonic_ns()}"
    program = f"""
from microreason.verification.sandbox import Limits, run
run(['python', '-c', 'import time; time.sleep(60)', {marker!r}], limits=Limits(seconds={seconds}))"""
    caller = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 10
        while not alive(marker, process) and time.monotonic() < deadline:
            time.sleep(0.001)
        assert alive(marker, process)
    finally:
        caller.send_signal(signal.SIGKILL)
        caller.wait()
    time.sleep(2.5)
    assert not alive(marker) and not alive(marker, "bwrap"), "ESCAPED"


@isolated
def test_signals_do_not_leave():
    got = []
    before = [signal.signal(s, lambda n, _: got.append(n)) for s in (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP)]
    try:
        attempts(
            f"import os, signal\nfor pid in [{os.getpid()}, -{os.getpgid(0)}, os.getppid(), 0, -1, 1]:\n"
            "  for s in (signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP):\n"
            "    signal.signal(s, signal.SIG_IGN)\n"
            "    try: os.kill(pid, s)\n    except OSError: pass"
        )
    finally:
        for number, handler in zip((signal.SIGUSR1, signal.SIGTERM, signal.SIGHUP), before, strict=True):
            signal.signal(number, handler)
    assert not got


@isolated
def test_the_terminal_cannot_be_typed_into():
    program = """
import fcntl, termios
for fd in (0, 1, 2):
    try: fcntl.ioctl(fd, termios.TIOCSTI, b'x'); print('ESCAPED')
    except OSError: pass
try: open('/dev/tty'); print('ESCAPED')
except OSError: pass"""
    attempts(program)


@isolated
def test_proc_leads_nowhere(monkeypatch):
    monkeypatch.setenv("A_SECRET", "1")
    program = f"""
import os
mine = {{str(p) for p in os.listdir('/proc') if p.isdigit()}}
if len(mine) > 4: print('ESCAPED', mine)
for pid in mine:
    for link in ('root', 'cwd'):
        try:
            path = f'/proc/{{pid}}/{{link}}'
            for secret in ('etc/shadow', 'var/log', {str(Path(__file__)).lstrip("/")!r}):
                if os.path.exists(path + '/' + secret): print('ESCAPED', path)
        except OSError: pass
    try:
        if b'A_SECRET' in open(f'/proc/{{pid}}/environ', 'rb').read(): print('ESCAPED', pid)
    except OSError: pass
try:
    open('/proc/1/mem', 'r+b')
    if 'Seccomp:\\t2' not in open('/proc/1/status').read(): print('ESCAPED into a process without a filter')
except OSError: pass
for fd in os.listdir('/proc/self/fd'):
    try: target = os.readlink('/proc/self/fd/' + fd)
    except OSError: continue
    if not target.startswith(('pipe:', '/dev/null', '/proc')) and 'deleted' not in target: print('ESCAPED', target)"""
    attempts(program)


@isolated
def test_no_privileges_and_no_new_namespaces():
    program = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
for call in [lambda: libc.unshare(0x10000000), lambda: libc.unshare(0x20000),
             lambda: libc.mount(b'none', b'/tmp', b'tmpfs', 0, None), lambda: libc.chroot(b'/tmp'),
             lambda: libc.ptrace(16, 1, 0, 0), lambda: libc.syscall(272, 0x10000000), lambda: libc.setuid(0),
             lambda: libc.umount2(b'/tmp', 2), lambda: libc.setgid(0)]:
    if call() == 0: print('ESCAPED')
fields = dict(line.split(':', 1) for line in open('/proc/self/status') if ':' in line)
for name in ('CapPrm', 'CapEff', 'CapAmb', 'CapInh'):
    if int(fields[name], 16): print('ESCAPED', name)
if fields['NoNewPrivs'].strip() != '1' or fields['Seccomp'].strip() != '2' or os.getuid() == 0: print('ESCAPED')"""
    attempts(program)


@isolated
def test_limits_cannot_be_raised():
    program = """
import resource
for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
    try: resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); print('ESCAPED')
    except (OSError, ValueError): pass"""
    attempts(program)
