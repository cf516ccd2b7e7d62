"""An explanation as a picture: above, which tokens each layer and head held; below, which tokens each step read.

Needs matplotlib. Does not cover the numbers (reading.py); long texts are better read on the page (page.py).
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from microreason.explain.reading import Explanation

NAMED = 160
"""Most tokens of a text whose tokens are written under the picture; beyond, only their places are."""


def draw(explanation: Explanation, path: Path) -> None:
    """Write the picture as a PNG file."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    e = explanation
    layers, heads, count = e.states.shape
    figure = Figure(
        figsize=(min(4 + 0.13 * count, 22), 3.4 + 0.13 * layers * heads + 0.2 * len(e.parts)), layout="constrained"
    )
    kept, read = figure.subplots(2, 1, height_ratios=[0.13 * layers * heads + 0.4, 0.2 * len(e.parts) + 0.4])
    colours = {"gate open": "#005ab5", "fixed": "#56b4e9", "shut, in the window": "#e6d5a0", "dropped": "#ffffff"}
    kept.imshow(
        e.states.reshape(-1, count), cmap=ListedColormap(list(colours.values())), vmin=0, vmax=3,
        aspect="auto", interpolation="nearest",
    )  # fmt: skip
    kept.set_yticks(np.arange(layers) * heads + (heads - 1) / 2, [f"layer {i + 1}" for i in range(layers)], fontsize=7)
    kept.set_xticks([])
    kept.set_title(f"{e.sentence()}\nKept, by layer and key-value head", fontsize=9, wrap=True)
    patches = [Patch(facecolor=c, edgecolor="#767676", label=name) for name, c in colours.items()]
    kept.legend(handles=patches, loc="upper left", bbox_to_anchor=(1, 1), fontsize=7)
    most = np.maximum(e.reads.max(1, keepdims=True), 1e-12) if len(e.parts) else e.reads
    read.imshow(e.reads / most if len(e.parts) else np.zeros((1, count)), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    read.set_yticks(range(len(e.parts)), [_plain(part.label)[:40] for part in e.parts], fontsize=7)
    read.set_title("Read, by step (darkest: what the step read most)", fontsize=9)
    if count <= NAMED:
        read.set_xticks(range(count), [_plain(token)[:24] for token in e.tokens], rotation=90, fontsize=6)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # drawn as a box
        figure.savefig(path, dpi=130, format="png")


def _plain(text: str) -> str:
    """For matplotlib, to which a dollar sign begins a formula; line breaks shown."""
    return text.replace("\n", "↵").replace("$", r"\$")
