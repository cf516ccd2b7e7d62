"""Metamath databases: reading them, formulas as trees, steps as lines; naive references beside each.

Does not cover searching, verification, the benchmark and the commands (test_proofs.py).
"""

import random
from pathlib import Path

import pytest

from microreason.errors import BadInput
from microreason.proofs import split
from microreason.proofs.database import compressed_proof, parse_database, read_database
from microreason.proofs.steps import Library, expert_proof, renaming
from microreason.proofs.syntax import HOLE, lengthen, shorten, size, substitute, subtrees, variables_of
from microreason.proofs.verify import claim, labels

DEMO = Path(__file__).parent / "data" / "demo.mm"
TEXT = DEMO.read_text("ascii")

BOUND = (Path(__file__).parent / "data" / "bound.mm").read_text("ascii")


# --- reading


def test_the_demo_is_read_whole(demo):
    database = demo.database
    assert len(database.assertions) == 26 and len(split.theorems(demo)) == 16
    assert database.types == dict.fromkeys(["ph", "ps", "ch", "th"], "wff")
    chain = database.assertion("chain")
    assert [h.label for h in chain.hypotheses] == ["w.ph", "w.ps", "w.ch", "chain.1", "chain.2"]
    assert chain.premises[1].symbols == ("|-", "(", "ps", "->", "ch", ")")
    assert database.assertion("detach").proof is None


def test_mandatory_hypotheses_stand_in_the_order_of_the_database():
    text = "$c w |- $. $v a b c $. wb $f w b $. e1 $e |- b $. wa $f w a $. wc $f w c $. rule $a |- a $."
    assert [h.label for h in parse_database(text).assertions["rule"].hypotheses] == ["wb", "e1", "wa"]


def test_distinct_variables_and_scopes():
    database = parse_database(BOUND)
    assert database.assertions["fresh"].distinct == {("ph", "x")}
    assert database.assertions["first"].distinct == frozenset()
    assert database.assertions["one"].scopes == 1 and database.assertions["two"].scopes == 0


def test_reading_can_stop_at_a_label():
    database = read_database(DEMO, until="chain")
    assert list(database.assertions)[-1] == "chain" and "chain3" not in database.assertions
    whole = read_database(DEMO)
    assert all(database.assertions[label] == whole.assertions[label] for label in database.assertions)
    assert parse_database("$( ax $a |- p $. $)\n" + HEAD + "${ ax $a |- p $. $}", until="ax").assertions
    with pytest.raises(BadInput, match="Did you mean chain"):
        read_database(DEMO, until="chian")


HEAD = "$c w |- $.\n$v p $.\nwp $f w p $.\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (HEAD + "ax $a |- q $.", 4, "'q'"),
        (HEAD + "ax $a |- p $.\nax $a |- p $.", 5, "twice"),
        (HEAD + "ax $a |- p", 4, "whole statement"),
        (HEAD + "$( never ends", 4, "comment"),
        (HEAD + "$[ other.mm $]", 4, "include"),
        (HEAD + "\n\n$}", 6, "never began"),
        (HEAD + "${ ax $a |- p $.", 4, "still open"),
        (HEAD + "ax $p |- p $.", 4, "no proof"),
        (HEAD + "ax $a |- p $= wp $.", 4, "a proof"),
        (HEAD + "ax $a p $.", 4, "constant"),
        (HEAD + "$d p q $.", 4, "no variable"),
        (HEAD + "$c p $.", 4, "declared twice"),
        (HEAD + "wq $f w p $.", 4, "two types"),
        (HEAD + "wq $f w w $.", 4, "type of a variable"),
        (HEAD, 4, "no axiom"),
        ("", 1, "no axiom"),
        ("hello world", 1, "hello"),
    ],
)
def test_a_damaged_file_is_one_sentence_with_the_place(text, line, reason):
    with pytest.raises(BadInput) as caught:
        parse_database(text, "x.mm")
    sentence = str(caught.value)
    assert sentence.startswith(f"The Metamath database x.mm is damaged at line {line}: ") and reason in sentence
    assert "\n" not in sentence


def test_every_cut_of_the_demo_is_refused_or_read():
    for end in range(0, len(TEXT), 97):
        try:
            parse_database(TEXT[:end])
        except BadInput as error:
            assert "damaged at line" in str(error)


