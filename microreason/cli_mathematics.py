"""Commands of the problem sets of mathematics: `data fetch`, `data convert`, and one `eval` for each benchmark.

Does not cover any logic: data fetch → data.fetch.fetch, data convert → mathematics.convert.convert,
eval → evaluation.mathematics.evaluate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from microreason.cli_options import Engine, JsonFile, MaxTokens, Mode, Samples, Sentences, Weights

SETS = {
    "gsm8k": "GSM8K", "math": "MATH", "math23k": "Math23K", "ape210k": "Ape210K", "svamp": "SVAMP",
    "mawps": "MAWPS and ASDiv-A", "tal": "TAL-SCQ5K",
}  # fmt: skip
SetFile = Annotated[Path, typer.Option("--path", help="A file or folder of the set in its original form.")]
Size = Annotated[int | None, typer.Option(min=1, help="Ask only so many problems.")]


def add_commands(eval_app: typer.Typer, data_app: typer.Typer, sentences: Sentences) -> None:
    """Register the commands; `sentences` turns errors into one sentence and exit status 2."""
    for name, title in SETS.items():
        _add_benchmark(eval_app, sentences, name, title)

    @eval_app.command("saxton")
    def saxton(
        test: Annotated[str, typer.Option(help="interpolation or extrapolation.")] = "interpolation",
        per_module: Annotated[int, typer.Option(min=1, help="Questions for each module.")] = 10,
        seed: Annotated[int, typer.Option(help="Seed of the questions.")] = 20261124,
        mode: Mode = "plain",
        samples: Samples = 1,
        max_tokens: MaxTokens = 256,
        json_file: JsonFile = None,
        weights: Weights = None,
        engine: Engine = "auto",
    ) -> None:
        """School mathematics after Saxton et al., on freshly generated questions."""
        with sentences():
            from microreason.mathematics.saxton import questions

            facts = {"test": test, "seed": seed, "per_module": per_module}
            asked = questions(test, per_module, seed)
            _evaluate("saxton", asked, facts, mode, samples, max_tokens, json_file, weights, engine)

    @data_app.command("fetch")
    def fetch(
        name: Annotated[str, typer.Argument(help="The set, as gsm8k-train; an unknown name lists them.")],
        folder: Annotated[Path, typer.Option(help="Where it is put.")] = Path("sets"),
    ) -> None:
        """Fetch a public problem set from its original source, checked by its SHA-256; resumes where it broke off."""
        with sentences():
            from rich.console import Console
            from rich.progress import Progress

            from microreason.data.fetch import SOURCES
            from microreason.data.fetch import fetch as run

            with Progress(console=Console(stderr=True), transient=True) as bar:
                line = bar.add_task(name, total=None)
                path = run(name, folder, progress=lambda done, total: bar.update(line, completed=done, total=total))
            typer.echo(f"{path} (licence: {SOURCES[name].licence})")

    @data_app.command("convert")
    def convert(
        name: Annotated[str, typer.Argument(help=f"The set: {', '.join(SETS)}.")],
        path: SetFile,
        output: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="The problems, for a recipe to draw from.")],
        rewrites: Annotated[int, typer.Option(min=0, help="Variants of each problem.")] = 0,
        seed: Annotated[int, typer.Option(help="Seed of the variants.")] = 0,
        exclude: Annotated[
            list[str] | None,
            typer.Option(help="FILE of the same set, or SET=FILE of another, whose questions must not occur."),
        ] = None,
    ) -> None:
        """Turn a training set into problems with checked solutions; 500 problems are held out."""
        with sentences():
            from microreason.inputs import check_writable
            from microreason.mathematics.convert import convert as run
            from microreason.mathematics.convert import write_records
            from microreason.mathematics.formats import read

            check_writable(output)
            entries, unread = read(name, path)
            named = (option.rpartition("=") for option in exclude or [])
            excluded = [entry.question for other, _, file in named for entry in read(other or name, file)[0]]
            records, left_out = run(name, entries, rewrites, seed, excluded)
            write_records(output, records)
            typer.echo(f"{len(records):,} problems in {output}.")
            for reason, count in (unread + left_out).most_common():
                typer.echo(f"left out: {count:,} ({reason})")


def _add_benchmark(eval_app: typer.Typer, sentences: Sentences, name: str, title: str) -> None:
    @eval_app.command(name, help=f"Evaluate on {title}, from a file of the set.")
    def run(
        path: SetFile,
        held_out: Annotated[
            bool, typer.Option("--held-out", help="Only the 500 problems that conversion keeps out.")
        ] = False,
        size: Size = None,
        mode: Mode = "plain",
        samples: Samples = 1,
        max_tokens: MaxTokens = 512,
        json_file: JsonFile = None,
        weights: Weights = None,
        engine: Engine = "auto",
    ) -> None:
        with sentences():
            from microreason.evaluation.mathematics import problems_of

            problems, left_out = problems_of(name, path, held_out)
            facts = {"file": path.name, "held_out": held_out, "left_out": dict(left_out)}
            _evaluate(name, problems[:size], facts, mode, samples, max_tokens, json_file, weights, engine)


def _evaluate(
    name: str, problems: list, facts: dict[str, Any], mode: str, samples: int, max_tokens: int,
    json_file: Path | None, weights: Path | None, engine: str,
) -> None:  # fmt: skip
    from rich.console import Console
    from rich.progress import Progress

    import microreason
    from microreason.evaluation.mathematics import evaluate, sentence
    from microreason.evaluation.records import write_json
    from microreason.inputs import check_engine, check_mode, check_writable

    check_mode(mode)
    check_engine(engine)
    if json_file is not None:
        check_writable(json_file)
    model = microreason.load(weights, engine=engine)
    with Progress(console=Console(stderr=True)) as bar:
        line = bar.add_task(name, total=None)
        result = evaluate(
            model, name, problems, mode=mode, max_tokens=max_tokens, samples=samples,
            progress=lambda done, total: bar.update(line, completed=done, total=total),
        )  # fmt: skip
    if json_file is not None:
        write_json(json_file, result | facts)
    typer.echo(sentence(result))
    if not result["complete"]:
        raise typer.Exit(130)
