"""The same weights and problems in other engines and in ours: speed of writing, of whole answers, of 32 at once.

python benchmarks/peers.py --json benchmarks/results/peers.json

Every engine has a process of its own, which is stopped while it is not its turn, lest its idle threads spin. Rounds run
every engine once, in an order of their own; medians and 95 % bootstrap intervals over rounds, and the ratio of ours to
the fastest peer. In its turn an engine does all of
- `contexts`: prompts of several lengths (problems after one another), then an answer of `--answer` tokens (solutions of
  hard problems have 119 at the median), one sequence;
- `together`: `--batch` prompts of 64 tokens at once, read, and `--tokens` tokens written to each;
- `solutions`: real problems to the end, ours also with guesses (cold: from this problem alone; warm: after those of
  other problems); peers write as many tokens as our solution has.
The peers run the dense twin; ours the routed model. Peers that are not installed or do not start are left out, and
named; so is, after two rounds that only warm up, a peer from what it does at less than half the rate of the
fastest peer (transformers in float32 keeps the contexts, to compare whole answers, and in bfloat16 those where it takes
at most twice as long). The result is written after every round.
Does not cover memory and cold start (`microreason bench`).
"""

import argparse
import copy
import gc
import math
import os
import random
import signal
import time
from collections import defaultdict
from itertools import cycle, islice
from multiprocessing import Pipe, get_context
from pathlib import Path

import numpy as np
from peer_engines import MAKERS

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.guesses import Guesses
from microreason.tasks import all_tasks
from microreason.tokenizer import Tokenizer
from microreason.weights_file import describe


class Worker:
    """An engine in a process of its own, stopped between calls."""

    def __init__(self, name, *setting):
        self.pipe, other = Pipe()
        self.process = get_context("spawn").Process(target=serve, args=(other, name, *setting), daemon=True)
        self.process.start()
        other.close()
        self.facts = self._reply()

    def _reply(self):
        reply = self.pipe.recv()
        os.kill(self.process.pid, signal.SIGSTOP)
        if isinstance(reply, str):
            raise RuntimeError(reply)
        return reply

    def turn(self, slow, counts):
        """What the engine measured, by measurement and context."""
        os.kill(self.process.pid, signal.SIGCONT)
        self.pipe.send((slow, counts))
        return self._reply()

    def end(self):
        """Wake and end the process."""
        os.kill(self.process.pid, signal.SIGCONT)
        self.process.terminate()
        self.process.join()


def serve(pipe, name, threads, folder, contexts, batch, answer, tokens, problems):
    """The worker's side: an engine, then a turn for each message."""
    try:
        engine, ours = MAKERS[name](threads, folder), None
        drawn, others, stream = questions()
        prompts = [list(islice(cycle(stream), context)) for context in contexts]
        together = [list(islice(cycle(stream), 64 * i, 64 * (i + 1))) for i in range(batch)]
        ids = [ids for _, ids in drawn[:problems]]
        if name == "ours":
            ours = Solutions(engine, [p.text for p, _ in drawn[:problems]], [p.text for p in others])
            pipe.send({"counts": ours.counts, "cpu": engine.engine.info["cpu"], "others": len(others),
                       **circumstances(engine.engine.info)})  # fmt: skip
        else:
            pipe.send({})
    except Exception as error:  # whatever a peer's library raises, the others can still be measured
        pipe.send(f"{type(error).__name__}: {error}"[:200])
        return
    while True:
        slow, counts = pipe.recv()
        pipe.send(one_turn(name, engine, prompts, together, answer, tokens, ids, slow, counts, ours))


def questions():
    """Problems of the tasks that the released weights know, each with its ids, those of others, and a stream of ids."""
    tasks, tokenizer = all_tasks(), Tokenizer.load()
    known = [name for name in describe(None)["origin"].get("tasks", []) if name in tasks]
    drawn = [tasks[name].generate(11, 0, 0.3) for name in known]
    others = [tasks[name].generate(12, i, 0.3) for name in known for i in range(6)]
    both = [(problem, tokenizer.encode_problem(problem.text)) for problem in drawn]
    stream = [i for _, ids in both for i in ids]
    random.Random(0).shuffle(both)
    return both, others, stream


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
    """What our engine writes to real problems, without guesses, with cold ones and with warm ones."""

    def __init__(self, ours, texts, others, longest=128):
        self.engine, self.texts, self.longest = ours.engine, texts, longest
        warm = Guesses()
        self.engine.guess, self.engine.guesses = True, warm
        self.engine.generate(others, max_tokens=longest)
        self.ways = {"ours": None, "ours, guessing, cold": Guesses(), "ours, guessing, warm": warm}
        self.engine.guess = False
        self.counts = [g.tokens for g in self.engine.generate(texts, max_tokens=longest)]

    def solve(self, way):
        """Seconds of each answer, and steps of the network in all."""
        seconds, before = [], self.engine.steps
        for text in self.texts:
            self.engine.guess, self.engine.guesses = self.ways[way] is not None, copy.deepcopy(self.ways[way])
            start = time.perf_counter()
            self.engine.generate([text], max_tokens=self.longest)
            seconds.append(time.perf_counter() - start)
        self.engine.guess = False
        return seconds, self.engine.steps - before


