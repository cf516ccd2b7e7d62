"""Byte-level BPE in which every digit, sign and capital stands alone, with phrase tokens for constant wording.

Pre-tokens: one digit; one sign or symbol; one newline; one capital of a run of capitals, the first with the space
before it; a word with the space before it. The BPE merges within pre-tokens only. The wording that most problems of a
task share ("Return True if the following two strings are isomorphic …") is one token per phrase, found by counting,
so that a short context holds the part that varies. The four markers of the text form have ids outside the BPE: no
input text, marker text included, can produce them.
Does not cover which texts it is trained on (`microreason tokenizer train`, data/corpus.py).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers

from microreason.errors import BadWeights
from microreason.solution import MARKERS, Solution, Step

DEFAULT = Path(__file__).parent / "weights" / "tokenizer.json"
MAX_SIZE = 8192
_SPLIT = r"\n|\d| ?[A-Z](?![a-z])| ?[A-Z]?[a-z]+| ?\p{L}+|[^\p{L}\d\s]| +|\s"
_PIECE = re.compile(r"\n|\d| ?[A-Z](?![a-z])| ?[A-Z]?[a-z]+| ?[^\W\d_]+|[^\w\s]|_| +|\s")
_SURROGATES = re.compile("([\udc80-\udcff])")


def _byte_alphabet() -> dict[str, int]:
    """The printable stand-in of each byte in byte-level BPE files (GPT-2's table)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(b): b for b in plain}
    return table | {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in plain)}


class Tokenizer:
    """Text to token ids and back; ids of the markers are the last four of `size`."""

    def __init__(self, bpe: tokenizers.Tokenizer) -> None:
        self._bpe = bpe
        base = bpe.get_vocab_size()
        self.problem, self.solution, self.answer, self.end = range(base, base + len(MARKERS))
        self.size = base + len(MARKERS)
        alphabet = _byte_alphabet()
        phrases = {i: token.content for i, token in bpe.get_added_tokens_decoder().items()}
        self._bytes = [
            phrases[i].encode() if i in phrases else bytes(alphabet[c] for c in bpe.id_to_token(i)) for i in range(base)
        ]
        single = {b: i for i, b in reversed(list(enumerate(self._bytes))) if len(b) == 1}
        if len(single) != 256 or self.size > MAX_SIZE:
            raise BadWeights("The tokenizer file lacks single bytes or is larger than allowed.")
        self._single = single
        self.newline = single[b"\n"]

    @classmethod
    def load(cls, path: Path | str | None = None) -> Tokenizer:
        """Read a `tokenizer.json`. Raises BadWeights where it is missing or damaged."""
        path = Path(path) if path else DEFAULT
        try:
            return cls(tokenizers.Tokenizer.from_str(path.read_text("utf-8")))
        except BadWeights:
            raise
        except Exception as error:  # the library raises bare Exception for damaged files
            raise BadWeights(f"The tokenizer file {path.name} is missing or damaged ({str(error)[:80]}).") from None

    def __reduce__(self) -> tuple:
        """To another process as text, which is parsed there but once."""
        return _parsed, (self._text,)

    @cached_property
    def words(self) -> list[list[int]]:
        """Tokens of at least two letters, in four lists: with or without a space before, with or without a capital."""
        texts = [self.decode([i]) for i in range(self.problem)]
        return [
            [i for i, text in enumerate(texts) if re.fullmatch(form, text)]
            for form in (" [a-z]{2,}", " [A-Z][a-z]+", "[a-z]{2,}", "[A-Z][a-z]+")
        ]

    @cached_property
    def _text(self) -> str:
        return self.to_json()

    def to_json(self) -> str:
        """The text of `tokenizer.json`."""
        return json.dumps(json.loads(self._bpe.to_str()), ensure_ascii=False)

    def save(self, path: Path) -> None:
        """Write `tokenizer.json`."""
        path.write_text(self.to_json(), "utf-8")

    def encode(self, text: str | bytes) -> list[int]:
        """Ids of a text; bytes that are no UTF-8 become single-byte tokens. Never yields a marker's id."""
        if isinstance(text, bytes):
            text = text.decode("utf-8", "surrogateescape")
        ids: list[int] = []
        for part in _SURROGATES.split(text):
            if _SURROGATES.fullmatch(part):
                ids.append(self._single[bytes([ord(part) - 0xDC00])])
            elif part:
                ids += self._bpe.encode(part, add_special_tokens=False).ids
        return ids

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The bytes of some ids; markers give nothing."""
        return b"".join(self._bytes[i] for i in ids if i < self.problem)

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; bytes that are no UTF-8 become U+FFFD."""
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def encode_problem(self, text: str) -> list[int]:
        """`<|problem|>` text `<|solution|>`."""
        return [self.problem, *self.encode(text), self.solution]

    def encode_solution(self, solution: Solution, spelled: bool = False, spaced: bool = False) -> list[int]:
        """Steps, each ended by a newline, `<|answer|>`, the answer (one byte a token if `spelled`, after a space if
        `spaced`), `<|end|>`."""
        ids: list[int] = []
        for step in solution.steps:
            ids += [*self.encode(step.text), self.newline]
        answer = solution.answer or ""
        if spaced or answer.startswith(" "):  # reading takes one away
            answer = " " + answer
        written = [self._single[bytes([b])] for b in answer.encode()] if spelled else self.encode(answer)
        return [*ids, self.answer, *written, self.end]

    def decode_solution(self, ids: Sequence[int]) -> Solution:
        """The solution in some generated ids, without a space before the answer; `complete` is False where the end or
        the answer is missing."""
        ids = list(ids)
        ended = self.end in ids
        if ended:
            ids = ids[: ids.index(self.end)]
        cut = ids.index(self.answer) if self.answer in ids else None
        answer = None if cut is None else self.decode(ids[cut + 1 :]).removeprefix(" ")
        lines = self.decode(ids[:cut]).split("\n")
        stray = any(i > self.problem - 1 and i != self.answer for i in ids)
        steps = tuple(Step(text=line) for line in lines if line)
        return Solution(steps=steps, answer=answer, complete=ended and cut is not None and not stray)


