"""The tokenizer: round trips, digits and signs alone, markers out of reach, damaged files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microreason.errors import BadWeights
from microreason.solution import MARKERS, Solution
from microreason.tokenizer import Tokenizer, find_phrases, train


@pytest.fixture(scope="module")
def tokenizer():
    problems = {"t": [f"What is the greatest common divisor of {i} and {i + 7}?" for i in range(30)]}
    return train(["12+30=42 hello world ABBA", *problems["t"]], problems, size=600)


@given(data=st.binary(max_size=200))
def test_any_bytes_survive(data):
    tokenizer = Tokenizer.load()
    assert tokenizer.decode_bytes(tokenizer.encode(data)) == data


@given(text=st.text(max_size=200))
def test_any_text_survives(text):
    tokenizer = Tokenizer.load()
    if text.encode("utf-8", "ignore").decode() == text:
        assert tokenizer.decode(tokenizer.encode(text)) == text


@given(
    steps=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1), max_size=4),
    answer=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_solutions_survive(steps, answer):
    tokenizer = Tokenizer.load()
    solution = Solution.of(steps, answer)
    assert tokenizer.decode_solution(tokenizer.encode_solution(solution)) == solution


def test_an_answer_may_begin_with_the_token_of_the_problem():
    tokenizer = Tokenizer.load()
    solution = Solution.of([], "protected, list")
    ids = tokenizer.encode_solution(solution, spaced=True)
    assert set(tokenizer.encode(" protected")) <= set(ids)
    assert tokenizer.decode_solution(ids) == solution


def test_digits_signs_and_capitals_stand_alone():
    tokenizer = Tokenizer.load()
    for text in ("7150%1508=1118", "A#B#", "12,34"):
        assert [tokenizer.decode([i]) for i in tokenizer.encode(text)] == list(text)


def test_marker_text_is_data():
    tokenizer = Tokenizer.load()
    for marker in MARKERS:
        assert max(tokenizer.encode(marker)) < tokenizer.problem
        assert tokenizer.decode(tokenizer.encode(marker)) == marker


def test_size_and_phrases(tokenizer):
    assert Tokenizer.load().size <= 8192
    assert tokenizer.size <= 600
    texts = [f"What is the greatest common divisor of {i}" for i in range(9)]
    assert "What is the greatest common divisor of " in find_phrases({"t": texts})
    assert len(tokenizer.encode("What is the greatest common divisor of 5")) == 2


def test_same_input_same_tokenizer(tokenizer, tmp_path):
    problems = {"t": [f"What is the greatest common divisor of {i} and {i + 7}?" for i in range(30)]}
    again = train(["12+30=42 hello world ABBA", *problems["t"]], problems, size=600)
    again.save(tmp_path / "a.json")
    tokenizer.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


@pytest.mark.parametrize("content", [None, "", "{}", "not json", '{"version": "1.0"}'])
def test_damaged_file(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadWeights, match=r"tokenizer\.json"):
        Tokenizer.load(path)
