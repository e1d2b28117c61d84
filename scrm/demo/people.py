"""Names, nicknames, cities and platform ids of invented people, drawn from the stock in `data/people.json`."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from scrm.demo import world

Ints = npt.NDArray[np.int64]
ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", dtype=np.uint8)
_AGES = (("young", 36), ("middle", 55), ("senior", 200))
_MOBILE = (
    "133",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "158",
    "159",
    "177",
    "180",
    "181",
    "186",
    "187",
    "188",
    "189",
)


@functools.cache
def stock() -> dict[str, Any]:
    """The stock of names."""
    return dict(world.read("people.json"))


@functools.cache
def _surname_weights() -> npt.NDArray[np.float64]:
    weights = 1 / (np.arange(len(stock()["surnames"])) + 8.0)
    return np.asarray(weights / weights.sum())


def names(rng: np.random.Generator, female: npt.NDArray[np.bool_], ages: Ints) -> list[str]:
    """A full name per person; given names follow sex and age."""
    surnames = stock()["surnames"]
    first = rng.choice(len(surnames), size=len(ages), p=_surname_weights())
    draws = rng.random(len(ages))
    return [
        surnames[index] + _given(bool(sex), int(age), draw)
        for index, sex, age, draw in zip(first, female, ages, draws, strict=True)
    ]


def _given(is_female: bool, age: int, draw: float) -> str:
    band = next(name for name, limit in _AGES if age < limit)
    given: list[str] = stock()[f"{'female' if is_female else 'male'}_{band}"]
    return given[int(draw * len(given))]


def nicknames(
    rng: np.random.Generator, full: list[str], female: npt.NDArray[np.bool_], has_child: npt.NDArray[np.bool_]
) -> list[str]:
    """A WeChat nickname per person: a phrase, the own name, "豆豆妈妈", an English name with a surname, a title."""
    forms = stock()["nickname_forms"]
    weights = np.array(list(forms.values()), dtype=float)
    chosen = rng.choice(list(forms), size=len(full), p=weights / weights.sum())
    draws = rng.random((len(full), 2))
    people = zip(chosen, full, female, has_child, draws, strict=True)
    return [_nickname(str(form), name, bool(sex), bool(child), draw) for form, name, sex, child, draw in people]


def _nickname(form: str, name: str, is_female: bool, has_child: bool, draw: npt.NDArray[np.float64]) -> str:
    data = stock()

    def one(key: str) -> str:
        return str(data[key][int(draw[0] * len(data[key]))])

    if form == "child" and has_child:
        return one("child_names") + (("妈妈", "妈", "麻麻") if is_female else ("爸爸", "爸", "粑粑"))[int(draw[1] * 3)]
    makers = {
        "name": lambda: name,
        "given": lambda: name[1:] if len(name) > 2 else name,
        "latin": lambda: f"{one('latin')} {name[0]}",
    }
    makers["surname_title"] = lambda: name[0] + one("titles")
    makers["city"] = lambda: f"{list(data['cities'])[int(draw[0] * 6)]}{name[0]}{'姐' if is_female else '哥'}"
    return makers.get(form, lambda: one("nicknames"))()


def cities(rng: np.random.Generator, size: int) -> list[str]:
    """Where they live: mostly Hangzhou and its neighbours."""
    weights = np.array(list(stock()["cities"].values()), dtype=float)
    return [str(city) for city in rng.choice(list(stock()["cities"]), size=size, p=weights / weights.sum())]


def platform_ids(rng: np.random.Generator, size: int, prefix: str, length: int) -> list[str]:
    """Ids as WeChat hands them out: a prefix and random letters, `length` characters in all."""
    width = length - len(prefix)
    text = ALPHABET[rng.integers(0, 62, size=(size, width))].tobytes().decode()
    return [prefix + text[start : start + width] for start in range(0, size * width, width)]


def phones(rng: np.random.Generator, numbers: range) -> list[str]:
    """A mobile number each, never two alike: the last eight digits are a permutation of the person's number."""
    heads = rng.integers(0, len(_MOBILE), size=len(numbers))
    return [
        f"{_MOBILE[head]}{(number * 7_654_321 + 10_203_040) % 100_000_000:08d}"
        for head, number in zip(heads, numbers, strict=True)
    ]


def mask(phone: str) -> str:
    """138****5678."""
    return f"{phone[:3]}****{phone[-4:]}"
