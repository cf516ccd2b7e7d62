"""New problems from old ones, each with an answer that was worked out again: other numbers, names, words, order.

A number is changed where it stands once in the text, occurs in the equations and can be nothing else (a result, or a
constant such as 60), and only if no number of the equations may have been worked out from it in the head; all changed
numbers are drawn until every result keeps its sign and needs no more decimals than before. Names become others of the
same kind, words others of the same meaning or sort, sentences that need no other sentence change places, options of a
choice are shuffled. The same seed gives the same problem.
Does not cover paraphrase beyond that, or problems without equations other than choices.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction
from functools import partial

from microreason.mathematics.equations import (
    Number,
    Operation,
    Tree,
    infix,
    literals,
    parse,
    places,
    results,
    value,
    write,
)
from microreason.mathematics.formats import Entry

TRIES, LARGEST = 60, 10**9
_NUMBER = re.compile(r"(?<![A-Za-z\d./,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?%?(?![A-Za-z\d/]|[.:：,]\d)")
_WHOLE = (0, 1, 2, 3, 4, 7, 10, 12, 24, 30, 52, 60, 100, 365, 1000)
_CONSTANTS = {Fraction(n) for n in _WHOLE} | {Fraction(n, 100) for n in (1, 10, 25, 50, 75, 314)}
_FEMALE = (
    "Anna Beth Carla Diana Emily Emma Fiona Grace Hannah Isabel Jane Jessica Julia Karen Kate Laura Lily Lisa Maria "
    "Mary Nina Olivia Rachel Sarah Sophia Susan Tina"
)
_MALE = (
    "Adam Bob Brian Carlos David Eric Ethan Frank George Henry Jack Jake James John Josh Kevin Luke Mark Mike Nathan "
    "Oscar Paul Peter Robert Steve Tim Tom"
)
_CHILDREN = "小明 小红 小华 小丽 小刚 小强 小芳 小军 小英 小东 小亮 小林 小玲 小云"
GROUPS = [group.split() for group in (_FEMALE, _MALE, _CHILDREN)]
"""Names that may stand for each other."""
SYNONYMS = [
    group.split() for group in (
        "千克 公斤", "千米 公里", "apples pears peaches plums", "pencils pens erasers crayons", "dogs cats rabbits",
        "marbles stickers stamps", "苹果 梨子 桃子 桔子 橘子 香蕉 西瓜", "白菜 萝卜 黄瓜 西红柿 茄子 土豆",
        "大米 面粉 玉米 小麦 黄豆", "钢笔 铅笔 圆珠笔 水彩笔", "故事书 科技书 文艺书 连环画 漫画书", "上衣 裤子 裙子",
        "篮球 足球 排球 乒乓球 羽毛球", "杨树 柳树 松树 柏树 槐树", "桃树 梨树 苹果树 杏树", "红花 黄花 白花 紫花",
        "红球 白球 黑球 黄球 蓝球", "桌子 椅子 凳子 柜子", "水泥 黄沙 石子 钢材 化肥", "电视机 洗衣机 电冰箱 空调",
        "公鸡 母鸡 鸭子", "黑兔 白兔 灰兔", "客车 货车 卡车 轿车 小汽车", "服装厂 机械厂 造纸厂 食品厂 家具厂",
        "王老师 李老师 张老师 刘老师", "王师傅 李师傅 张师傅 刘师傅", "王叔叔 李叔叔 张叔叔",
        "爸爸 妈妈 爷爷 奶奶 叔叔", "男生 女生", "男同学 女同学", "一年级 二年级 三年级 四年级 五年级 六年级",
        "北京 上海 广州 南京 武汉", "商店 超市 商场", "合唱队 舞蹈队 美术组 航模组", "甲 乙 丙", "图书馆 图书室",
        "修路队 工程队", "果园 苗圃",
    )
]  # fmt: skip
"""Words of one sort: they may stand for each other, and change places."""
PHRASES = [
    [phrase.replace("_", " ") for phrase in group.split()] for group in (
        "altogether in_total in_all", "一共 总共 共", "剩下的 余下的 其余的", "还剩下 还剩 剩下 还有",
        "购买了 买了 买来 买回 购进", "卖出 售出 卖了 卖掉", "运来 运进 运到", "用去 用了 用掉", "吃了 吃掉",
        "完成 做完", "生产 制造 加工", "平均每 每", "行驶 行", "价格 价钱 单价 售价", "便宜 降低", "原来 原先 本来",
        "原计划 计划 预计", "需要 需 要", "照这样计算 照这样", "如果 要是 假如", "同样 相同", "种了 栽了 植了",
        "开往 驶向", "已经 已", "看了 读了", "修了 修好了", "花了 花去 用了", "平均分成 等分成", "正好 刚好 恰好",
        "每小时 每时", "数学题 应用题", "同学们 学生们", "可以 能", "多少元 多少钱",
    )
]  # fmt: skip
"""Wordings of about one meaning; those of one character are put in, not looked for."""
_FILLER = re.compile("的|了|正好|恰好|那么|已知|现在|某|一批|该|就")
_HAN = re.compile("[\u4e00-\u9fff]")
_PRONOUN = re.compile(r"\b(he|she|it|they|him|his|hers?|its|them|their|then|this|that|these|those)\b", re.I)
_DEPENDENT = re.compile(
    r"\b(he|she|it|they|his|her|hers|him|its|their|them|then|after|also|each|this|that|these|those|more|less|fewer|as"
    r"|other|another|rest|remaining|left|same|both|if|when|next|first|second|third|last|later|how|what|than)\b|\?",
    re.I,
)  # fmt: skip


def _numbers(text: str) -> dict[Fraction, list[re.Match[str]]]:
    """Where each number stands in a text; a percentage counts as its hundredth."""
    found: dict[Fraction, list[re.Match[str]]] = {}
    for match in _NUMBER.finditer(text):
        digits = match[0].rstrip("%").replace(",", "")
        found.setdefault(Fraction(digits) / (100 if match[0][-1] == "%" else 1), []).append(match)
    return found


def _another(written: str, rng: random.Random) -> str:
    """A number about as large, written alike."""
    digits = written.rstrip("%").replace(",", "")
    n = len(digits.partition(".")[2])
    whole = int(digits.replace(".", ""))
    unit = 10 ** (len(str(whole)) - len(str(whole).rstrip("0"))) if whole else 1
    unit = min(unit, max(1, 10 ** (len(str(whole)) - 2)))
    unit = 5 * unit if whole % (5 * unit) == 0 and whole > 9 else unit
    whole = unit * rng.randint(max(2, whole // unit // 2), 2 * whole // unit + 2)
    if written[-1] == "%" and Fraction(digits) < 100:
        whole = min(whole, 10 ** (2 + n) - unit)
    text = str(whole).rjust(n + 1, "0")
    text = f"{text[:-n]}.{text[-n:]}" if n else f"{whole:,}" if "," in written else text
    return text + "%" * (written[-1] == "%")


def _replaced(tree: Tree, new: dict[Fraction, Fraction]) -> Tree:
    if isinstance(tree, Operation):
        return Operation(tree.sign, _replaced(tree.left, new), _replaced(tree.right, new))
    return Number(new[tree.value], tree.form) if tree.value in new else tree


def _leaves(tree: Tree) -> set[Fraction]:
    return {number.value for number in literals(tree)}


def _made_from(constant: Fraction, v: Fraction, others: set[Fraction]) -> bool:
    """Whether a constant may be the result of one operation on a number of the text."""
    around = (others - {v}) | {Fraction(n) for n in (2, 3, 4, 5, 10)}
    return constant != 1 and any(
        constant in (v + x, abs(v - x), v * x, v / x if x else None, x / v if v else None) for x in around
    )


def _alike(old: list[Fraction], new: list[Fraction]) -> bool:
    """Whether results keep their signs, need no more decimals, and stay of one size."""
    for a, b in zip(old, new, strict=True):
        before, after = places(a), places(b)
        if (a > 0) != (b > 0) or (a < 0) != (b < 0) or (before is not None and (after is None or after > before)):
            return False
        if before is None and b.denominator > 100:
            return False
    return True


def change_numbers(entry: Entry, rng: random.Random) -> Entry | None:
    """The problem with other numbers, or None where none can be changed safely."""
    trees = [parse(equation) for equation in entry.equations]
    at = _numbers(entry.question)
    used = set().union(*map(_leaves, trees))
    if any(v > LARGEST for v in (*at, *used)):
        return None
    totals: list[Fraction] = []
    for tree in trees:
        if set(totals) & _leaves(tree) & (set(at) | _CONSTANTS):
            return None  # a number of the text, or a result? nobody can tell
        totals.append(value(tree))
    given = used - set(at) - set(totals)  # constants, and what was worked out in the head
    if given - _CONSTANTS:
        return None
    free = [
        v for v, where in at.items()
        if len(where) == 1 and v in used and v not in _CONSTANTS and not 1800 <= v <= 2100 and v not in totals[:-1]
        and not any(_made_from(c, v, set(at)) for c in given)
    ]  # fmt: skip
    old = [result for tree in trees for result in results(tree)]
    for _ in range(TRIES if free else 0):
        texts = {v: _another(at[v][0][0], rng) for v in free}
        new = {v: next(iter(_numbers(text))) for v, text in texts.items()}
        if len({*new.values()} | (set(at) - set(free))) < len(at):
            continue  # two numbers of the text have become the same
        changed = []
        try:
            for tree, total in zip(trees, totals, strict=True):
                changed.append(_replaced(tree, new))
                new.setdefault(total, value(changed[-1]))
        except ZeroDivisionError:
            continue
        if not _alike(old, [result for tree in changed for result in results(tree)]):
            continue
        question, end = entry.question, 0
        pieces = []
        for v in sorted(free, key=lambda v: at[v][0].start()):
            pieces += [question[end : at[v][0].start()], texts[v]]
            end = at[v][0].end()
        answer = write(value(changed[-1]), _form(entry.answer))
        equations = tuple(infix(tree) for tree in changed)
        return replace(entry, question="".join([*pieces, question[end:]]), equations=equations, answer=answer)
    return None


def _solved(tree: Tree, unknown: Fraction, result: Tree) -> Tree:
    """What the one literal `unknown` of a tree is if the tree has a result."""
    if isinstance(tree, Number):
        return result
    sign, left, right = tree.sign, tree.left, tree.right
    if unknown in _leaves(left):
        return _solved(left, unknown, Operation({"+": "-", "-": "+", "*": "/", "/": "*"}[sign], result, right))
    if sign in "+*":
        return _solved(right, unknown, Operation("-" if sign == "+" else "/", result, left))
    return _solved(right, unknown, Operation(sign, left, result))


def reverse(entry: Entry, rng: random.Random) -> Entry | None:
    """The problem that gives the answer and asks for a given number (Liu et al. 2021, RODA), or None where that is not
    possible: of a Chinese question with one 多少 and one equation. The clause that asks may go to the end."""
    question = entry.question
    if len(entry.equations) != 1 or question.count("多少") != 1 or not re.fullmatch(r"\d+(?:\.\d+)?", entry.answer):
        return None
    tree, at, answer = parse(entry.equations[0]), _numbers(question), Fraction(entry.answer)
    used = [number.value for number in literals(tree)]
    free = [
        v for v, where in at.items() if len(where) == 1 and used.count(v) == 1 and v > 0 and where[0][0][-1] != "%"
    ]  # fmt: skip
    if not free or answer in at or answer <= 0:
        return None
    unknown = rng.choice(free)
    number = at[unknown][0]
    solved = _solved(tree, unknown, Number(answer))
    before, after = question[: number.start()], question[number.end() :]
    question = "\0".join([before.replace("多少", entry.answer), after.replace("多少", entry.answer)])
    clauses = re.split("(?<=[，．])", question.rstrip("？．=?"))
    asks = next(clause for clause in clauses if "\0" in clause)
    if rng.random() < 0.5 and asks != clauses[-1]:
        clauses.remove(asks)
        clauses += ["，", asks.rstrip("，．")]
    question = "".join(clauses).replace("\0", "多少") + "？"
    return replace(entry, question=question, equations=(infix(solved),), answer=write(unknown))


def _form(answer: str) -> str:
    return "percent" if answer.endswith("%") else "fraction" if "/" in answer else "decimal"


def _pattern(word: str) -> str:
    return rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)


def _look_up(words: dict[str, str], match: re.Match[str]) -> str:
    return words[match[0]]


def change_words(entry: Entry, groups: list[list[str]], rng: random.Random, swap: bool = False) -> Entry:
    """Words of a group that occur become others of it that do not, with `swap` also each other; only where one word of
    a group is no part of another word of the text."""
    question = entry.question
    for group in groups:
        here = [word for word in group if re.search(_pattern(word), question)]
        if any(word != other and word in other for word in here for other in here):
            continue
        free = [w for w in group if (w in here and swap) or not any(w in h or h in w for h in here)]
        rng.shuffle(free)
        new = dict(zip(here, free, strict=False))
        if new:
            whole = "|".join(map(_pattern, new))
            question = re.sub(whole, partial(_look_up, new), question)
    return replace(entry, question=question)


def change_phrases(entry: Entry, rng: random.Random) -> Entry:
    """Half of the wordings that have others become one of them; some words without content are left out, and of other
    Chinese characters now and then one (random deletion, Wei and Zou 2019, section 2)."""
    question = entry.question
    for group in PHRASES:
        if rng.random() < 0.5:
            wording = "|".join(map(_pattern, (phrase for phrase in group if len(phrase) > 1)))
            question = re.sub(wording, rng.choice(group), question)
    question = _FILLER.sub(lambda word: word[0] * (rng.random() > 0.15), question)
    return replace(entry, question=_HAN.sub(lambda character: character[0] * (rng.random() > 0.03), question))


def change_order(entry: Entry, rng: random.Random) -> Entry:
    """Two neighbouring sentences change places where both begin with a name and refer to nothing before them."""
    sentences = re.split(r"(?<=\.) +(?=[A-Z])", entry.question)
    names = {name for group in GROUPS for name in group}
    free = [s.split()[0] in names and not _DEPENDENT.search(s) and bool(re.search(r"\d", s)) for s in sentences]
    pairs = [
        i for i in range(len(sentences) - 1)
        if free[i] and free[i + 1] and sentences[i].split()[0] != sentences[i + 1].split()[0]
        and not any(_PRONOUN.search(s) for s in sentences[i + 2 :])
    ]  # fmt: skip
    if not pairs:
        return entry
    i = rng.choice(pairs)
    sentences[i], sentences[i + 1] = sentences[i + 1], sentences[i]
    return replace(entry, question=" ".join(sentences))


def shuffle_options(entry: Entry, rng: random.Random) -> Entry | None:
    """The options of a choice in another order, the answer's letter following."""
    question, *options = entry.question.split("\n")
    letters = [option[:1] for option in options]
    if len(options) < 2 or letters != list("ABCDEFG"[: len(options)]) or entry.answer not in letters:
        return None
    if any(re.search(r"\b[A-G]\b|above|以上|都", option[2:]) for option in options):
        return None  # an option that speaks of the others
    if any(re.search(r"\(\s*[A-G]\s*\)|\\text\s*\{[^}]*\b[A-G]\b", line) for line in entry.lines):
        return None  # a solution that names a letter
    order = list(range(len(options)))
    rng.shuffle(order)
    lines = [f"{letter}.{options[i][2:]}" for letter, i in zip(letters, order, strict=True)]
    answer = letters[order.index(letters.index(entry.answer))]
    return replace(entry, question="\n".join([question, *lines]), answer=answer)


def rewrite(entry: Entry, seed: int, number: int) -> Entry | None:
    """Variant `number` of a problem, or None where it cannot be changed. Its id is the old one with `#number`."""
    rng = random.Random(f"{seed}/{entry.id}/{number}")
    if entry.kind == "choice":
        new = shuffle_options(entry, rng)
    elif not entry.equations:
        new = None
    else:
        new = change_numbers(entry, rng) or entry
        if rng.random() < 0.35:
            new = reverse(new, rng) or new
        new = change_words(new, GROUPS, rng)
        if rng.random() < 0.7:
            new = change_words(new, SYNONYMS, rng, swap=True)
        if rng.random() < 0.5:
            new = change_phrases(new, rng)
        if rng.random() < 0.5:
            new = change_order(new, rng)
    return None if new is None or new.question == entry.question else replace(new, id=f"{entry.id}#{number}")
