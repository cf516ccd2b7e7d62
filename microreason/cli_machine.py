"""Commands about the machine and other engines: `bench`, `export gguf`, `export onnx`.

Does not cover any logic: bench → inference.bench.bench, export → export.gguf.export_gguf, export.onnx.export_onnx.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from microreason.cli_options import JsonFile, Sentences, Weights


def add_machine_commands(app: typer.Typer, sentences: Sentences) -> None:
    """Register the commands; `sentences` turns errors into one sentence and exit status 2."""
    export_app = typer.Typer(
        help="Write the model in the format of another engine.", no_args_is_help=True, rich_markup_mode=None
    )
    app.add_typer(export_app, name="export")

    @app.command()
    def bench(
        contexts: Annotated[str, typer.Option(help="Tokens of context, separated by commas.")] = "64,1024,4096",
        problems: Annotated[int, typer.Option(min=1, help="Problems whose answers are timed.")] = 20,
        repeats: Annotated[int, typer.Option(min=1, help="Runs at each context.")] = 5,
        threads: Annotated[int | None, typer.Option(min=1, max=63, help="Threads; left out, at most 4.")] = None,
        json_file: JsonFile = None,
        picture: Annotated[Path | None, typer.Option(help="Write speed against context as a PNG file.")] = None,
        weights: Weights = None,
    ) -> None:
        """Measure this machine: latency, tokens per second, cold start, memory, energy."""
        with sentences():
            from rich.console import Console

            from microreason.evaluation.records import write_json
            from microreason.inference import bench as measuring
            from microreason.inputs import check_writable, whole_numbers

            lengths = whole_numbers(contexts)
            for path in (json_file, picture):
                if path is not None:
                    check_writable(path)
            result = measuring.bench(weights, contexts=lengths, problems=problems, repeats=repeats, threads=threads)
            measuring.show(result, Console(highlight=False))
            if json_file is not None:
                write_json(json_file, result)
            if picture is not None:
                measuring.draw(result, picture)

    @export_app.command("gguf")
    def export_gguf(
        output: Annotated[Path, typer.Argument(metavar="FILE.gguf", help="Where it is written.")],
        form: Annotated[str, typer.Option("--type", help="q8_0 or f32.")] = "q8_0",
        weights: Weights = None,
    ) -> None:
        """The dense twin (all gates open) for llama.cpp; give it token ids, not text."""
        with sentences():
            from microreason.export.gguf import export_gguf as run
            from microreason.inputs import check_writable

            run(check_writable(output), weights, form)

    @export_app.command("onnx")
    def export_onnx(
        output: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="Where it is written.")],
        weights: Weights = None,
    ) -> None:
        """The dense twin (all gates open) for onnxruntime and others."""
        with sentences():
            from microreason.export.onnx import export_onnx as run
            from microreason.inputs import check_writable

            run(check_writable(output), weights)
