"""The same weights and problems in other engines and in ours: speed of writing, of whole answers, of 32 at once.

python benchmarks/peers.py --json benchmarks/results/peers.json

Rounds run every engine once, in an order of their own, each after a pause in which the threads of the one before it
fall asleep; medians and 95 % bootstrap intervals over rounds, and the ratio of ours to the fastest peer. In its turn an
engine does all of `contexts`: prompts of several lengths (problems after one another), then `--tokens` tokens, one
sequence; `together`: `--batch` prompts of 64 tokens at once; `solutions`: real problems to the end, ours also with
guesses (cold: from this problem alone; warm: after the solutions of other problems); peers write as many tokens as our
solution has. The peers run the dense twin; ours the routed model. Peers that are not installed or do not start are left
out, and named; so is, from the second round on, a peer from what it does at less than half the rate of the fastest peer
in the first round, which only warms up (transformers keeps the contexts, to compare whole answers). The result is
written after every round.
Does not cover memory and cold start (`microreason bench`).
"""

import argparse
import copy
import gc
import os
import random
import time
from collections import defaultdict
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from peer_engines import MAKERS

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.guesses import Guesses
from microreason.tasks import all_tasks

PAUSE = 0.3  # seconds; OpenMP's threads spin for 0.2 after a product


def engines(threads, folder, wanted):
    """Those of `wanted` (all, if empty) that can be used, by name, and why the others cannot."""
    made, out = {}, {}
    for name, make in MAKERS.items():
        if not wanted or name in wanted:
            try:
                made[name] = make(threads, folder)
            except Exception as error:  # whatever a peer's library raises, the others can still be measured
                out[name] = f"{type(error).__name__}: {error}"[:200]
                print(f"{name} is left out: {out[name]}")
    return made, out


def interval(values, seed=0):
    """Median and its 95 % bootstrap interval."""
    draws = np.random.default_rng(seed).choice(values, (2000, len(values)))
    low, high = np.percentile(np.median(draws, 1), [2.5, 97.5])
    return {"median": float(np.median(values)), "low": float(low), "high": float(high), "n": len(values)}