def one_turn(name, engine, prompts, batch, answer, tokens, problems, slow, counts, ours):
    """All measurements of one engine but the `slow` ones: {(measurement, context): {name: value}}."""
    seen = {}
    engine.write(prompts[0], 2)
    for prompt in prompts:
        if (name, "decode", len(prompt)) not in slow:
            gc.collect()
            ids, first, whole = engine.write(prompt, answer)
            found = {"decode": (answer - 1) / (whole - first), "first": first, "whole": whole, "ids": ids}
            seen |= {(key, len(prompt)): {name: value} for key, value in found.items()}
    if (name, "together", 0) not in slow:
        seen["together", 0] = {name: len(batch) * tokens / engine.together(batch, tokens)}
    if (name, "solutions", 0) not in slow:
        if ours:
            solved = {way: ours.solve(way) for way in ours.ways}
            seen["solutions", 0] = {way: seconds for way, (seconds, _) in solved.items()}
            seen["steps", 0] = {way: steps for way, (_, steps) in solved.items()}
        else:
            times = [engine.write(ids, count)[2] for ids, count in zip(problems, counts, strict=True)]
            seen["solutions", 0] = {name: times}
    return seen


def too_slow(seen, contexts):
    """What to leave out, from the first rounds: {(engine, measurement, context): its rate}."""
    slow = {}
    for key in [("together", 0), *(("decode", context) for context in contexts)]:
        rates = {name: max(values) for name, values in seen[key].items() if name != "ours"}
        for name, rate in rates.items():
            if rate < max(rates.values()) / 2 and not (key[0] == "decode" and name.startswith("transformers")):
                slow[name, *key] = rate
            whole = {n: min(seconds) for n, seconds in seen["whole", key[1]].items()}
            exact = whole.get("transformers fp32", math.inf)
            if key[0] == "decode" and name == "transformers bf16" and whole[name] > 2 * exact:
                slow[name, *key] = rate
            if rate < max(rates.values()) / 2 and key == ("decode", contexts[0]):
                slow[name, "solutions", 0] = rate
    return slow


def summary(seen, contexts, tokens):
    """What the result file says; `tokens` are those of the solutions."""
    rows, ratios, solved = [], {}, []
    for context in contexts:
        decode, whole, ids = (seen[key, context] for key in ("decode", "whole", "ids"))
        true = ids.get("transformers fp32", [None])[-1]
        for name in decode:
            same = None
            if ids[name][-1] and true:
                same = [*(a == b for a, b in zip(ids[name][-1], true, strict=True)), False].index(False)
            rows.append({
                "engine": name, "context": context, "decode_tokens_per_second": interval(decode[name]),
                "first_token_seconds": interval(seen["first", context][name]),
                "answer_seconds": interval(whole[name]), "same_tokens_as_fp32": same,
            })  # fmt: skip
        speed = {name: 1 / np.array(values) for name, values in whole.items()}
        answer = {n: ratio(speed["ours"], v) for n, v in speed.items() if n.startswith("transformers")}
        ratios[str(context)] = {"decode": against(decode), "answer": answer}
    rates = {name: tokens / np.sum(values, 1) for name, values in seen["solutions", 0].items()}
    for name, values in seen["solutions", 0].items():
        solved.append({
            "engine": name, "tokens_per_second": interval(rates[name]),
            "tokens_per_step": tokens / seen["steps", 0].get(name, [tokens])[-1],
            "answer_seconds_p50": float(np.median(values)), "answer_seconds_p95": float(np.percentile(values, 95)),
        })  # fmt: skip
    together = seen["together", 0]
    return {
        "contexts": rows, "together": [{"engine": n, "tokens_per_second": interval(v)} for n, v in together.items()],
        "solutions": solved,
        "ratios": {"contexts": ratios, "together": against(together), "solutions": against(rates)},
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--contexts", default="64,200,1024,4096", help="tokens of prompt")
    parser.add_argument("--answer", type=int, default=128, help="tokens written after each")
    parser.add_argument("--batch", type=int, default=32, help="prompts at once")
    parser.add_argument("--tokens", type=int, default=16, help="tokens written to each of them")
    parser.add_argument("--problems", type=int, default=6, help="problems that are solved to the end")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--engines", default="", help="names with commas between; left out, all")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/microreason-peers"), help="where exports are written")
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    contexts, made, out = [int(c) for c in args.contexts.split(",")], {}, {}
    setting = (args.threads, args.folder, contexts, args.batch, args.answer, args.tokens, args.problems)
    for name in [n.strip() for n in args.engines.split(",") if n.strip()] or MAKERS:
        try:
            made[name] = Worker(name, *setting)
        except RuntimeError as error:
            out[name] = str(error)
            print(f"{name} is left out: {error}")
    facts = made["ours"].facts
    counts, others, cpu = (facts.pop(key) for key in ("counts", "others", "cpu"))
    seen, begun = defaultdict(lambda: defaultdict(list)), time.perf_counter()
    slow = {(name, "solutions", 0): None for name in made}
    for number in range(-2, args.rounds):
        order = list(made)
        random.Random(number).shuffle(order)
        for name in order:
            for key, values in made[name].turn(slow, counts).items():
                for way, value in values.items():
                    seen[key][way].append(value)
        if number < 0:
            if number == -1:
                slow = too_slow(seen, contexts)
                seen.clear()
            continue
        write_json(args.json, {
            "benchmark": "peers", "rounds": number + 1, "threads": args.threads, "answer": args.answer,
            "batch": args.batch, "tokens": args.tokens,
            "problems": args.problems, "problem_tokens": sum(counts), "other_solutions": others,
            "left_out": out, "instructions": cpu, **facts, "seconds": time.perf_counter() - begun,
            "left_out_of": [{"engine": n, "of": w, "context": c, "rate": r} for (n, w, c), r in slow.items()],
            **summary(seen, contexts, sum(counts)),
        })  # fmt: skip
        print(f"round {number + 1} after {time.perf_counter() - begun:.0f} s", flush=True)
    for worker in made.values():
        worker.end()


if __name__ == "__main__":
    main()
