"""The command line: one verb, one public function; what stands here is options, output and exit statuses.

Exit statuses: 0 done or solved, 2 bad input, 3 no answer within the token limit, 130 interrupted with Ctrl-C.
Imports stand inside the verbs, so `microreason --help` is quick and needs the core only.
Does not cover any logic: solve → microreason.solve, train → training.progressive.train, eval → `evaluate` of
evaluation.reasoning_gym and .proofs, prove → proofs.prove.prove, data build → data.shards.build, data stats →
data.stats.measure, evolve → training.evolve.evolve, adapt → training.adapt.adapt, teach → teachers.teach, info →
info.info, tokenizer train → data.corpus.train_tokenizer. More: cli_mathematics.py, cli_machine.py, cli_mistakes.py,
cli_debugging.py and cli_explain.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from microreason.cli_debugging import add_debugging_commands
from microreason.cli_explain import add_explain_command
from microreason.cli_machine import add_machine_commands
from microreason.cli_mathematics import add_commands
from microreason.cli_mistakes import add_mistake_commands
from microreason.cli_options import Adapter, Engine, JsonFile, MaxTokens, Mode, Samples, Weights
from microreason.errors import MicroReasonError
from microreason.solution import MAX_TOKENS

_PLAIN: dict[str, Any] = {"no_args_is_help": True, "add_completion": False, "rich_markup_mode": None}
app = typer.Typer(
    help="A small reasoning model: a problem in, checked steps and an answer out.",
    pretty_exceptions_enable=False,
    **_PLAIN,
)
eval_app = typer.Typer(help="Run a benchmark.", **_PLAIN)
data_app = typer.Typer(help="Prepare training data.", **_PLAIN)
tokenizer_app = typer.Typer(help="Make a tokenizer.", **_PLAIN)
app.add_typer(eval_app, name="eval")
app.add_typer(data_app, name="data")
app.add_typer(tokenizer_app, name="tokenizer")

_EXTRAS = {"torch": "train", "reasoning_gym": "eval", "matplotlib": "eval", "openai": "teach", "ray": "ray"}
_EXTRAS |= dict.fromkeys(["math_verify", "mathematics_dataset", "sympy"], "maths")
_EXTRAS |= dict.fromkeys(["gguf", "onnx"], "export")
Recipe = Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="The recipe.")]


@app.callback()
@eval_app.callback()
@data_app.callback()
@tokenizer_app.callback()
def _group() -> None:
    pass


def _fail(error: Exception, sentence: str, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": sentence, "kind": type(error).__name__}))
    else:
        typer.echo(sentence, err=True)
    raise typer.Exit(2)


@contextmanager
def _sentences(as_json: bool = False) -> Iterator[None]:
    """Errors that a user can act on become one sentence and exit status 2; Ctrl-C becomes 130."""
    try:
        yield
    except MicroReasonError as error:
        _fail(error, str(error), as_json)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        sentence = f"This needs {error.name}, which is not installed: pip install 'microreason[{extra}]'."
        _fail(error, sentence, as_json)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _fail(error, f"The operating system refused: {error.strerror or error}{where}.", as_json)
    except KeyboardInterrupt:
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(130) from None


@app.command()
def solve(
    text: Annotated[str, typer.Argument(help="The problem; - reads standard input, @file a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    mode: Mode = "assisted",
    samples: Samples = 1,
    max_tokens: MaxTokens = MAX_TOKENS,
    any_kind: Annotated[bool, typer.Option("--any", help="Try kinds of problem it has not learnt.")] = False,
    weights: Weights = None,
    adapter: Adapter = None,
    engine: Engine = "auto",
) -> None:
    """Solve a problem: steps with ✓ sound, ✗ unsound, ? unchecked, then the answer."""
    with _sentences(as_json):
        from microreason.inputs import check_engine, check_known, check_mode, read_problem

        problem = read_problem(text)
        check_mode(mode)
        check_engine(engine)
        from rich.console import Console

        import microreason
        from microreason.display import show_solution, solution_json

        model = microreason.load(weights, engine=engine, adapter=adapter)
        if not any_kind:
            check_known(problem, model.info.get("origin", {}).get("tasks"))
        solution = microreason.solve(problem, engine=model, mode=mode, samples=samples, max_tokens=max_tokens)
        if as_json:
            typer.echo(json.dumps(solution_json(problem, solution, mode), ensure_ascii=False))
        else:
            show_solution(solution, mode, Console(highlight=False))
        if solution.answer is None or not solution.complete:
            typer.echo(f"No answer within {max_tokens} tokens.", err=True)
            raise typer.Exit(3)


@app.command()
def prove(
    label: Annotated[str, typer.Argument(help="The theorem's label, as pm2.61d.")],
    path: Annotated[Path | None, typer.Option(help="The Metamath database; left out, Debian's set.mm.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    nodes: Annotated[int, typer.Option(min=1, help="Goals expanded at most.")] = 512,
    seconds: Annotated[float, typer.Option(min=0, help="Wall-clock at most for the search.")] = 60.0,
    weights: Annotated[Path | None, typer.Option(help="A network whose order is used instead of frequency.")] = None,
) -> None:
    """Prove a theorem of a Metamath database from what stands before it; metamath verifies the proof."""
    with _sentences(as_json):
        from rich.console import Console

        import microreason
        from microreason.proofs.prove import find_database, show
        from microreason.proofs.prove import prove as run
        from microreason.proofs.search import Budget

        model = None if weights is None else microreason.load(weights, engine="edge")
        order = "frequency" if model is None else "network"
        result = run(find_database(path), label, order, Budget(nodes, seconds), model)
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False))
        else:
            show(result, Console(highlight=False))
        if not result["verified"]:
            raise typer.Exit(3)


@app.command()
def train(
    recipe: Recipe,
    minutes: Annotated[float | None, typer.Option(help="Stop the foundation after so many minutes.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint.")] = False,
) -> None:
    """Train a model from a recipe: foundation, then `distill` and `evolve` where it names them; Ctrl-C saves."""
    with _sentences():
        from microreason.training.progressive import train as run
        from microreason.training.recipe import load_recipe

        run(load_recipe(recipe), minutes=minutes, resume=resume)


@app.command()
def evolve(
    recipe: Recipe,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last whole checkpoint.")] = False,
    trial: Annotated[int, typer.Option(min=1, help="Problems per task in the trial before and after.")] = 32,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write before and after to this file.")] = None,
) -> None:
    """Self-evolution: reinforcement learning on the model's own solutions; Ctrl-C writes a checkpoint and leaves."""
    with _sentences():
        from rich.console import Console

        from microreason.evaluation.records import write_json
        from microreason.inputs import check_writable
        from microreason.training.evolve import evolve as run
        from microreason.training.evolve import load_evolve

        if json_file is not None:
            check_writable(json_file)
        result = run(load_evolve(recipe), resume, trial, Console(stderr=True))
        if json_file is not None:
            write_json(json_file, result)
        for name in result["before"]:
            before, after = (result[when][name]["correctness"] for when in ("before", "after"))
            typer.echo(f"{name}: {before:.2f} -> {after:.2f}")


