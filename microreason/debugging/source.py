"""Python source with the positions of its syntax tree, and edits of it as replaced spans of text.

Edits are made in the text, not in the tree, so that a diff shows nothing but what was changed. Positions are bytes of
the UTF-8 text, as in `ast`. Does not cover which edits are worth making (edits.py, statements.py).
"""

from __future__ import annotations

import ast
import difflib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from microreason.errors import BadInput

MAX_LINES = 20_000
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Span = tuple[int, int, str]
"""From byte, to byte, new text."""


@dataclass(frozen=True)
class Edit:
    """One change of a function.

    `kind` and `detail` say what is changed into what ("compare", "< <="), `role` where ("index", "test" …): the
    ranking counts by these. `line` is the first line touched (from 1), `said` what to do, in words.
    """

    spans: tuple[Span, ...]
    kind: str
    detail: str
    role: str
    line: int
    said: str


class Source:
    """A file's text and syntax tree. Raises BadInput with one sentence where it is not Python or too long."""

    def __init__(self, text: str, name: str = "The file"):
        if text.count("\n") > MAX_LINES:
            raise BadInput(f"{name} is longer than {MAX_LINES:,} lines.")
        self.text = text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
            raise BadInput(f"{name} is not Python that can be parsed{line}.") from None

    @cached_property
    def data(self) -> bytes:
        return self.text.encode()

    @cached_property
    def lines(self) -> list[int]:
        """Where each line starts, in bytes."""
        starts = [0]
        for line in self.data.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def span(self, node: ast.AST) -> tuple[int, int]:
        """From and to byte of a node with a position."""
        return (
            self.lines[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined]
            self.lines[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined]
        )

    def of(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.data[start:end].decode()

    def functions(self) -> Iterator[FunctionNode]:
        """Functions and methods that do not lie within another function, in the order of the text."""
        waiting: list[ast.AST] = [self.tree]
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, FunctionNode):
                yield node
            else:
                waiting += ast.iter_child_nodes(node)

    def apply(self, edit: Edit) -> str:
        """The text with an edit made."""
        data = self.data
        for start, end, text in sorted(edit.spans, reverse=True):
            data = data[:start] + text.encode() + data[end:]
        return data.decode()


class Unseen:
    """Tells whether an edit of a function parses and gives a syntax tree that was not seen before."""

    def __init__(self, source: Source, function: FunctionNode):
        self._source = source
        first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
        self._start, self._end = source.lines[first - 1], source.lines[function.end_lineno or function.lineno]
        self._seen = {self._tree(source.data)}

    def __call__(self, edit: Edit) -> bool:
        tree = self._tree(self._source.apply(edit).encode())
        if tree is None or tree in self._seen:
            return False
        self._seen.add(tree)
        return True

    def _tree(self, data: bytes) -> int | None:
        """A hash of the function's tree; only its own text is parsed."""
        text = data[self._start : self._end + len(data) - len(self._source.data)].decode()
        return tree_hash("if True:\n" + text if text[:1] in " \t" else text)


def tree_hash(text: str) -> int | None:
    """A hash of a text's syntax tree, None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return hash(ast.dump(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return None


def unified(before: str, after: str, name: str) -> str:
    """The unified diff of a file's two texts."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines)