def ratio(ours, theirs, seed=0):
    """Median of ours over median of theirs, with its interval; rounds are drawn together."""
    ours, theirs = np.array(ours), np.array(theirs)
    rounds = np.random.default_rng(seed).integers(len(ours), size=(2000, len(ours)))
    draws = np.median(ours[rounds], 1) / np.median(theirs[rounds], 1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return {
        "median": float(np.median(ours) / np.median(theirs)),
        "low": float(low),
        "high": float(high),
        "n": len(ours),
    }


def against(rates):
    """Ratios of each of our rows to the peer with the highest median rate."""
    peers = {name: values for name, values in rates.items() if not name.startswith("ours")}
    if not peers:
        return {}
    best = max(peers, key=lambda name: np.median(peers[name]))
    return {"fastest_peer": best, **{n: ratio(v, peers[best]) for n, v in rates.items() if n.startswith("ours")}}


class Solutions:
    """Real problems: what our engine writes to them, and how it and the others are timed."""

    def __init__(self, ours, problems, others, longest=128):
        self.engine, self.problems, self.longest = ours.engine, problems, longest
        warm = Guesses()
        self.engine.guess, self.engine.guesses = True, warm
        self.engine.generate([p.text for p in others], max_tokens=longest)
        self.ids = [self.engine.tokenizer.encode_problem(p.text) for p in problems]
        self.ways = {"ours": None, "ours, guessing, cold": Guesses(), "ours, guessing, warm": warm}
        self.steps = {}
        self.engine.guess = False
        self.counts = [g.tokens for g in self.engine.generate([p.text for p in problems], max_tokens=longest)]

    def ours(self, way):
        """Seconds of each answer."""
        seconds, before = [], self.engine.steps
        for problem in self.problems:
            self.engine.guess, self.engine.guesses = self.ways[way] is not None, copy.deepcopy(self.ways[way])
            start = time.perf_counter()
            self.engine.generate([problem.text], max_tokens=self.longest)
            seconds.append(time.perf_counter() - start)
        self.steps[way], self.engine.guess = self.engine.steps - before, False
        return seconds

    def theirs(self, engine):
        """The same of a peer."""
        return [engine.write(ids, count)[2] for ids, count in zip(self.ids, self.counts, strict=True)]

    def summary(self, seconds):
        """Rows by engine, and ratios; rates are of whole rounds."""
        tokens, rows = sum(self.counts), []
        rates = {name: tokens / np.sum(values, 1) for name, values in seconds.items()}
        for name, values in seconds.items():
            each = np.median(values, 0)
            rows.append({
                "engine": name, "tokens_per_second": interval(rates[name]),
                "tokens_per_step": tokens / self.steps.get(name, tokens),
                "answer_seconds_p50": float(np.median(each)), "answer_seconds_p95": float(np.percentile(each, 95)),
                "slowest_answer_seconds": float(np.max(values)),
            })  # fmt: skip
        return rows, against(rates)


def one_turn(name, engine, prompts, batch, tokens, solutions, seen, slow):
    """All measurements of one engine but the `slow` ones, added to what was `seen`."""
    time.sleep(PAUSE)
    engine.write(prompts[0], 2)
    for prompt in prompts:
        if (name, "decode", len(prompt)) not in slow:
            gc.collect()
            ids, first, whole = engine.write(prompt, tokens)
            seen["decode", len(prompt)][name].append((tokens - 1) / (whole - first))
            seen["first", len(prompt)][name].append(first)
            seen["whole", len(prompt)][name].append(whole)
            seen["ids", len(prompt)][name] = ids
    if (name, "together", 0) not in slow:
        seen["together", 0][name].append(len(batch) * tokens / engine.together(batch, tokens))
    for way in solutions.ways if name == "ours" else [name]:
        if (name, "solutions", 0) not in slow:
            seen["solutions", 0][way].append(solutions.ours(way) if name == "ours" else solutions.theirs(engine))


def too_slow(seen, contexts):
    """What to leave out, from the first round: {(engine, measurement, context): its rate}."""
    slow = {}
    for key in [("together", 0), *(("decode", context) for context in contexts)]:
        rates = {name: values[0] for name, values in seen[key].items() if name != "ours"}
        for name, rate in rates.items():
            if rate < max(rates.values()) / 2 and not (key[0] == "decode" and name.startswith("transformers")):
                slow[name, *key] = rate
            if rate < max(rates.values()) / 2 and key == ("decode", contexts[0]):
                slow[name, "solutions", 0] = rate
    return slow


def summary(seen, contexts, solutions):
    """What the result file says."""
    rows, ratios = [], {}
    for context in contexts:
        decode, whole, ids = (seen[key, context] for key in ("decode", "whole", "ids"))
        true = ids.get("transformers fp32")
        for name in decode:
            same = None
            if ids[name] and true:
                same = [*(a == b for a, b in zip(ids[name], true, strict=True)), False].index(False)
            rows.append({
                "engine": name, "context": context, "decode_tokens_per_second": interval(decode[name]),
                "first_token_seconds": interval(seen["first", context][name]),
                "answer_seconds": interval(whole[name]), "same_tokens_as_fp32": same,
            })  # fmt: skip
        speed = {name: 1 / np.array(values) for name, values in whole.items()}
        answer = {n: ratio(speed["ours"], v) for n, v in speed.items() if n.startswith("transformers")}
        ratios[str(context)] = {"decode": against(decode), "answer": answer}
    together, (solved, won) = seen["together", 0], solutions.summary(seen["solutions", 0])
    return {
        "contexts": rows, "together": [{"engine": n, "tokens_per_second": interval(v)} for n, v in together.items()],
        "solutions": solved, "ratios": {"contexts": ratios, "together": against(together), "solutions": won},
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contexts", default="64,200,1024,4096", help="tokens of prompt")
    parser.add_argument("--tokens", type=int, default=16, help="tokens written after each")
    parser.add_argument("--batch", type=int, default=32, help="prompts at once")
    parser.add_argument("--problems", type=int, default=6, help="problems that are solved to the end")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--engines", default="", help="names with commas between; left out, all")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/microreason-peers"), help="where exports are written")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    made, out = engines(args.threads, args.folder, [n.strip() for n in args.engines.split(",") if n.strip()])
    engine = made["ours"].engine
    tasks = all_tasks()
    known = [name for name in engine.info["origin"].get("tasks", []) if name in tasks]
    drawn = [tasks[name].generate(11, 0, 0.3) for name in known]
    others = [tasks[name].generate(12, i, 0.3) for name in known for i in range(6)]
    stream = [i for problem in drawn for i in engine.tokenizer.encode_problem(problem.text)]
    random.Random(0).shuffle(drawn)
    contexts = [int(c) for c in args.contexts.split(",")]
    prompts = [list(islice(cycle(stream), context)) for context in contexts]
    batch = [list(islice(cycle(stream), 64 * i, 64 * (i + 1))) for i in range(args.batch)]
    solutions = Solutions(made["ours"], drawn[: args.problems], others)
    seen, begun = defaultdict(lambda: defaultdict(list)), time.perf_counter()
    slow = {(name, "solutions", 0): None for name in made}
    for number in range(-1, args.rounds):
        order = list(made)
        random.Random(number).shuffle(order)
        for name in order:
            one_turn(name, made[name], prompts, batch, args.tokens, solutions, seen, slow)
        if number < 0:
            slow = too_slow(seen, contexts)
            seen.clear()
            continue
        write_json(args.json, {
            "benchmark": "peers", "rounds": number + 1, "threads": args.threads, "tokens": args.tokens,
            "batch": args.batch, "problems": args.problems, "problem_tokens": sum(solutions.counts),
            "other_solutions": len(others), "left_out": out,
            "left_out_of": [{"engine": n, "of": w, "context": c, "rate": r} for (n, w, c), r in slow.items()],
            "instructions": engine.info["cpu"],
            **circumstances(engine.info), "seconds": time.perf_counter() - begun,
            **summary(seen, contexts, solutions),
        })  # fmt: skip
        print(f"round {number + 1} after {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
