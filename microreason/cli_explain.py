"""The command `explain`: what the network kept and what each step read, as lines, JSON, a page or a picture.

Does not cover any logic: explain → explain.reading.explain, .page.page, .picture.draw.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from microreason.cli_options import MaxTokens, Sentences, Weights
from microreason.solution import MAX_TOKENS


def add_explain_command(app: typer.Typer, sentences: Sentences) -> None:
    """Register the command; `sentences` turns errors into one sentence and exit status 2."""

    @app.command()
    def explain(
        text: Annotated[str, typer.Argument(help="The problem; - reads standard input, @file a file.")],
        html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page to look at.")] = None,
        png: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        mode: Annotated[str, typer.Option(help="plain, checked or assisted.")] = "assisted",
        max_tokens: MaxTokens = MAX_TOKENS,
        any_kind: Annotated[bool, typer.Option("--any", help="Try kinds of problem it has not learnt.")] = False,
        weights: Weights = None,
    ) -> None:
        """Solve a problem and show what routing kept and which tokens each step read."""
        with sentences(as_json):
            from microreason.explain.page import page
            from microreason.explain.reading import explain as run
            from microreason.inputs import check_known, check_mode, check_writable, read_problem
            from microreason.weights_file import describe

            problem = read_problem(text)
            for path in (html, png):
                if path is not None:
                    check_writable(path)
            if not any_kind:
                check_known(problem, describe(weights)["origin"].get("tasks"))
            found = run(problem, weights, cast(Any, check_mode(mode)), max_tokens)
            if html is not None:
                html.write_text(page(found), "utf-8")
            if png is not None:
                from microreason.explain.picture import draw

                draw(found, png)
            if as_json:
                typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
            else:
                _show(found)
            if found.solution.answer is None or not found.solution.complete:
                typer.echo(f"No answer within {max_tokens} tokens.", err=True)
                raise typer.Exit(3)


def _show(found: Any) -> None:
    from rich.console import Console
    from rich.text import Text

    from microreason.display import MARKS, harmless

    console = Console(highlight=False)
    for number, part in enumerate(found.parts):
        mark, style = MARKS.get(part.verdict, (" ", ""))
        console.print(Text.assemble((mark, style), " ", harmless(part.label)), soft_wrap=True)
        most = ", ".join(f"{found.tokens[i].strip()!r} {100 * share:.1f} %" for i, share in found.most_read(number))
        console.print(Text(f"    read most before it: {most or '–'}", style="dim"), soft_wrap=True)
    console.print(Text(found.sentence()), soft_wrap=True)
