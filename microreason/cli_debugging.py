"""Commands about code: `debug`, `eval quixbugs`, `eval humanevalfix`, `eval debugbench`.

Does not cover any logic: debug → debugging.files.debug, eval → evaluation.repairs.evaluate.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from microreason.cli_options import JsonFile, Sentences, Weights

Candidates = Annotated[int, typer.Option(min=1, max=10_000, help="Try at most so many candidates.")]
Unisolated = Annotated[bool, typer.Option("--unisolated", help="Run code without a sandbox where there is none.")]


def add_debugging_commands(app: typer.Typer, eval_app: typer.Typer, sentences: Sentences) -> None:
    """Register the commands; `sentences` turns errors into one sentence and exit status 2."""

    @app.command()
    def debug(
        file: Annotated[Path, typer.Argument(metavar="FILE.py", help="The Python file with the bug.")],
        test: Annotated[str, typer.Option(help="The command that fails, as 'pytest tests/test_it.py'.")],
        write: Annotated[bool, typer.Option("--apply", help="Write the repair to FILE; a backup is kept.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        candidates: Candidates = 200,
        seconds: Annotated[float, typer.Option(min=1, help="Give up after so many seconds.")] = 60,
        weights: Weights = None,
        unisolated: Unisolated = False,
    ) -> None:
        """Repair a Python file by its failing tests: the steps that found it and a diff. Run it in the project's
        folder."""
        with sentences(as_json):
            from microreason.debugging.files import apply
            from microreason.debugging.files import debug as run
            from microreason.debugging.ranking import ranking

            order = ranking(weights)
            found = run(file, test, ranking=order, limit=candidates, seconds=seconds, allow_unisolated=unisolated)
            backup = apply(file, found) if write and found.text is not None else None
            if as_json:
                typer.echo(json.dumps(found.as_json() | {"backup": backup and str(backup)}, ensure_ascii=False))
            else:
                typer.echo("\n".join(found.steps) + "\n\n" + found.diff)
                typer.echo(f"{found.seconds:.1f} seconds; isolation: {found.isolation}.")
                if backup is not None:
                    typer.echo(f"{file} is repaired; what stood there is in {backup.name}.")
            if found.text is None:
                raise typer.Exit(2)

    for benchmark in ("quixbugs", "humanevalfix", "debugbench"):
        _add_benchmark(benchmark, eval_app, sentences)


def _add_benchmark(benchmark: str, eval_app: typer.Typer, sentences: Sentences) -> None:
    @eval_app.command(benchmark, help=f"Repair the programs of {benchmark}, judged by their tests in the sandbox.")
    def run(
        path: Annotated[Path, typer.Option(help="A copy of the benchmark in its original form.")],
        names: Annotated[str | None, typer.Option(help="Programs, separated by commas; left out, all.")] = None,
        candidates: Candidates = 200,
        seconds: Annotated[float, typer.Option(min=1, help="Seconds for a program.")] = 60,
        json_file: JsonFile = None,
        weights: Weights = None,
        unisolated: Unisolated = False,
    ) -> None:
        with sentences():
            from rich.console import Console
            from rich.progress import Progress

            from microreason.debugging.ranking import ranking
            from microreason.evaluation.records import write_json
            from microreason.evaluation.repairs import evaluate, sentence
            from microreason.inputs import check_writable

            if json_file is not None:
                check_writable(json_file)
            chosen = None if names is None else [name.strip() for name in names.split(",")]
            with Progress(console=Console(stderr=True)) as bar:
                line = bar.add_task(benchmark, total=None)
                result = evaluate(
                    benchmark, path, ranking(weights), limit=candidates, seconds=seconds, names=chosen,
                    allow_unisolated=unisolated,
                    progress=lambda done, total: bar.update(line, completed=done, total=total),
                )  # fmt: skip
            if json_file is not None:
                write_json(json_file, result)
            typer.echo(sentence(result))
            if not result["complete"]:
                raise typer.Exit(130)
