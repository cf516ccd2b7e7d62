"""Options that several commands share.

Does not cover checking what they are given (inputs.py).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

Sentences = Callable[..., AbstractContextManager[None]]
"""Turns errors into sentences and exit codes around a command's work."""
Weights = Annotated[
    Path | None,
    typer.Option(help="A folder with weights, or 8m, mathematics or mistakes, which ship; left out, the 27M ones."),
]
Adapter = Annotated[Path | None, typer.Option(help="A file that `microreason adapt` wrote for these weights.")]
Mode = Annotated[str, typer.Option(help="plain, checked or assisted.")]
Samples = Annotated[int, typer.Option(min=1, max=1000, help="Draw so many solutions of a problem and vote.")]
Engine = Annotated[str, typer.Option(help="edge (no torch), numpy (slow, for tests), torch (batched) or auto.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Give up after so many tokens.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
