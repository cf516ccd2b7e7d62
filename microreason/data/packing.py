"""Packs documents into rows of fixed length, best fit, each row having one of a few lengths.

A document joins the open row where it leaves the least room, or opens a row of the shortest length that holds it.
Targets are the next token; positions with target -100 carry no loss (prompts, padding).
Does not cover masks: the model builds them from `documents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from microreason.data.documents import Document

IGNORE = -100


@dataclass(frozen=True)
class Batch:
    """ids, positions, documents, targets: [B, T] int64; padding has document -1 (its own). `tasks` names the task of
    each row's documents, where it is known."""

    ids: np.ndarray
    positions: np.ndarray
    documents: np.ndarray
    targets: np.ndarray
    tasks: list[list[str]] = field(default_factory=list)


def pack(rows: list[list[Document]], length: int) -> Batch:
    """Lay the documents of each row one after another."""
    shape = (len(rows), length)
    ids, positions = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    documents, targets = np.full(shape, -1, np.int64), np.full(shape, IGNORE, np.int64)
    for r, row in enumerate(rows):
        at = 0
        for number, document in enumerate(row):
            n = len(document.ids)
            ids[r, at : at + n] = document.ids
            positions[r, at : at + n] = np.arange(n)
            documents[r, at : at + n] = number
            targets[r, at + document.prompt - 1 : at + n - 1] = document.ids[document.prompt :]
            at += n
    return Batch(ids, positions, documents, targets, [[d.task for d in row] for row in rows])


class Packer:
    """Turns a stream of documents into batches of `batch_tokens` tokens; a longer row is a batch of its own.

    `pending` are the documents of rows not yet used: with the stream's cursor they are the whole state.
    """

    def __init__(self, stream: Iterator[Document], lengths: list[int], batch_tokens: int, slack: float = 0.03) -> None:
        self.stream, self.lengths, self.batch_tokens = stream, sorted(lengths), batch_tokens
        self.slack = slack
        self.open: dict[int, list[list[Document]]] = {n: [] for n in self.lengths}
        self.full: dict[int, list[list[Document]]] = {n: [] for n in self.lengths}

    def add(self, document: Document) -> None:
        """Put one document into the open row where it leaves the least room."""
        n = len(document.ids)
        room = {
            (length, i): length - sum(len(d.ids) for d in row) - n
            for length, rows in self.open.items()
            for i, row in enumerate(rows)
        }
        fits = {place: left for place, left in room.items() if left >= 0}
        if fits:
            length, row = min(fits, key=lambda place: (fits[place], place))
            self.open[length][row].append(document)
        else:
            length = next(size for size in self.lengths if n <= size)
            row = len(self.open[length])
            self.open[length].append([document])
        rows = self.open[length]
        if fits.get((length, row), length) <= self.slack * length:
            self.full[length].append(rows.pop(row))
        elif len(rows) > 24:
            fullest = max(range(len(rows)), key=lambda i: sum(len(d.ids) for d in rows[i]))
            self.full[length].append(rows.pop(fullest))

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        while True:
            for length in reversed(self.lengths):
                need = max(1, self.batch_tokens // length)
                if len(self.full[length]) >= need:
                    rows, self.full[length] = self.full[length][:need], self.full[length][need:]
                    return pack(rows, length)
            self.add(next(self.stream))

    def state(self) -> list[list[list[list[Document]]]]:
        """A copy of the rows open and full, by length."""
        return [[[list(row) for row in rows] for rows in (self.open[n], self.full[n])] for n in self.lengths]

    def restore(self, state: list[list[list[list[Document]]]]) -> None:
        """Undo `state`."""
        for n, (opened, full) in zip(self.lengths, state, strict=True):
            self.open[n], self.full[n] = opened, full
