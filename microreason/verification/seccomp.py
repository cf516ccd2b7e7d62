"""A seccomp filter: system calls that a sandboxed program is refused, as the BPF program that the kernel runs.

It closes what namespaces and resource limits leave open: memory that no limit counts (memfd_create, System V shared
memory), new namespaces, mounts, tracing of other processes, kernel keys, BPF, io_uring. Refused calls fail with
EPERM; clone3, whose flags a filter cannot see, with ENOSYS, upon which C libraries fall back to clone.
Source: linux/seccomp.h, linux/audit.h and the kernel's system call tables (x86-64, AArch64).
Does not cover other processors (`program` returns None), or files and the network, which namespaces take care of.
"""

from __future__ import annotations

import platform
import struct

_REFUSED: dict[str, tuple[int, int]] = {  # name: number on x86-64, on AArch64
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kcmp": (312, 272), "personality": (135, 92), "pivot_root": (155, 41),
    "chroot": (161, 51), "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432), "mount_setattr": (442, 442),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "init_module": (175, 105),
    "delete_module": (176, 106), "finit_module": (313, 273), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265), "perf_event_open": (298, 241),
    "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
}  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, 0, 56), "aarch64": (0xC00000B7, 1, 220)}  # audit number, column, clone
_CLONE3, _X32 = 435, 0x40000000
_NEW_NAMESPACES = 0x7E020000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026


def program(machine: str | None = None) -> bytes | None:
    """The filter for a processor (this one's where None) as `struct sock_filter[]`; None where it is not known."""
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    architecture, column, clone = known
    code = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _EPERM),
        (_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ENOSYS),
    ]  # fmt: skip
    for numbers in _REFUSED.values():
        code += [(_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _EPERM)]
    code += [
        (_EQUAL, 0, 3, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), (_RETURN, 0, 0, _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
