"""Train the model of messaging/understanding/acts from CrossWOZ's delexicalised customer sentences (Apache-2.0).

    python scripts/train_acts.py --data ../shared/data/crosswoz --out messaging/understanding/data

Reads user_templates.json.gz ({acts joined by "*": [sentence with [placeholders]]}) and the three databases for values;
writes acts.crfsuite and acts.npz. Deterministic under --seed.
"""

import argparse
import gzip
import json
import random
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pycrfsuite
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from messaging.understanding.acts.features import BUCKETS, buckets, character_features, tidy
from messaging.understanding.acts.labels import RATINGS, SPAN_LABELS, mask_of

PLACEHOLDER = re.compile(r"\[([^\[\]]*)\]")
SCORES = [
    ("4.5分以上", 60),
    ("4分以上", 20),
    ("5分", 20),
    ("4.5分", 3),
    ("4.5以上", 4),
    ("4分", 2),
    ("3.5分以上", 1),
    ("4以上", 1),
]
PER_HEAD = [("50-100元", 36), ("100-150元", 36), ("150-500元", 14), ("500-1000元", 7), ("1000元以上", 4), ("50元以下", 4)]
TICKETS = [
    ("20-50元", 20),
    ("100-150元", 20),
    ("50-100元", 14),
    ("150-200元", 14),
    ("200元以上", 12),
    ("20元以下", 12),
    ("不免费", 7),
]
PRICES = [(f"{low}-{low + 100}元", 10) for low in range(100, 1000, 100)] + [("1000元以上", 12), ("100元以下", 2)]
FREE = [("免费", 30), ("免票", 2), ("不要钱", 1), ("不收费", 1), ("不收门票", 1), ("不要票", 1)]
TYPES = [("经济型", 35), ("高档型", 28), ("舒适型", 25), ("豪华型", 13), ("高档", 1), ("豪华", 1), ("经济", 1), ("舒适", 1)]


class Values:
    """Draws surface forms of values, mostly as the database writes them, sometimes as people do."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.rng = rng
        rows = {name: json.loads((folder / f"{name}_db.json").read_text()) for name in ("attraction", "hotel", "restaurant")}
        self.names: dict[str, list[str]] = {
            "景点": [name for name, _ in rows["attraction"]],
            "酒店": [name for name, _ in rows["hotel"]],
            "餐馆": [name for name, _ in rows["restaurant"]],
        }
        self.dishes: list[str] = sorted({dish for _, row in rows["restaurant"] for dish in row["推荐菜"] or []})
        self.facilities: list[str] = sorted({item for _, row in rows["hotel"] for item in row["酒店设施"] or [] if item.strip()})
        self.durations: list[str] = [row["游玩时间"] for _, row in rows["attraction"] if row["游玩时间"]]

    def draw(self, act: str) -> str:
        """A value for a placeholder such as Inform+餐馆+推荐菜."""
        _, domain, slot, *rest = act.split("+")
        if slot == "名称":
            return self.rng.choice(self.names[domain])
        if slot in ("出发地", "目的地"):
            return self.rng.choice(self.names[self.rng.choice(list(self.names))])
        if slot == "推荐菜":
            return self.rng.choice(self.dishes)
        if slot == "酒店设施":
            return self._facility()
        if slot == "游玩时间":
            return self._range(self.rng.choice(self.durations))
        if slot == "门票" and rest:
            return self._pick(FREE)
        return self._range(
            self._pick({"评分": SCORES, "人均消费": PER_HEAD, "门票": TICKETS, "价格": PRICES, "酒店类型": TYPES}[slot])
        )

    def _pick(self, weighted: list[tuple[str, int]]) -> str:
        return self.rng.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]

    def _facility(self) -> str:
        value = self.rng.choice(self.facilities)
        if self.rng.random() < 0.15:
            value = re.sub("服务$|提供(?=wifi)", "", value)
        return value

    def _range(self, value: str) -> str:
        """The ways people write a range: 100-150元, 100 - 150元, 100到150元, 2、3小时."""
        value = value.replace("分以上", "以上") if self.rng.random() < 0.04 else value
        if "-" not in value:
            return value.replace("以下", self.rng.choice(["以下", "以下", "以下", "以内", "之内"]))
        low, high = (part.strip() for part in value.split("-"))
        roll = self.rng.random()
        if roll < 0.72:
            return value
        joiner = self.rng.choice(["到", "至", "~", "—", "-", " - ", "-"])
        if roll > 0.86:
            low = re.sub(r"(小时|天)$", "", low) if low[-1] == high[-1] else low
        elif roll > 0.82 and high.endswith("元"):
            low += "元"
        elif roll > 0.8 and high.endswith("元"):
            high = high[:-1]
        return f"{low}{joiner}{high}"


def examples(folder: Path, rng: random.Random, rounds: int) -> list[tuple[str, list[str], list[str]]]:
    """(tidy text, label of each character, sentence acts) for each template, filled `rounds` times."""
    values = Values(folder, rng)
    templates: dict[str, list[str]] = json.loads(gzip.decompress((folder / "user_templates.json.gz").read_bytes()))
    found = []
    for key, sentences in templates.items():
        acts = [act for act in key.split("*") if act]
        keyed = {span_label(act) for act in acts} - {None}
        whole = sorted({act for act in acts if span_label(act) is None or act in RATINGS})
        for sentence in sentences:
            for _ in range(rounds):
                text, labels = fill(sentence, keyed, values)
                found.append((tidy(text), labels, whole))
    return found


def span_label(act: str) -> str | None:
    """The span label of an act that carries a value in the text, or None."""
    intent, domain, slot, *_ = act.split("+")
    label = f"{intent}+{domain}+{slot}"
    return label if label in SPAN_LABELS else None


def fill(sentence: str, keyed: set[str | None], values: Values) -> tuple[str, list[str]]:
    """A template with its placeholders filled, and BIO labels by character."""
    text, last = "", 0
    labels: list[str] = []
    for match in PLACEHOLDER.finditer(sentence):
        plain = sentence[last : match.start()]
        text, labels = text + plain, labels + ["O"] * len(plain)
        act = re.sub(r"\d+$", "", match.group(1))
        label = span_label(act)
        # "酒吧" is a facility and a restaurant's name; the templates took it for the name where the acts speak of a facility.
        if label not in keyed and label == "Inform+餐馆+名称":
            label = next((other for other in sorted(filter(None, keyed)) if "酒店设施" in other), None)
            value = "酒吧"
        else:
            value = values.draw(act)
        text += value
        labels += [f"B-{label}", *[f"I-{label}"] * (len(value) - 1)] if label else ["O"] * len(value)
        last = match.end()
    rest = sentence[last:]
    return text + rest, labels + ["O"] * len(rest)


def masked(text: str, labels: list[str]) -> str:
    """The text with each labelled value replaced by its mask."""
    return "".join(
        mask_of(label[2:]) if label[0] == "B" else char for char, label in zip(text, labels, strict=True) if label[0] != "I"
    )


def train_crf(data: list[tuple[str, list[str], list[str]]], path: Path, rng: random.Random, rounds: int) -> None:
    """Sentences without a value are plenty: a third of them is enough."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {"c1": 0.1, "c2": 0.01, "max_iterations": rounds, "feature.minfreq": 2, "feature.possible_transitions": False}
    )
    for text, labels, _ in data:
        if any(label != "O" for label in labels) or rng.random() < 0.33:
            trainer.append(character_features(text), labels)
    trainer.train(str(path))