def test_a_file_built_to_hang_the_reader_is_refused_quickly():
    for text in (HEAD + "ax $a " + " " * 100_000, HEAD + "ax" + " " * 100_000 + "$a", HEAD + "a " * 100_000):
        with pytest.raises(BadInput, match="damaged"):
            parse_database(text)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "x.mm").write_bytes(TEXT.encode() + b"\n\xff\n")
    with pytest.raises(BadInput, match=r"line \d+: it is no ASCII"):
        read_database(tmp_path / "x.mm")
    for path in (tmp_path, tmp_path / "none.mm"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_database(path)


def test_compressed_and_normal_proofs_say_the_same(demo):
    """The naive reference is the proof written out label by label."""
    for label in split.theorems(demo):
        proof = expert_proof(demo, label)
        plain = labels(demo, demo.theorem(label), proof)
        a = demo.database.assertion(label)
        rewritten = Library(parse_database(claim(demo.database, label, plain)))
        assert compressed_proof(rewritten.database, rewritten.database.assertion(label)) == plain
        assert expert_proof(rewritten, label) == {goal: proof[goal] for goal in expert_proof(rewritten, label)}
        assert rewritten.database.assertion(label).symbols == a.symbols


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        ("?", "unfinished"), ("( w.imp", "does not end"), ("( ) a", "letter"), ("( ) ZA", "letter"),
        ("( ) AZZ", "letter"), ("( ) J", "does not exist"), ("( ) AU", "cut off"), ("nonsense", "nonsense"),
        ("keep", "lacks"), ("w.ph", "something else"), ("swap", "swap"), ("w.ph w.ph keep", "something else"),
    ],
)  # fmt: skip
def test_a_damaged_proof_is_one_sentence(proof, reason):
    begin = TEXT.index("same $p")
    text = TEXT[:begin] + f"same $p |- ( ph -> ph ) $= {proof} $." + TEXT[TEXT.index("$.", begin) + 2 :]
    with pytest.raises(BadInput, match=reason) as caught:
        expert_proof(Library(parse_database(text)), "same")
    assert "same" in str(caught.value) and "\n" not in str(caught.value)


# --- trees


def statements(library):
    for rule in library.rules.values():
        yield from (rule.conclusion, *rule.premises)


def test_formulas_come_back_from_symbols_and_text(demo):
    grammar = demo.grammar
    for tree in statements(demo):
        assert grammar.parse(grammar.symbols(tree)) == tree == grammar.read(grammar.write(tree))


def test_short_text_keeps_long_symbols_apart():
    symbols = ["|-", "(", "(/)", "->", "[,)", "(", "x", "-/\\", "y", ")", ")", "/\\", "-.", "z"]
    assert lengthen(shorten(symbols)) == symbols
    assert shorten(["(", "ph", "->", "-.", "ps", ")"]) == "(ph→¬ps)"


def random_tree(rng, grammar, depth):
    if not depth or rng.random() < 0.3:
        return rng.choice(list(grammar.types))
    p = rng.choice(list(grammar.productions.values()))
    return (p.label, *[random_tree(rng, grammar, depth - 1) for _ in p.variables])


def test_matching_undoes_substitution(demo):
    rng = random.Random(0)
    for _ in range(200):
        pattern = random_tree(rng, demo.grammar, 3)
        values = {v: random_tree(rng, demo.grammar, 2) for v in set(variables_of(pattern))}
        tree, found = substitute(pattern, values), {}
        assert demo.grammar.match(pattern, tree, found) and found == values
        assert demo.grammar.fits(pattern, tree, {}) and demo.grammar.fits(pattern, HOLE, {})
        other = random_tree(rng, demo.grammar, 3)
        found = {}
        assert demo.grammar.match(pattern, other, found) == (substitute(pattern, found) == other)


def test_size_counts_the_parts(demo):
    tree = demo.theorem("swap").goal
    assert size(tree) == len(list(subtrees(tree))) == 7


@pytest.mark.parametrize("text", ["", "ph ->", "(ph→)", "ph ps", "(" * 5000 + "ph"])
def test_what_is_no_formula_is_refused(demo, text):
    with pytest.raises(BadInput):
        demo.grammar.read(text)


def test_left_recursive_syntax_is_refused():
    text = "$c w |- $. $v a b $. wa $f w a $. wb $f w b $. two $a w a b $. ax $a |- a b $."
    with pytest.raises(BadInput, match="left-recursive"):
        Library(parse_database(text))


# --- steps


def test_every_expert_line_is_read_back(demo):
    for label in split.theorems(demo):
        theorem = demo.theorem(label)
        for goal, move in expert_proof(demo, label).items():
            assert demo.read_line(theorem, goal, demo.line(None, move)) == move
            assert demo.read(demo.write(goal)) == goal


@pytest.mark.parametrize(
    "line", ["", "<-", "chain ps=ph", "<-nosuch", "<-swap", "<-chain", "<-chain ps=", "<-chain ph=ps", "<-chain ps=(",
             "<-chain ps=ps;ps=ps", "<-keep"],
)  # fmt: skip
def test_a_line_that_is_no_step_is_refused(demo, line):
    theorem = demo.theorem("chain3")
    assert demo.read_line(theorem, theorem.goal, "<-chain ps=ps").subgoals == (demo.read("⊢(ps→th)"),)
    with pytest.raises(BadInput):
        demo.read_line(theorem, theorem.goal, line)


def test_distinct_variables_are_minded():
    library = Library(parse_database(BOUND))
    one, two = library.theorem("one"), library.theorem("two")
    assert library.read_line(one, one.goal, "<-fresh").subgoals == ()
    with pytest.raises(BadInput, match="distinct"):
        library.read_line(two, two.goal, "<-fresh")
    with pytest.raises(BadInput, match="distinct"):
        expert_proof(library, "two")


def test_renaming_is_a_bijection_that_makes_like_goals_equal(demo):
    a, b = demo.read("⊢(ch→(th→ch))"), demo.read("⊢(ps→(ph→ps))")
    assert substitute(a, renaming(demo.grammar, [a])) == substitute(b, renaming(demo.grammar, [b]))
