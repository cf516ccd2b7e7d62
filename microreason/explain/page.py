"""An explanation as one HTML page: no resource from elsewhere, well-formed as XML too, all text escaped.

Above, each step with what it read: pointing at a step, or reaching it with the keyboard, shades the tokens by its
attention. Below, what each layer and head kept. Shades are of one blue under black text (contrast above 7 to 1), and
what is dropped is struck through as well, so nothing is told by colour alone. Without scripts the steps still name
what they read most, and the tokens still show how many heads kept them.
Does not cover the numbers (reading.py) or a picture (picture.py).
"""

from __future__ import annotations

import json
from html import escape

import numpy as np

from microreason.display import MARKS, harmless
from microreason.explain.reading import DROPPED, Explanation

_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #000; background: #fff; margin: 1.5rem auto; max-width: 76rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.state { border-left: .4rem solid #005ab5; padding-left: .7rem; font-weight: 600; }
.columns { display: grid; grid-template-columns: minmax(16rem, 2fr) 3fr; gap: 1.5rem; align-items: start; }
.tokens { font: 14px/1.9 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid #767676; padding: .7rem; position: sticky; top: .5rem; max-height: 92vh; overflow: auto; }
.tokens span { border-radius: 2px; } .tokens .marker { color: #595959; font-size: 11px; }
.tokens .own { outline: 2px solid #000; } .tokens .dropped { text-decoration: line-through; color: #595959; }
.tokens .fixed { border-bottom: 2px solid #000; } .tokens .near { border-bottom: 2px dotted #000; }
ol { padding-left: 1.6rem; } li { margin-bottom: .5rem; } .most { display: block; font-size: 13px; color: #404040; }
button { font: 14px/1.5 ui-monospace, monospace; text-align: left; background: #fff; color: #000;
  border: 1px solid #767676; border-radius: 3px; padding: .15rem .5rem; cursor: pointer; overflow-wrap: anywhere; }
button[aria-pressed="true"] { background: #005ab5; color: #fff; } button:focus-visible { outline: 3px solid #dc3220; }
table { border-collapse: collapse; } th, td { padding: .15rem .4rem; text-align: right; font-size: 14px; }
@media (max-width: 50rem) { .columns { display: block; } .tokens { position: static; } }
"""
# No "less than" and no ampersand below: the page then parses as XML.
_SCRIPT = """
const data = JSON.parse(document.getElementById("data").textContent);
const all = name => Array.from(document.querySelectorAll(name));
const blue = share => "rgba(0, 90, 181, " + (0.5 * share).toFixed(3) + ")";
const press = (buttons, chosen) => buttons.forEach(b => b.setAttribute("aria-pressed", String(b === chosen)));
const steps = all("[data-part]"), heads = all("[data-head]");
const reading = all("#reading [data-i]"), keeping = all("#keeping [data-i]");
function showPart(button) {
  press(steps, button);
  const part = data.parts[Number(button.dataset.part)], most = Math.max(...part.reads, 1);
  reading.forEach((token, i) => {
    token.style.background = blue(part.reads[i] / most);
    token.title = (part.reads[i] / 100).toFixed(2) + " % of this step's attention";
    token.classList.toggle("own", i >= part.from ? part.to > i : false);
  });
}
const words = ["kept: gate open", "kept: fixed", "gate shut, still in the window", "dropped"];
function showHead(button) {
  press(heads, button);
  const states = button.dataset.head === "all" ? null : data.states[Number(button.dataset.head)];
  keeping.forEach((token, i) => {
    const state = states ? Number(states[i]) : null;
    token.style.background = blue(states ? (state === 3 ? 0 : 1) : data.held[i]);
    token.title = states ? words[state] : "held by " + (100 * data.held[i]).toFixed(0) + " % of layers and heads";
    token.classList.toggle("dropped", states ? state === 3 : data.held[i] === 0);
    token.classList.toggle("fixed", state === 1);
    token.classList.toggle("near", state === 2);
  });
}
steps.forEach(b => ["mouseenter", "focus", "click"].forEach(e => b.addEventListener(e, () => showPart(b))));
heads.forEach(b => ["focus", "click"].forEach(e => b.addEventListener(e, () => showHead(b))));
if (steps.length) showPart(steps[0]);
showHead(heads[0]);
"""


def page(explanation: Explanation) -> str:
    """The whole page as text."""
    e = explanation
    held = (e.states != DROPPED).mean((0, 1))  # [T]: share of layers and heads that hold the token
    answer = "–" if e.solution.answer is None else _text(e.solution.answer)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<title>What MicroReason read and kept</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>What MicroReason read and kept</h1>
<p class="state">{_text(e.sentence())}</p>
<p>Answer: <strong>{answer}</strong>{"" if e.solution.complete else " (broke off)"}. Mode: {_text(e.mode)}.
{len(e.tokens)} tokens, {e.prompt} of them the problem; {e.states.shape[0]} layers with {e.states.shape[1]} key-value
heads each; window {e.window}.</p>
<h2>What each step read</h2>
<p>Point at a step, or go to it with the Tab key: the darker a token, the more attention it got while the step was
written (mean over all layers, heads and tokens of the step; the darkest is the most read). The step's own tokens are
framed. Attention says what was read, not why.</p>
<div class="columns">
<ol>
{_steps(e)}
</ol>
<div class="tokens" id="reading">{_tokens(e, None)}</div>
</div>
<h2>What was kept</h2>
<p>Each button is a layer and key-value head with the share of tokens that it holds at the end of the text. Shaded:
kept; underlined: kept although its gate is shut (the first tokens and pinned ones); dotted: its gate is shut, but it
has not left the window; struck through: dropped. For all heads together the shade is the share of them that hold the
token.</p>
<div class="columns">
<div>
{_heads(e)}
</div>
<div class="tokens" id="keeping">{_tokens(e, held)}</div>
</div>
<script type="application/json" id="data">{_data(e, held)}</script>
<script>{_SCRIPT}</script>
</body>
</html>
"""


def _text(text: str) -> str:
    """Escaped, with control characters written out (they may not stand in a page)."""
    return escape(harmless(text))


def _steps(e: Explanation) -> str:
    lines = []
    for number, part in enumerate(e.parts):
        mark = MARKS[part.verdict][0] + " " if part.verdict else ""
        most = ", ".join(f"“{_text(e.tokens[i].strip())}” {100 * share:.1f} %" for i, share in e.most_read(number))
        lines.append(
            f'<li><button type="button" data-part="{number}" aria-pressed="false">{mark}{_text(part.label)}</button>'
            f'<span class="most">read most before it: {most or "–"}</span></li>'
        )
    return "\n".join(lines)


def _tokens(e: Explanation, held: np.ndarray | None) -> str:
    """The tokens in a row, shaded by `held` [T] where it is given."""
    out = []
    for i, token in enumerate(e.tokens):
        kind = ' class="marker"' if token.startswith("<|") else ""
        shade = "" if held is None else f' style="background: rgba(0, 90, 181, {0.5 * held[i]:.3f})"'
        shown = _text(token).replace("\n", "↵\n")
        out.append(f'<span data-i="{i}"{kind}{shade}>{shown}</span>')
    return "".join(out)


def _heads(e: Explanation) -> str:
    heads = e.states.shape[1]
    names = "".join(f'<th scope="col">head {head + 1}</th>' for head in range(heads))
    rows = ['<p><button type="button" data-head="all" aria-pressed="true">all layers and heads</button></p>', "<table>"]
    rows.append(f"<tr><th></th>{names}</tr>")
    for layer, counts in enumerate(e.held()):
        cells = "".join(
            f'<td><button type="button" data-head="{layer * heads + head}" aria-pressed="false">'
            f"{100 * count / len(e.tokens):.0f} %</button></td>"
            for head, count in enumerate(counts)
        )
        rows.append(f'<tr><th scope="row">layer {layer + 1}</th>{cells}</tr>')
    return "\n".join([*rows, "</table>"])


def _data(e: Explanation, held: np.ndarray) -> str:
    """What the script reads, as JSON in which no character could end the element."""
    values = {
        "parts": [
            {"from": part.start, "to": part.stop, "reads": (10_000 * reads).round().astype(int).tolist()}
            for part, reads in zip(e.parts, e.reads, strict=True)
        ],
        "states": ["".join(map(str, row)) for row in e.states.reshape(-1, e.states.shape[-1]).tolist()],
        "held": held.round(4).tolist(),
    }
    text = json.dumps(values, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
