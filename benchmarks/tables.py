"""Writes every figure of README.md, the model card and docs/ from the JSON files under benchmarks/results.

A block begins with `<!-- table: NAME -->` and ends with `<!-- end -->`; what stands between is replaced. Those of
docs/results.md, and its picture, are made by results_page.py, those of docs/routing.md by routing_tables.py.

    python benchmarks/tables.py            # rewrite the blocks and draw the picture
    python benchmarks/tables.py --check    # fail where a block is out of date
"""

import argparse
import re
import sys

import repair as repairs
import results_page
import routing_tables
from figures import RESULTS, ROOT, between, have, load, percent, scored, spread

from microreason.evaluation.reasoning_gym import summarise
from microreason.weights_file import describe, read_weights

WEIGHTS = ROOT / "microreason" / "weights"
FILES = [
    ROOT / "README.md", WEIGHTS / "README.md", WEIGHTS / "8m" / "README.md", WEIGHTS / "mathematics" / "README.md",
    WEIGHTS / "mistakes" / "README.md",
    ROOT / "docs" / "tasks.md", ROOT / "docs" / "results.md", ROOT / "docs" / "routing.md",
]  # fmt: skip
LEVELS = {"hard, seed 45": "hard-45", "hard, unseen seed 20261123": "hard-20261123", "easy, seed 45": "easy-45"}


def only(result, tasks):
    """A result as if these tasks alone had been measured."""
    keys = {key: result[key] for key in ("level", "seed", "size", "mode")}
    return summarise([q for q in result["questions"] if q["task"] in tasks], **keys)


def summary(of="", weights=None):
    """The tasks that the weights were trained on, and all, where all were measured."""
    trained = set(describe(weights)["origin"]["tasks"])
    rows = [
        f"| reasoning-gym | questions | MicroReason {'8M' if of else '27M'} | Claude 3.5 Sonnet | DeepSeek-R1 | "
        "o3-mini | tasks ahead of Claude / R1 |",
        "|---|---|---|---|---|---|---|",
    ]
    for title, name in LEVELS.items():
        if not have(name + of):
            rows.append(f"| {title} | not measured yet | | | | | |")
            continue
        whole = load(name + of)
        shown = {"": whole}
        if set(whole["tasks"]) - trained:
            shown = {", tasks it was trained on": only(whole, trained), ", all published tasks": whole}
        for which, result in shown.items():
            versus = result["comparison"]
            theirs = [percent(versus[s]["theirs"]) for s in ("claude", "r1", "o3_mini")]
            rows.append(
                f"| {title}{which} | {len(result['questions'])} | {spread(result)} | {' | '.join(theirs)} | "
                f"{versus['claude']['ahead']} / {versus['r1']['ahead']} of {versus['claude']['tasks']} |"
            )
    return rows


