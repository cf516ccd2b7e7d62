"""Keeps the programs of QuixBugs, HumanEval and DebugBench, and near-copies of them, out of training.

A function is left out where its name is one of theirs (names without case and underscores), or where its normalised
syntax tree is near one of theirs: names, constants and annotations are dropped, what remains is cut into runs of four
nodes, and two functions are near where they share two thirds of the runs. The trees themselves are not in the
repository: `held_out_programs.json` has hashes of their runs, made by `write_fingerprints` from folders of programs.
Does not cover programs that do the same in another way.
"""

from __future__ import annotations

import ast
import json
import zlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("held_out_programs.json")
NEAR = 2 / 3
_RUN = 4

_QUIXBUGS = """
    bitcount breadth_first_search bucketsort depth_first_search detect_cycle find_first_in_sorted find_in_sorted
    flatten gcd get_factors hanoi is_valid_parenthesization kheapsort knapsack kth lcs_length levenshtein lis
    longest_common_subsequence max_sublist_sum mergesort minimum_spanning_tree next_palindrome next_permutation pascal
    possible_change powerset quicksort reverse_linked_list rpn_eval shortest_path_length shortest_path_lengths
    shortest_paths shunting_yard sieve sqrt subsequences to_base topological_ordering wrap"""
_HUMANEVAL = """
    has_close_elements separate_paren_groups truncate_number below_zero mean_absolute_deviation intersperse
    parse_nested_parens filter_by_substring sum_product rolling_max make_palindrome string_xor longest
    greatest_common_divisor all_prefixes string_sequence count_distinct_characters parse_music how_many_times
    sort_numbers find_closest_elements rescale_to_unit filter_integers strlen largest_divisor factorize
    remove_duplicates flip_case concatenate filter_by_prefix get_positive is_prime find_zero sort_third unique
    max_element fizz_buzz sort_even encode_cyclic decode_cyclic prime_fib triples_sum_to_zero car_race_collision
    incr_list pairs_sum_to_zero change_base triangle_area fib4 median is_palindrome modp encode_shift decode_shift
    remove_vowels below_threshold add same_chars fib correct_bracketing monotonic common largest_prime_factor sum_to_n
    derivative fibfib vowels_count circular_shift digitSum fruit_distribution pluck search strange_sort_list
    will_it_fly smallest_change total_match is_multiply_prime is_simple_power iscube hex_key decimal_to_binary is_happy
    numerical_letter_grade prime_length starts_one_ends solve anti_shuffle get_row sort_array encrypt next_smallest
    is_bored any_int encode skjkasdkd check_dict_case count_up_to multiply count_upper closest_integer make_a_pile
    words_string choose_num rounded_avg unique_digits by_length even_odd_palindrome count_nums move_one_ball exchange
    histogram reverse_delete odd_count minSubArraySum max_fill select_words get_closest_vowel match_parens maximum
    solution add_elements get_odd_collatz valid_date split_words is_sorted intersection prod_signs minPath tri digits
    is_nested sum_squares check_if_last_char_is_a_letter can_arrange largest_smallest_integers compare_one
    is_equal_to_sum_even special_factorial fix_spaces file_name_check words_in_sentence simplify order_by_points
    specialFilter get_max_triples bf sorted_list_sum x_or_y double_the_difference compare Strongest_Extension
    cycpattern_check even_odd_count int_to_mini_roman right_angle_triangle find_max eat do_algebra string_to_md5
    generate_integers"""
QUIXBUGS = tuple(_QUIXBUGS.split())
HUMANEVAL = tuple(_HUMANEVAL.split())


def plain(name: str) -> str:
    return name.replace("_", "").lower()


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(map(plain, QUIXBUGS + HUMANEVAL))


def fingerprint(function: ast.AST) -> frozenset[int]:
    """Hashes of the runs of four nodes of a function's normalised syntax tree, in the order of the text."""
    kinds: list[str] = []

    def visit(node: ast.AST) -> None:
        if isinstance(node, (ast.expr_context, ast.arg, ast.arguments, ast.Load)):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # documentation
            return
        kinds.append(type(node).__name__)
        for field, value in ast.iter_fields(node):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and field not in ("annotation", "returns", "decorator_list"):
                    visit(child)

    visit(function)
    runs = [" ".join(kinds[i : i + _RUN]) for i in range(max(1, len(kinds) - _RUN + 1))]
    return frozenset(zlib.crc32(run.encode()) for run in runs)


def alike(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether two fingerprints share two thirds of their runs."""
    return len(one & other) >= NEAR * len(one | other)


@lru_cache(maxsize=1)
def fingerprints() -> tuple[frozenset[int], ...]:
    """Those of the benchmarks' programs."""
    return tuple(frozenset(runs) for runs in json.loads(FILE.read_text("utf-8"))["fingerprints"])


def held_out(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function has to stay out of training."""
    if plain(function.name) in _names():
        return True
    mine = fingerprint(function)
    return any(alike(mine, theirs) for theirs in fingerprints())


def write_fingerprints(folders: Iterable[Path], file: Path = FILE) -> int:
    """Write the fingerprints of all functions in the Python files of folders; the number of them."""
    found: set[tuple[int, ...]] = set()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            try:
                tree = ast.parse(path.read_text("utf-8"))
            except (SyntaxError, ValueError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found.add(tuple(sorted(fingerprint(node))))
    file.write_text(json.dumps({"fingerprints": sorted(found)}, separators=(",", ":")) + "\n", "utf-8")
    return len(found)
