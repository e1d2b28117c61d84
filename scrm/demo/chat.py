"""What invented customers say to the advisor they are friends with: mostly what betrays an interest, sometimes not."""

import functools

import numpy as np

from scrm.demo import world
from scrm.demo.population import Population

_SENTENCES = 1.6  # a friend's usual number of messages that we know
_TELLING = 0.72


@functools.cache
def _of_theme() -> dict[str, tuple[world.Sentence, ...]]:
    names = ["", *(theme.name for theme in world.themes())]
    return {name: tuple(entry for entry in world.sentences() if entry.theme == name) for name in names}


def make_chats(people: Population, rng: np.random.Generator) -> list[list[world.Sentence]]:
    """The sentences of each person, in order; nothing from those who are nobody's friend."""
    count = rng.poisson(_SENTENCES, len(people))
    return [_said(people, i, int(count[i]), rng) if people.ids.external_userid[i] else [] for i in range(len(people))]


def _said(people: Population, index: int, count: int, rng: np.random.Generator) -> list[world.Sentence]:
    names, shares = [theme.name for theme in world.themes()], people.interests[index]
    chosen: list[world.Sentence] = []
    for _ in range(count):
        theme = str(rng.choice(names, p=shares)) if rng.random() < _TELLING else ""
        stock = _of_theme()[theme]
        chosen.append(stock[int(rng.integers(len(stock)))])
    return list(dict.fromkeys(chosen))