def tasks(of=""):
    hard, fresh, easy = (load(n + of)["tasks"] if have(n + of) else {} for n in LEVELS.values())
    rows = [
        "| task | hard | 95 % interval | unseen seed | easy | "
        "Claude 3.5 Sonnet, hard | DeepSeek-R1, hard | o3-mini, hard |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in hard.items():
        interval = " to ".join(percent(v) for v in row["interval"])
        ours = [row["score"], *(other.get(name, {}).get("score") for other in (fresh, easy))]
        cells = [name, percent(ours[0]), interval, *map(percent, ours[1:])]
        cells += [percent(row[system]) for system in ("claude", "r1", "o3_mini")]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def small():
    """The 8M model beside the 27M one."""
    (large, _), (config, _) = read_weights(), read_weights("8m")
    rows = [
        "| | 27M | 8M | 8M against 27M |",
        "|---|---|---|---|",
        f"| parameters | {large.parameters():,} | {config.parameters():,} | |",
        f"| int8 file, MB | {describe()['bytes'] / 1e6:.1f} | {describe('8m')['bytes'] / 1e6:.1f} | |",
    ]
    for title, name in LEVELS.items():
        if not have(name + "-8m"):
            rows.append(f"| {title} | | not measured yet | |")
            continue
        a, b = load(name), load(name + "-8m")
        both = set(a["tasks"]) & set(b["tasks"])
        a, b = only(a, both), only(b, both)
        rows.append(f"| {title}, {len(both)} tasks | {spread(a)} | {spread(b)} | {share(b['mean'], a['mean'])} |")
    a, b = load("bench"), load("bench-8m")
    for title, key in (("median", "p50"), ("p95", "p95")):
        times = [f"{r['answer_seconds'][key]:.3f}" for r in (a, b)]
        faster = a["answer_seconds"][key] / b["answer_seconds"][key]
        rows.append(f"| seconds to an answer, {title} | {' | '.join(times)} | {faster:.1f}× faster |")
    for one, other in zip(a["speeds"], b["speeds"], strict=True):
        rates = [r["decode"] for r in (one, other)]
        rows.append(
            f"| writing at {one['context']:,} tokens of context, tokens/s | {rates[0]:,.0f} | {rates[1]:,.0f} | "
            f"{rates[1] / rates[0]:.1f}× |"
        )
    rows += ["", f"Times on {a['threads']} cores ({a['hardware']['cpu']}), {a['date'][:10]}, commit {a['commit']}."]
    return rows


def origin_facts(weights=None):
    """Size and training of some weights."""
    about, (config, _) = describe(weights), read_weights(weights)
    runs = [about["origin"]]
    while runs[-1].get("start"):
        runs.append(runs[-1]["start"])
    tokens, minutes = (sum(run[key] for run in runs) for key in ("tokens", "training_minutes"))
    recipes = ", then ".join(f"`{run['recipe']}`" for run in reversed(runs))
    return [
        f"- Parameters: {config.parameters():,}; int8 file: {about['bytes'] / 1e6:.1f} MB; "
        f"SHA-256 `{about['sha256'][:16]}…`.",
        f"- Training: {tokens:,} tokens in {minutes:.0f} minutes of wall-clock on at most 2 processor cores, to "
        f"{runs[0]['date']}, recipe {recipes}.",
    ]


def facts(of="", weights=None):
    hard = load("hard-45" + of)
    explain = hard["explainability"]
    low = sum(row["score"] < 0.05 for row in hard["tasks"].values())
    silent = sum(question["answer"] is None for question in hard["questions"])
    lines = [
        *origin_facts(weights),
        f"- Sound steps among checkable ones on solved hard problems: {percent(explain['soundness'])} %; "
        f"share of their steps that a checker can judge: {percent(explain['coverage'])} %.",
        f"- Hard level: {low} of {len(hard['tasks'])} tasks below 5 %; {silent:,} of {len(hard['questions']):,} "
        "solutions gave no answer.",
        f"- Figures of {hard['date'][:10]}, commit {hard['commit']}, {hard['hardware']['cpu']}, at most "
        f"{hard['max_tokens']} tokens a solution.",
    ]
    if not of and have("hard-45-assisted"):
        helped = {level: load(f"{level}-45-assisted") for level in ("hard", "easy")}
        lines.append(
            f"- Assisted, as `solve` decodes, seed 45: {', '.join(f'{k} {spread(v)}' for k, v in helped.items())} "
            f"({helped['hard']['date'][:10]}, commit {helped['hard']['commit']}, at most "
            f"{helped['hard']['max_tokens']} tokens a solution)."
        )
    if have("int8-loss" + of):
        loss = load("int8-loss" + of)
        lines.append(
            f"- Lost by int8, hard level: {percent(loss['lost'])} points (float32 {percent(loss['float32'])}, "
            f"int8 {percent(loss['int8'])}, n={loss['n']}; weights of {loss['date'][:10]}, commit {loss['commit']})."
        )
    if not of and have("training_speed"):
        speed = load("training_speed")
        found = "; ".join(
            f"{s['ratio']:.2f}× ({s['interval'][0]:.2f} to {s['interval'][1]:.2f}) at {s['tokens_per_step']:,} tokens "
            f"a step, {s['median']['ours']:,.0f} tokens/s"
            for s in speed["settings"]
        )
        lines.append(
            f"- Training throughput against transformers' Trainer, equal shape, rows of {speed['tokens_per_row']}, "
            f"2 cores ({speed['hardware']['cpu']}): {found}."
        )
    if not of:
        lines += [edge_speed(load(name)) for name in ("peers", "peers-amx") if have(name)]
    return lines


def edge_speed(peers):
    contexts, together = peers["ratios"]["contexts"], peers["ratios"]["together"]
    others = sorted({row["engine"] for row in peers["contexts"]} - {"ours"})
    answers = []
    for name in others:
        faster = [(c, of["answer"][name]["median"]) for c, of in contexts.items() if name in of["answer"]]
        if faster:
            answers.append(f"{name} " + ", ".join(f"{median:.1f}× at {context}" for context, median in faster))
    decoding = ", ".join(f"{of['decode']['ours']['median']:.1f}× at {context}" for context, of in contexts.items())
    return (
        f"- Writing one solution on {peers['threads']} cores ({peers['hardware']['cpu']}, {peers['instructions']}) "
        f"beside the fastest of {len(others)} set-ups of other engines with the same weights ({', '.join(others)}), by "
        f"tokens of context: {decoding}. Reading it and writing {peers.get('answer', peers['tokens'])} tokens: "
        f"{'; '.join(answers)}. {peers['batch']} at once: {together['ours']['median']:.2f}× the fastest. "
        f"({peers['rounds']} rounds, {peers['date'][:10]}, commit {peers['commit']}.)"
    )


MATHEMATICS = {
    "gsm8k": "GSM8K, training part", "math23k": "Math23K, training part", "ape210k": "Ape210K, validation part",
    "mawps": "MAWPS and ASDiv-A", "saxton-interpolation": "Saxton, interpolation",
    "saxton-extrapolation": "Saxton, extrapolation", "math": "MATH, training part",
    "tal-en": "TAL-SCQ5K, English, training part", "tal-zh": "TAL-SCQ5K, Chinese, training part",
}  # fmt: skip


def mathematics():
    """The mathematics model on questions kept out of its training."""
    rows = ["| questions kept out of | number | plain | plain, vote of 16 | assisted |", "|---|---|---|---|---|"]
    for name, title in MATHEMATICS.items():
        ways = [load(f"{name}-mathematics{way}") if have(f"{name}-mathematics{way}") else None
                for way in ("", "-votes", "-assisted")]  # fmt: skip
        cells = ["–" if r is None else scored(r) for r in ways]
        rows.append(f"| {title} | {ways[0]['n']} | {' | '.join(cells)} |")
    proofs = load("setmm-mathematics")
    found = [load(path.stem) for path in sorted(RESULTS.glob("*-mathematics*.json"))]
    commits = ", ".join(dict.fromkeys(result["commit"] for result in sorted(found, key=lambda r: r["date"])))
    orders = ", ".join(f"{name} {scored(r)}" for name, r in proofs["rows"].items())
    rows += [
        "",
        f"Percent, with 95 % intervals. Held-out propositional theorems of set.mm proven and verified, % of "
        f"{proofs['size']}, at most {proofs['budget']['nodes']} goals each, by what orders the steps: {orders}. "
        f"({proofs['date'][:10]}, commits {commits}, {proofs['hardware']['cpu']}.)",
    ]
    if have("adapters"):
        adapters = load("adapters")
        each = "; ".join(
            f"{MATHEMATICS[name]} {scored(row['adapter'])} after "
            f"{row['tokens'] / 1e6:.1f}M tokens, this model {percent(row['model']['score'])}"
            for name, row in adapters["sets"].items()
        )
        rows += [
            "",
            f"Instead of one model for all sets, the 8M base with an adapter for each, at most 1 MB and "
            f"{adapters['settings']['minutes']:g} minutes of one core: {each}. ({adapters['date'][:10]}, commit "
            f"{adapters['commit']}.)",
        ]
    return rows


def mistakes():
    """The mistakes model on problems kept out of its training, and on BIG-Bench-Mistake beside others."""
    own, other = load("mistakes"), load("bigbench-mistake")
    rows = ["| solutions | number | first wrong step exact | right answer after it is shown |", "|---|---|---|---|"]
    for kind, row in own["tasks"].items():
        rows.append(f"| held out, {kind} | {row['n']} | {scored(row)} | {scored(row['corrected'])} |")
    rows.append(f"| held out, mean of kinds | {own['n']} | {scored(own)} | {scored(own['corrected'])} |")
    for kind, row in other["tasks"].items():
        rows.append(f"| BIG-Bench-Mistake, {kind.replace('_', ' ')} | {row['n']} | {scored(row)} | – |")
    rows.append(f"| BIG-Bench-Mistake, mean of these | {other['n']} | {scored(other)} | – |")
    published = ", ".join(
        f"{name} {percent(ways['whole trace'])} or {percent(ways['step by step'])}"
        for name, ways in other["published"].items()
    )
    rows += [
        "",
        f"Percent, with 95 % intervals, plain greedy. Published means of all five kinds of BIG-Bench-Mistake, whole "
        f"solutions shown or step by step: {published}. Step checkers alone, no network: {scored(other['checkers'])} "
        f"of these, {scored(own['checkers'])} of the held-out ones. Solutions without a mistake that the network calls "
        f"right: {scored(other['without_mistake'])} of these, {scored(own['without_mistake'])} of the held-out ones. "
        f"({own['date'][:10]}, commit {own['commit']}, {own['hardware']['cpu']}.)",
    ]
    repair, ranked = load("repair"), load("repair-network")
    same = {(q["task"], q["slip"]) for q in ranked["questions"]}
    by_prior = repairs.summarise([q for q in repair["questions"] if (q["task"], q["slip"]) in same])
    rows += [
        "",
        f"Slips put into functions of {repair['packages']} held-out packages, {repair['bugs']} bugs, candidates ranked "
        f"by the {repair['ranked_by']}: the first passes in {percent(repair['first'])} %, one of ten in "
        f"{percent(repair['within_10'])} %, one of {repair['candidates']} in {percent(repair['repaired'])} %; "
        f"{repair['median_seconds']:.2f} s at the median. Ranked by this network and the prior, on {by_prior['bugs']} "
        f"of them: first {percent(ranked['first'])} %, within ten {percent(ranked['within_10'])} %; by the prior alone "
        f"{percent(by_prior['first'])} and {percent(by_prior['within_10'])} %. "
        f"({repair['date'][:10]}, commit {repair['commit']}.)",
    ]
    return rows


def share(part, whole):
    return f"{percent(part / whole)} %" if whole else "–"


def experts():
    if not have("tasks"):
        return ["Not measured yet."]
    rows = [
        "| task | category | expert's score, easy / hard | steps | tokens of a problem | tokens of a solution "
        "(95 %) | steps with a checker | mistakes found | with the due line | notes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, task in load("tasks")["tasks"].items():
        cells = [task[level] for level in ("easy", "hard")]
        pairs = [
            [f"{c['score']:.3f}" for c in cells], [f"{c['steps']:.0f}" for c in cells],
            [f"{c['problem_tokens']['median']:.0f}" for c in cells],
            [f"{c['solution_tokens']['median']:.0f} ({c['solution_tokens']['p95']:.0f})" for c in cells],
            [share(c["coverage"], 1) for c in cells],
            [share(sum(c["found"].values()), sum(c["corrupted"].values())) for c in cells],
            [share(sum(c["found_due"].values()), sum(c["corrupted"].values())) for c in cells],
        ]  # fmt: skip
        notes = ["unexplained"] * task["unexplained"] + ["rules, not gold"] * (not task["exact"])
        row = [name, task["category"], *(" / ".join(pair) for pair in pairs), ", ".join(notes)]
        rows.append(f"| {' | '.join(row)} |")
    return rows


def expert_facts():
    if not have("tasks"):
        return ["Not measured yet."]
    result = load("tasks")
    s, n = result["summary"], result["size"]
    kinds = ", ".join(f"{kind} {percent(share)} %" for kind, share in s["found_by_kind"].items())
    lines = [
        f"- Tasks with an expert: {s['tasks']}, {s['explained']} of them not marked `unexplained`; experts graded 0.99 "
        f"or better on at least 99 % of {n} fresh problems at each level: {s['solved']}.",
        f"- Steps with a checker, mean over tasks: {percent(s['coverage'])} %; of those, judged unsound (false "
        f"alarms): {s['false_alarms']} of {s['sound'] + s['false_alarms']:,}.",
        f"- Corrupted steps found, where the step has a checker: {percent(s['found_due'] / s['corrupted'])} % of "
        f"{s['corrupted']:,} where a determined path's next line is known too (that compares with the expert's path); "
        f"{percent(s['found'] / s['corrupted'])} % by the checkers alone ({kinds}).",
        f"- Longer than 1,500 tokens (easy) or 6,000 (hard) at the 95 % point: {', '.join(s['too_long']) or 'none'}.",
        f"- Problems of seed {result['seed']}; {result['date'][:10]}, commit {result['commit']}.",
    ]
    if have("supply"):
        supply = load("supply")
        lines.append(
            f"- Supply, {supply['workers']} processes on {supply['hardware']['cores']} cores, all tasks: "
            f"{supply['solution_tokens_per_second']:,.0f} solution tokens/s, {supply['ratio']:.1f} times what the "
            "trainer eats on the same machine."
        )
    return lines


def trials():
    """What was tried on the way and is not in the released weights, each with its date and commit."""
    lines = []

    def told(result, sentence):
        lines.append(f"- {sentence} ({result['date'][:10]}, commit {result['commit']}, {result['hardware']['cpu']}.)")

    if have("self-evolution-credit"):
        result = load("self-evolution-credit")
        settings, table = result["settings"], result["table"]

        def gained(way):
            return "; ".join(
                f"{name} {percent(table['before'][key]['correctness'])} → {percent(table[way][key]['correctness'])} % "
                f"(gain {between(table[way][gain])})"
                for name, key, gain in (
                    ("greedy", "means", "gained_correctness"),
                    ("drawn", "drawn_means", "drawn_gained_correctness"),
                )
            )

        told(
            result,
            f"Stage 3 from an 8M model, {settings['steps']} steps of {settings['problems'] * settings['group']} "
            f"solutions on one core, {len(settings['tasks'].split(','))} tasks × {settings['trial']} unseen problems: "
            f"{gained('normalise then sum')}. With the sum of the parts normalised: {gained('sum then normalise')}. "
            f"As long of stage 2 instead: {gained('stage 2 continued')}.",
        )
    if have("rollouts"):
        result = load("rollouts")
        told(
            result,
            f"Solutions drawn a second for it against TRL's GRPO trainer: {result['ratios']['drawing']:.1f}×, whole "
            f"steps {result['ratios']['whole step']:.1f}×.",
        )
    if have("contrast-8m"):
        result = load("contrast-8m")
        head, n = result["summary"]["head"], result["runs"][0]["head"]["broken_paths"]
        told(
            result,
            f"Step head on the 8M model: {percent(min(head['exact']))} to {percent(max(head['exact']))} % of first "
            f"wrong steps exact in {n} broken paths of its {len(result['runs'][0]['correctness'])} tasks "
            f"({len(head['exact'])} seeds), AUC at least {min(head['auc']):.3f}.",
        )
    if have("transfer"):
        result = load("transfer")
        rows = [
            f"`{name}` {percent(row['before']['hard']['score'])} → {percent(row['after']['hard']['score'])} % hard, "
            f"{percent(row['before']['easy']['score'])} → {percent(row['after']['easy']['score'])} % easy"
            for name, row in result["tasks"].items()
        ]
        told(
            result,
            f"Tasks that the 8M model has not learnt, as they are and after {result['settings']['minutes']:g} minutes "
            f"of an adapter on one core, {result['settings']['size']} questions each: {'; '.join(rows)}.",
        )
    return lines or ["Not measured yet."]


BLOCKS = {
    "summary": summary,
    "trials": trials,
    "tasks": tasks,
    "facts": facts,
    "experts": experts,
    "expert_facts": expert_facts,
}
BLOCKS |= {
    "small": small,
    "summary_8m": lambda: summary("-8m", "8m"),
    "tasks_8m": lambda: tasks("-8m"),
    "facts_8m": lambda: facts("-8m", "8m"),
    "facts_mathematics": lambda: origin_facts("mathematics"),
    "mathematics": mathematics,
    "facts_mistakes": lambda: origin_facts("mistakes"),
    "mistakes": mistakes,
}
BLOCKS |= results_page.BLOCKS | routing_tables.BLOCKS


def fill(text):
    def block(match):
        return f"<!-- table: {match[1]} -->\n" + "\n".join(BLOCKS[match[1]]()) + "\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", block, text, flags=re.S)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for path in FILES:
        old = path.read_text("utf-8")
        new = fill(old)
        if new != old:
            stale.append(path.name)
            if not check:
                path.write_text(new, "utf-8")
    if not check:
        results_page.draw(ROOT / "docs" / "results.svg")
    if check and stale:
        sys.exit(f"Out of date: {', '.join(stale)}; run python benchmarks/tables.py.")


if __name__ == "__main__":
    main()
