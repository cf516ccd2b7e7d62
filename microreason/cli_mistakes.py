"""Commands about mistakes: `check`, `eval bigbench-mistake`, `eval mistakes`.

Does not cover any logic: check → mistakes.check.check, eval → evaluation.mistakes.evaluate.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from microreason.cli_options import Engine, JsonFile, Sentences

Weights = Annotated[Path, typer.Option(help="A folder with weights, or 8m, mathematics or mistakes, which ship.")]
LEARNT = Path("mistakes")
"""The weights that were trained on this."""
Size = Annotated[int | None, typer.Option(min=1, help="Ask only so many solutions of each kind.")]


def add_mistake_commands(app: typer.Typer, eval_app: typer.Typer, sentences: Sentences) -> None:
    """Register the commands; `sentences` turns errors into one sentence and exit status 2."""

    @app.command("check")
    def check(
        file: Annotated[
            str, typer.Argument(metavar="FILE", help="A problem and its solution in steps; - reads stdin.")
        ],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        weights: Weights = LEARNT,
        engine: Engine = "auto",
    ) -> None:
        """Find the first wrong step of a solution, say why, and go on rightly from it."""
        with sentences(as_json):
            import microreason
            from microreason.inputs import check_engine
            from microreason.mistakes.check import check as run
            from microreason.mistakes.reading import read_given

            given = read_given(file)
            check_engine(engine)
            result = run(microreason.load(weights, engine=engine), given, weights)
            if as_json:
                typer.echo(json.dumps(result, ensure_ascii=False))
            else:
                _show(result)

    @eval_app.command("bigbench-mistake")
    def bigbench_mistake(
        path: Annotated[Path, typer.Option(help="A folder or file of the benchmark in its original form.")],
        size: Size = None,
        json_file: JsonFile = None,
        weights: Weights = LEARNT,
        engine: Engine = "auto",
    ) -> None:
        """BIG-Bench-Mistake: the first wrong step of solutions, from the benchmark's files."""
        with sentences():
            from microreason.evaluation.mistakes import read_cases

            _evaluate("bigbench-mistake", read_cases(path), size, {"path": path.name}, json_file, weights, engine)

    @eval_app.command("mistakes")
    def mistakes(
        per_kind: Annotated[int, typer.Option(min=4, help="Solutions of each kind.")] = 100,
        json_file: JsonFile = None,
        weights: Weights = LEARNT,
        engine: Engine = "auto",
    ) -> None:
        """Mistakes in solutions to problems kept out of training: found exactly, and mended."""
        with sentences():
            from microreason.evaluation.mistakes import held_out_cases

            _evaluate("mistakes", held_out_cases(per_kind), None, {"per_kind": per_kind}, json_file, weights, engine)


def _evaluate(
    name: str, cases: list, size: int | None, facts: dict[str, Any], json_file: Path | None, weights: Path,
    engine: str,
) -> None:  # fmt: skip
    from collections import Counter

    from rich.console import Console
    from rich.progress import Progress

    import microreason
    from microreason.evaluation.mistakes import evaluate, sentences
    from microreason.evaluation.records import write_json
    from microreason.inputs import check_engine, check_writable

    check_engine(engine)
    if json_file is not None:
        check_writable(json_file)
    if size is not None:
        seen: Counter[str] = Counter()
        kept = []
        for case in cases:
            seen[case.kind] += 1
            if seen[case.kind] <= size:
                kept.append(case)
        cases = kept
    model = microreason.load(weights, engine=engine)
    with Progress(console=Console(stderr=True)) as bar:
        line = bar.add_task(name, total=None)
        result = evaluate(
            model, name, cases, progress=lambda done, total: bar.update(line, completed=done, total=total)
        )
    if json_file is not None:
        write_json(json_file, result | facts)
    for sentence in sentences(result):
        typer.echo(sentence)
    if not result["complete"]:
        raise typer.Exit(130)


def _show(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    from microreason.display import MARKS, harmless

    console = Console(highlight=False)
    for step in result["steps"]:
        mark, style = MARKS[step["checker"]]
        first = step["number"] == result["first_wrong"]
        head = "" if step["head"] is None else f"  [{100 * step['head']:.0f} % sound by the step head]"
        note = Text("  <- first wrong step" if first else "", style="bold red")
        console.print(
            Text.assemble((mark, style), f" {step['number']}. ", harmless(step["text"]), (head, "dim")) + note,
            soft_wrap=True,
        )
    if result["first_wrong"] is not None:
        console.print(Text(f"It should say: {harmless(result['why'] or '?')}"), soft_wrap=True)
        going_on = result["continuation"]
        for line in going_on["steps"]:
            console.print(Text(harmless(line)), soft_wrap=True)
        if going_on["answer"] is not None and going_on["complete"]:
            console.print(Text.assemble(("answer: ", "bold"), harmless(going_on["answer"])), soft_wrap=True)
    else:
        console.print("No step is wrong." if result["decided"] else "The network came to no judgement.")
    learnt = "" if result["learnt"] else "; these weights were not trained on finding mistakes"
    console.print(Text(f"mode: {result['mode']}; ✓ ✗ ? are the step checkers'{learnt}", style="dim"), soft_wrap=True)