def train_sentences(data: list[tuple[str, list[str], list[str]]], path: Path, floor: int, c: float) -> None:
    """One linear SVM for each act without a value that occurs `floor` times; weights scaled to int8."""
    count: dict[str, int] = defaultdict(int)
    for _, _, acts in data:
        for act in acts:
            count[act] += 1
    names = sorted(name for name, times in count.items() if times >= floor)
    rows = [buckets(masked(text, labels)) for text, labels, _ in data]
    indptr = np.cumsum([0, *[len(row) for row in rows]])
    table = csr_matrix((np.ones(indptr[-1], dtype=np.float64), np.concatenate(rows), indptr), shape=(len(rows), BUCKETS))
    weights, bias, scale = np.zeros((BUCKETS, len(names)), dtype=np.int8), np.zeros(len(names)), np.zeros(len(names))
    for column, name in enumerate(names):
        wanted = np.fromiter((name in acts for _, _, acts in data), dtype=bool, count=len(data))
        model = LinearSVC(C=c, max_iter=400, random_state=0).fit(table, wanted)
        scale[column] = np.abs(model.coef_).max() / 127
        weights[:, column] = np.round(model.coef_[0] / scale[column]).astype(np.int8)
        bias[column] = float(model.intercept_[0])
    np.savez_compressed(
        path, weights=weights, bias=bias.astype(np.float32), scale=scale.astype(np.float32), names=np.array(names)
    )


def main(arguments: Any = None) -> None:
    """Build both parts of the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/crosswoz"))
    parser.add_argument("--out", type=Path, default=Path("messaging/understanding/data"))
    parser.add_argument("--rounds", type=int, default=1, help="fillings of each template")
    parser.add_argument("--iterations", type=int, default=90)
    parser.add_argument("--floor", type=int, default=15, help="acts with fewer examples are left out")
    parser.add_argument("--c", type=float, default=0.1, help="the linear models' inverse regularisation")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", choices=["crf", "sentences"])
    options = parser.parse_args(arguments)
    rng = random.Random(options.seed)  # noqa: S311 — training data, not secrets
    data = examples(options.data, rng, options.rounds)
    if options.only != "sentences":
        train_crf(data, options.out / "acts.crfsuite", rng, options.iterations)
    if options.only != "crf":
        train_sentences(data, options.out / "acts.npz", options.floor, options.c)


if __name__ == "__main__":
    main()