@lru_cache(maxsize=1)
def _parsed(text: str) -> Tokenizer:
    return Tokenizer(tokenizers.Tokenizer.from_str(text))


def find_phrases(problems: dict[str, list[str]], share: float = 0.5, shortest: int = 20) -> list[str]:
    """Wording constant over a task's problems: maximal runs of pre-tokens whose every trigram occurs in at least
    `share` of the task's problems. Runs hold no digit, newline or emoji; those of fewer than
    `shortest` characters are left out."""
    phrases: Counter[str] = Counter()
    for texts in problems.values():
        pieces = [_PIECE.findall(text) for text in texts]
        seen: Counter[tuple[str, ...]] = Counter()
        for p in pieces:
            seen.update({tuple(p[i : i + 3]) for i in range(len(p) - 2)})
        found: Counter[str] = Counter()
        for p in pieces:
            common = [seen[tuple(p[i : i + 3])] >= share * len(texts) for i in range(len(p) - 2)]
            fixed = [not piece.isdigit() and piece != "\n" and piece <= "\uffff" for piece in p]
            covered = [any(common[max(0, i - 2) : i + 1]) and fixed[i] for i in range(len(p))]
            run: list[str] = []
            runs = set()
            for piece, inside in zip([*p, ""], [*covered, False], strict=True):
                if inside:
                    run.append(piece)
                elif run:
                    runs.add("".join(run))
                    run = []
            found.update(runs)
        phrases.update({r: n for r, n in found.items() if n >= 0.3 * len(texts) and len(r.strip()) >= shortest})
    return sorted(phrases, key=lambda r: (-len(r), r))


def train(texts: Iterable[str], problems: dict[str, list[str]], size: int = MAX_SIZE, phrases: int = 700) -> Tokenizer:
    """Train on texts (BPE) and on problems by task (phrase tokens, at most `phrases`). Same input, same result."""
    found = find_phrases(problems)[:phrases]
    bpe = tokenizers.Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(_SPLIT), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(MARKERS) - len(found),
        initial_alphabet=sorted(_byte_alphabet()),
        show_progress=False,
        max_token_length=24,
    )
    bpe.train_from_iterator(texts, trainer)
    bpe.add_tokens([AddedToken(phrase, normalized=False) for phrase in found])
    return Tokenizer(bpe)
