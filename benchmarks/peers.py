"""The same weights and problems in other engines and in ours: speed of writing, of whole answers, of 32 at once.

python benchmarks/peers.py --json benchmarks/results/peers.json

Four measurements, each in rounds that run all engines once in an order of their own; medians and 95 % bootstrap
intervals over rounds, and the ratio of ours to the fastest peer.
`contexts`: prompts of several lengths (problems after one another), then `--tokens` tokens, one sequence.
`together`: `--batch` prompts of 64 tokens at once. `solutions`: real problems to the end, ours also with guesses
(cold: from this problem alone; warm: after the solutions of other problems); peers write as many tokens as our solution
has. The peers run the dense twin; ours the routed model. Peers that are not installed or do not start are left out, and
named.
Does not cover memory and cold start (`microreason bench`).
"""

import argparse
import copy
import gc
import os
import random
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from peer_engines import MAKERS

from microreason.evaluation.records import circumstances, write_json
from microreason.inference.guesses import Guesses
from microreason.tasks import all_tasks

PEERS_OF_SOLUTIONS = ("llama.cpp Q8_0", "CTranslate2 int8")  # the fastest at short contexts; the others cost minutes


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


def turns(rounds, names, seed):
    """(round, engine), every engine once a round."""
    for number in range(rounds):
        order = list(names)
        random.Random(seed * 1000 + number).shuffle(order)
        for name in order:
            gc.collect()
            yield number, name


def measure_context(made, stream, context, tokens, rounds):
    """Rows by engine for one length of context, and ratios."""
    prompt, rows = list(islice(cycle(stream), context)), []
    decode, first, whole, written = ({name: [] for name in made} for _ in range(4))
    for engine in made.values():
        engine.write(prompt, 2)
    for _, name in turns(rounds, made, context):
        ids, begun, done = made[name].write(prompt, tokens)
        decode[name].append((tokens - 1) / (done - begun))
        first[name].append(begun)
        whole[name].append(done)
        written[name] = ids
    true = written.get("transformers fp32")
    for name in made:
        same = None
        if written[name] and true:
            same = [*(a == b for a, b in zip(written[name], true, strict=True)), False].index(False)
        rows.append({
            "engine": name, "context": context, "decode_tokens_per_second": interval(decode[name]),
            "first_token_seconds": interval(first[name]), "answer_seconds": interval(whole[name]),
            "same_tokens_as_fp32": same,
        })  # fmt: skip
        print(
            f"{name:22} {context:5}: {np.median(decode[name]):8.1f} tokens/s, {np.median(whole[name]):.4f} s",
            flush=True,
        )
    speed = {name: 1 / np.array(values) for name, values in whole.items()}
    answer = {n: ratio(speed["ours"], v) for n, v in speed.items() if n.startswith("transformers")}
    return rows, {"decode": against(decode), "answer": answer}


def measure_together(made, stream, batch, tokens, rounds):
    """Rows by engine, and the ratio."""
    prompts = [list(islice(cycle(stream), 64 * i, 64 * (i + 1))) for i in range(batch)]
    rates = {name: [] for name in made}
    for name in made:
        made[name].together(prompts, 2)
    for _, name in turns(rounds, made, 1):
        rates[name].append(batch * tokens / made[name].together(prompts, tokens))
    for name, values in rates.items():
        print(f"{name:22} {batch} at once: {np.median(values):8.1f} tokens/s")
    return [{"engine": n, "tokens_per_second": interval(v)} for n, v in rates.items()], against(rates)


def measure_solutions(made, problems, others, rounds, longest):
    """Rows by engine (ours plain, with cold and with warm guesses), and ratios; rates are of whole rounds."""
    engine = made["ours"].engine
    warm = Guesses()
    engine.guess, engine.guesses = True, warm
    engine.generate([p.text for p in others], max_tokens=longest)
    ids = [engine.tokenizer.encode_problem(p.text) for p in problems]
    engine.guess = False
    counts = [g.tokens for g in engine.generate([p.text for p in problems], max_tokens=longest)]
    ways = {"ours": None, "ours, guessing, cold": Guesses(), "ours, guessing, warm": warm}
    names = [*ways, *(name for name in PEERS_OF_SOLUTIONS if name in made)]
    seconds, steps = {name: [] for name in names}, dict.fromkeys(names, sum(counts))
    for _, name in turns(rounds, names, 2):
        own = []
        for problem, prompt, count in zip(problems, ids, counts, strict=True):
            if name in ways:
                engine.guess, engine.guesses = ways[name] is not None, copy.deepcopy(ways[name])
                before, start = engine.steps, time.perf_counter()
                engine.generate([problem.text], max_tokens=longest)
                own.append(time.perf_counter() - start)
                steps[name] += (engine.steps - before) / rounds
            else:
                own.append(made[name].write(prompt, count)[2])
        seconds[name].append(own)
    engine.guess = False
    rates = {name: sum(counts) / np.sum(values, 1) for name, values in seconds.items()}
    rows = []
    for name in names:
        each = np.median(seconds[name], 0)
        written = steps[name] - sum(counts) if name in ways else sum(counts)
        rows.append({
            "engine": name, "tokens_per_second": interval(rates[name]), "tokens_per_step": sum(counts) / written,
            "answer_seconds_p50": float(np.median(each)), "answer_seconds_p95": float(np.percentile(each, 95)),
        })  # fmt: skip
        print(f"{name:22} solutions: {np.median(rates[name]):8.1f} tokens/s, {rows[-1]['tokens_per_step']:.2f} a step")
    return rows, against(rates), {"problems": len(problems), "tokens": sum(counts), "other_solutions": len(others)}


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
    result = {
        "benchmark": "peers", "rounds": args.rounds, "threads": args.threads, "tokens": args.tokens,
        "batch": args.batch, "left_out": out, "instructions": engine.info["cpu"], **circumstances(engine.info),
        "contexts": [], "ratios": {"contexts": {}},
    }  # fmt: skip
    solved = measure_solutions(made, drawn[: args.problems], others, args.rounds, 128)
    result["solutions"], result["ratios"]["solutions"], result["solutions_of"] = solved
    together = measure_together(made, stream, args.batch, args.tokens, args.rounds)
    result["together"], result["ratios"]["together"] = together
    write_json(args.json, result)
    for context in (int(c) for c in args.contexts.split(",")):
        rows, result["ratios"]["contexts"][str(context)] = measure_context(
            made, stream, context, args.tokens, args.rounds
        )
        result["contexts"] += rows
        write_json(args.json, result)


if __name__ == "__main__":
    main()