@app.command()
def teach(
    output: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Where every answer is appended.")],
    tasks: Annotated[str, typer.Option(help="Tasks, separated by commas.")],
    url: Annotated[str, typer.Option(help="An OpenAI-compatible endpoint, as http://localhost:8000/v1.")],
    model: Annotated[str, typer.Option(help="The model's name there.")],
    count: Annotated[int, typer.Option(min=1, help="Problems per task.")] = 50,
    difficulty: Annotated[float, typer.Option(min=0, max=1, help="From 0 to 1.")] = 0.3,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests at once.")] = 8,
    limit: Annotated[float | None, typer.Option(min=0, help="Stop asking once so much is spent.")] = None,
    price_in: Annotated[float, typer.Option(min=0, help="Price of a million prompt tokens.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0, help="Price of a million answered tokens.")] = 0.0,
) -> None:
    """Ask a large model for solutions, grade and check them; a run that was stopped asks only for what is missing.

    The key is read from OPENAI_API_KEY.
    """
    with _sentences():
        import os

        from rich.progress import Progress

        from microreason.inputs import check_writable
        from microreason.teachers import Endpoint, problems
        from microreason.teachers import teach as run

        key = os.environ.get("OPENAI_API_KEY", "none")
        todo = list(problems([name.strip() for name in tasks.split(",")], count, difficulty))
        with Progress() as bar:
            line = bar.add_task("asking", total=len(todo))
            endpoint = Endpoint(url, model, key, concurrency, price_in=price_in, price_out=price_out, limit=limit)
            result = run(endpoint, todo, check_writable(output), lambda lesson: bar.advance(line))
        typer.echo(json.dumps(result, indent=1))


@app.command()
def adapt(
    tasks: Annotated[str, typer.Option(help="Tasks to learn, separated by commas.")],
    output: Annotated[Path, typer.Option(help="The adapter, a file of at most 1 MB.")],
    minutes: Annotated[float, typer.Option(min=0.01, help="Minutes of training.")] = 10,
    seed: Annotated[int, typer.Option(help="What is drawn, and in which order.")] = 0,
    weights: Weights = None,
) -> None:
    """Teach tasks to the weights without changing them: an adapter that solve and eval load with --adapter."""
    with _sentences():
        from microreason.inputs import check_writable, names
        from microreason.training.adapt import adapt as run

        trainer = run(names(tasks), check_writable(output), weights, minutes, seed)
        typer.echo(f"{output}: {output.stat().st_size:,} bytes, learnt from {trainer.tokens:,} tokens.")


@eval_app.command("reasoning-gym")
def eval_reasoning_gym(
    level: Annotated[str, typer.Option(help="easy or hard.")],
    tasks: Annotated[
        str | None,
        typer.Option(help="Tasks, separated by commas, or all; left out, those it was trained on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="45 gives the questions of the published runs.")] = 45,
    size: Annotated[int, typer.Option(min=1, help="Questions per task.")] = 50,
    mode: Mode = "plain",
    samples: Samples = 1,
    json_file: JsonFile = None,
    max_tokens: MaxTokens = MAX_TOKENS,
    weights: Weights = None,
    adapter: Adapter = None,
    engine: Engine = "auto",
) -> None:
    """Evaluate on reasoning-gym, beside the published figures; Ctrl-C keeps what is finished."""
    with _sentences():
        from rich.console import Console
        from rich.progress import Progress

        import microreason
        from microreason.evaluation.published import published_tasks
        from microreason.evaluation.reasoning_gym import evaluate
        from microreason.evaluation.records import write_json
        from microreason.evaluation.report import show
        from microreason.inputs import check_engine, check_mode, check_writable, names

        check_mode(mode)
        check_engine(engine)
        if json_file is not None:
            check_writable(json_file)
        chosen = None if tasks is None else sorted(published_tasks()) if tasks == "all" else names(tasks)
        model = microreason.load(weights, engine=engine, adapter=adapter)
        with Progress(console=Console(stderr=True)) as bar:
            line = bar.add_task(f"reasoning-gym {level}", total=None)
            result = evaluate(
                model, level, chosen, seed=seed, size=size, mode=mode, max_tokens=max_tokens, samples=samples,
                progress=lambda done, total: bar.update(line, completed=done, total=total),
            )  # fmt: skip
        if json_file is not None:
            write_json(json_file, result)
        console = Console(highlight=False)
        console.width = max(console.width, 120) if not console.is_terminal else console.width
        show(result, console)
        if not result["complete"]:
            typer.echo("Interrupted; the finished questions are kept.", err=True)
            raise typer.Exit(130)


@eval_app.command("setmm")
def eval_setmm(
    path: Annotated[Path | None, typer.Option(help="The database; left out, Debian's set.mm.")] = None,
    orders: Annotated[
        str, typer.Option(help="random, length, frequency, network, comma between.")
    ] = "random,frequency",
    part: Annotated[str, typer.Option(help="propositional or all.")] = "propositional",
    size: Annotated[int | None, typer.Option(min=1, help="Theorems; left out, all that are held out.")] = None,
    nodes: Annotated[int, typer.Option(min=1, help="Goals expanded at most for each theorem.")] = 64,
    seconds: Annotated[float, typer.Option(min=0, help="Wall-clock at most for each theorem.")] = 30.0,
    json_file: JsonFile = None,
    weights: Weights = None,
) -> None:
    """Prove held-out theorems of a Metamath database; Ctrl-C keeps what is finished."""
    with _sentences():
        from rich.console import Console
        from rich.progress import Progress

        import microreason
        from microreason.evaluation.proofs import evaluate, show
        from microreason.evaluation.records import write_json
        from microreason.inputs import check_writable
        from microreason.proofs.prove import find_database
        from microreason.proofs.search import Budget

        if json_file is not None:
            check_writable(json_file)
        model = None if weights is None else microreason.load(weights, engine="edge")
        with Progress(console=Console(stderr=True)) as bar:
            line = bar.add_task("proofs", total=None)
            result = evaluate(
                find_database(path), [name.strip() for name in orders.split(",")], part=part, size=size,
                budget=Budget(nodes, seconds), engine=model,
                progress=lambda done, total: bar.update(line, completed=done, total=total),
            )  # fmt: skip
        if json_file is not None:
            write_json(json_file, result)
        show(result, Console(highlight=False))
        if not result["complete"]:
            typer.echo("Interrupted; the finished theorems are kept.", err=True)
            raise typer.Exit(130)


Workers = Annotated[int, typer.Option(min=1, help="Processes.")]


@data_app.command("build")
def data_build(
    recipe: Recipe,
    shards: Annotated[int, typer.Option(min=1, help="Shards of 2,000 problems for each stage.")] = 1,
    workers: Workers = 1,
) -> None:
    """Write the training data of a recipe as shards; an interrupted build goes on where it stopped."""
    with _sentences():
        from microreason.data.shards import build
        from microreason.training.recipe import load_recipe

        build(load_recipe(recipe), shards, workers)


@data_app.command("stats")
def data_stats(
    tasks: Annotated[str | None, typer.Option(help="Names or Python files, comma between; left out, all.")] = None,
    size: Annotated[int, typer.Option(min=1, help="Problems per task and level.")] = 50,
    seed: Annotated[int, typer.Option(help="Seed of the problems.")] = 77,
    json_file: JsonFile = None,
    picture: Annotated[Path | None, typer.Option(help="Write the distribution of lengths as an SVG file.")] = None,
    workers: Workers = 1,
) -> None:
    """Test tasks and experts: scores, soundness, lengths, corrupted steps found. Exit status 1 where one fails."""
    with _sentences():
        from rich.console import Console

        from microreason.data.stats import draw_lengths, measure, show
        from microreason.evaluation.records import write_json
        from microreason.inputs import check_writable

        for path in (json_file, picture):
            if path is not None:
                check_writable(path)
        result = measure(None if tasks is None else tasks.split(","), size, seed, workers)
        if json_file is not None:
            write_json(json_file, result)
        if picture is not None:
            draw_lengths(result, picture)
        show(result, Console(highlight=False, width=140))
        if result["failed"]:
            raise typer.Exit(1)


@data_app.command("hold-out")
def data_hold_out() -> None:
    """Write the fingerprints of the evaluation questions of tasks that the file does not have yet."""
    with _sentences():
        from microreason.data.documents import write_held_out

        write_held_out(report=typer.echo)


@tokenizer_app.command("train")
def tokenizer_train(
    output: Annotated[Path, typer.Argument(help="Where tokenizer.json is written.")],
    text: Annotated[
        list[Path] | None, typer.Option(help="A text or .jsonl[.gz] file to learn from too; may be repeated.")
    ] = None,
) -> None:
    """Train a tokenizer on the tasks, code and texts, and report tokens per character by category."""
    with _sentences():
        from rich.console import Console

        from microreason.data.corpus import train_tokenizer
        from microreason.display import show_info
        from microreason.evaluation.tokens import tokens_per_character
        from microreason.inputs import check_writable

        tokenizer = train_tokenizer(check_writable(output), list(text or []))
        rates = tokens_per_character(tokenizer)
        show_info({"entries": tokenizer.size, "tokens_per_character": rates}, Console(highlight=False))


@app.command()
def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    weights: Weights = None,
) -> None:
    """Parameters, FLOPs and KV bytes per token, where the weights came from, and the tasks."""
    with _sentences(as_json):
        from rich.console import Console

        from microreason.display import show_info
        from microreason.info import info as collect

        facts = collect(weights)
        if as_json:
            typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
        else:
            show_info(facts, Console(highlight=False))


add_commands(eval_app, data_app, _sentences)
add_debugging_commands(app, eval_app, _sentences)
add_explain_command(app, _sentences)
add_machine_commands(app, _sentences)
add_mistake_commands(app, eval_app, _sentences)


def main() -> None:
    """The `microreason` command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
