"""Build hook: compiles the engine in C, once per instruction set, where a C compiler is at hand.

Without one the installation goes on and `solve` uses numpy. `python hatch_build.py` compiles in place, for developers.
Does not cover choosing among the libraries at run time (microreason/inference/network.py).
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # only when run by hand
    BuildHookInterface = object

FOLDER = Path(__file__).parent / "microreason" / "inference"
AVX2 = ["-mavx2", "-mfma"]
AVX512 = [*AVX2, "-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mavx512vnni", "-mprefer-vector-width=512"]
VARIANTS = {
    "x86_64": {
        "plain": [], "avx2": AVX2, "avxvnni": [*AVX2, "-mavxvnni"],
        "avx512": AVX512, "amx": [*AVX512, "-mamx-tile", "-mamx-int8"],
    },
    "aarch64": {"plain": [], "dotprod": ["-march=armv8.2-a+dotprod"]},
}  # fmt: skip
NAMES = {"AMD64": "x86_64", "arm64": "aarch64"}


def compile_all() -> list[str]:
    """Compile every variant this compiler can make for this machine; returns the names of the libraries."""
    compiler = next(
        (found for name in (os.environ.get("CC"), "cc", "gcc", "clang") if name and (found := shutil.which(name))), None
    )
    machine = NAMES.get(platform.machine(), platform.machine())
    made = []
    for name, flags in VARIANTS.get(machine, {"plain": []}).items() if compiler else ():
        library = FOLDER / f"_native_{name}.so"
        part = library.with_suffix(f".{os.getpid()}.tmp")
        command = [
            compiler, "-std=gnu11", "-O3", "-shared", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-Wno-psabi",
            *flags, str(FOLDER / "native.c"), "-o", str(part), "-lm", "-lpthread",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            part.unlink(missing_ok=True)
            print(f"microreason: no {name} library ({done.stderr.strip()[:300]})", file=sys.stderr)
        else:
            part.replace(library)
            made.append(library.name)
    return made


class CustomBuildHook(BuildHookInterface):
    """What hatchling calls before it packs a wheel or makes an editable installation."""

    def initialize(self, version, build_data):
        if self.target_name != "wheel":
            return
        try:
            made = compile_all()
        except OSError as error:  # a folder that cannot be written, a compiler that cannot be run
            print(f"microreason: the engine in C was not compiled ({error})", file=sys.stderr)
            made = []
        if made:
            build_data["artifacts"] += [f"microreason/inference/{name}" for name in made]
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform_tag()}"


def _platform_tag():
    from packaging.tags import platform_tags

    return next(iter(platform_tags()))


if __name__ == "__main__":
    print(" ".join(compile_all()) or "No C compiler was found.")
