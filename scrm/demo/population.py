"""Invented customers with hidden interests. Pure: a seed, a chunk and a moment give the same people for ever.

People come in chunks of CHUNK, each with random numbers of its own, so that a million of them stream through little
memory and the first thousand are the same whatever the total.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt

from scrm.demo import people, world

CHUNK = 1000
HISTORY_DAYS = 180
OLDEST_DAYS = 900
DAY = 86_400.0
STAGES = ("single", "couple", "young_family", "school_family", "empty_nest", "senior")
SALES = ("sales1", "sales2", "sales3", "planner")
MARKETING = ("granted", "refused", "none", "withdrawn")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_STAGE_SHARES = (0.21, 0.15, 0.23, 0.19, 0.10, 0.12)
_AGE_RANGES = ((22, 35), (24, 37), (28, 43), (34, 51), (46, 59), (58, 76))
# How likely each stage of life is to be interested in each theme, in the order of data/themes.json.
_INTEREST = np.array(
    [
        [0.02, 0.06, 0.26, 0.26, 0.30, 0.05, 0.02, 0.26, 0.01, 0.14],
        [0.02, 0.55, 0.26, 0.14, 0.26, 0.06, 0.01, 0.34, 0.01, 0.12],
        [0.80, 0.03, 0.06, 0.05, 0.14, 0.08, 0.14, 0.28, 0.04, 0.05],
        [0.55, 0.02, 0.08, 0.10, 0.14, 0.06, 0.58, 0.18, 0.03, 0.16],
        [0.03, 0.04, 0.22, 0.14, 0.22, 0.30, 0.02, 0.12, 0.20, 0.26],
        [0.02, 0.01, 0.14, 0.04, 0.18, 0.42, 0.01, 0.16, 0.75, 0.26],
    ]
)
_MOST_INTERESTS = 3
_HOUSEHOLD_SHARE = 0.12
_WAYS = (1, 3, 10, 16, 0)  # WeCom add_way: QR code, card, mini-program, official account, unknown
_SOURCES = ("小程序", "门店扫码", "小红书", "抖音", "老客推荐", "公众号", "携程包裹卡")
_SOURCE_SHARES = (0.34, 0.14, 0.14, 0.11, 0.15, 0.08, 0.04)


@dataclasses.dataclass(frozen=True)
class Identities:
    """Platform ids and phone numbers, empty where somebody has none."""

    openid: list[str]
    unionid: list[str]
    external_userid: list[str]
    phone: list[str]

    def head(self, size: int) -> "Identities":
        """Those of the first `size` people."""
        return Identities(self.openid[:size], self.unionid[:size], self.external_userid[:size], self.phone[:size])


@dataclasses.dataclass(frozen=True)
class Friendships:
    """Whose WeCom friend each person with an external_userid is: an index into SALES, since when, until when."""

    owner: Ints
    add_way: Ints
    added_at: Floats
    left_at: Floats

    def head(self, size: int) -> "Friendships":
        """Those of the first `size` people."""
        return Friendships(self.owner[:size], self.add_way[:size], self.added_at[:size], self.left_at[:size])


@dataclasses.dataclass(frozen=True)
class Population:
    """One chunk of people, column by column; row i is customer number `start + i` (numbers begin with 0).

    `interests` rows add up to 1 and are the hidden truth; `taste` is the price a day in yuan that suits them; `drive` how
    much they do. Times are seconds since 1970.
    """

    start: int
    stage: Ints
    age: Ints
    female: Flags
    birthday: list[dt.date]
    child_ages: list[list[int]]
    city: list[str]
    name: list[str]
    nickname: list[str]
    household: Ints
    interests: Floats
    taste: Floats
    drive: Floats
    created_at: Floats
    active_from: Floats
    active_until: Floats
    source: list[str]
    knows_name: Flags
    ids: Identities
    friends: Friendships
    marketing: Ints
    profiling: Flags

    def __len__(self) -> int:
        return len(self.stage)

    def head(self, size: int) -> "Population":
        """The first `size` people."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name != "start"}
        cut = {name: value.head(size) if hasattr(value, "head") else value[:size] for name, value in values.items()}
        return Population(start=self.start, **cut)


def generator(seed: int, chunk: int, use: int = 0) -> np.random.Generator:
    """The random numbers of one chunk for one use."""
    return np.random.default_rng([seed, chunk, use])


def make_population(seed: int, chunk: int, at: dt.datetime) -> Population:
    """The people of one chunk as of a moment."""
    rng, start, now = generator(seed, chunk), chunk * CHUNK, at.timestamp()
    stage = rng.choice(len(STAGES), size=CHUNK, p=_STAGE_SHARES).astype(np.int64)
    household = _households(rng, start, stage)
    age, female = _ages(rng, stage), rng.random(CHUNK) < 0.58
    female = np.where(household == np.arange(start, start + CHUNK), female, ~np.roll(female, 1))
    child_ages = _children(rng, stage, household - start)
    full = people.names(rng, female, age)
    interests = _interests(rng, stage, household - start)
    created, first, last = _times(rng, now)
    return Population(
        start=start, stage=stage, age=age, female=female, birthday=_birthdays(rng, age, at.date()), child_ages=child_ages,
        city=_shared(people.cities(rng, CHUNK), household - start), name=full,
        nickname=people.nicknames(rng, full, female, np.array([bool(ages) for ages in child_ages])),
        household=household, interests=interests, taste=_tastes(rng, stage), drive=rng.gamma(0.9, 1.0, CHUNK) + 0.08,
        created_at=created, active_from=first, active_until=last,
        source=[str(word) for word in rng.choice(_SOURCES, size=CHUNK, p=_SOURCE_SHARES)],
        knows_name=rng.random(CHUNK) < 0.72,
        ids=_identities(rng, start),
        friends=_friendships(rng, now, created),
        marketing=rng.choice(len(MARKETING), size=CHUNK, p=(0.80, 0.07, 0.09, 0.04)).astype(np.int64),
        profiling=rng.random(CHUNK) < 0.96,
    )  # fmt: skip


def _households(rng: np.random.Generator, start: int, stage: Ints) -> Ints:
    """The number of each person's household, which is its first member's; some neighbours in the list are couples."""
    household = np.arange(start, start + CHUNK)
    first = np.arange(0, CHUNK - 1, 2)
    first = first[(stage[first] > 0) & (rng.random(len(first)) < _HOUSEHOLD_SHARE * 2)]
    household[first + 1] = household[first]
    stage[first + 1] = stage[first]
    return household


def _shared(values: list[str], leader: Ints) -> list[str]:
    return [values[index] for index in leader]


def _ages(rng: np.random.Generator, stage: Ints) -> Ints:
    low, high = np.array(_AGE_RANGES).T
    return np.asarray(rng.integers(low[stage], high[stage]))


def _birthdays(rng: np.random.Generator, age: Ints, today: dt.date) -> list[dt.date]:
    days = rng.integers(0, 365, size=len(age))
    return [today - dt.timedelta(days=int(years * 365.25 + more)) for years, more in zip(age, days, strict=True)]


def _children(rng: np.random.Generator, stage: Ints, leader: Ints) -> list[list[int]]:
    low, high = np.where(stage == 3, 7, 0), np.where(stage == 3, 15, 7)
    ages, second = rng.integers(low, high, size=(2, CHUNK)), rng.random(CHUNK) < 0.34
    own = [
        sorted({int(ages[0, i]), int(ages[1, i])} if second[i] else {int(ages[0, i])}) if stage[i] in (2, 3) else []
        for i in range(CHUNK)
    ]
    return [own[index] for index in leader]


def _interests(rng: np.random.Generator, stage: Ints, leader: Ints) -> Floats:
    """One to three strong interests each; the members of a household share them, in strengths of their own."""
    odds = _INTEREST[stage]
    score = (rng.random(odds.shape) < odds) * rng.random(odds.shape)
    score[score.max(axis=1) == 0, :] = odds[score.max(axis=1) == 0, :]
    weakest = np.sort(score, axis=1)[:, -_MOST_INTERESTS][:, None]
    strong = (score >= weakest) & (score > 0)
    tied = strong.sum(axis=1) > _MOST_INTERESTS
    strong[tied] = score[tied] == score[tied].max(axis=1)[:, None]
    strong = strong[leader]
    strength = strong * rng.gamma(5.0, 1.0, odds.shape)
    return np.asarray(strength / strength.sum(axis=1)[:, None])


def _tastes(rng: np.random.Generator, stage: Ints) -> Floats:
    usual = np.array([560, 760, 780, 740, 760, 620])[stage]
    return np.asarray(usual * np.exp(rng.normal(0, 0.38, CHUNK)))


def _times(rng: np.random.Generator, now: float) -> tuple[Floats, Floats, Floats]:
    """When each became known, and between which moments of the history they are active."""
    history, is_new = now - HISTORY_DAYS * DAY, rng.random(CHUNK) < 0.42
    long_ago = history - rng.random(CHUNK) ** 1.4 * (OLDEST_DAYS - HISTORY_DAYS) * DAY
    lately = now - (rng.random(CHUNK) ** 1.25 * (HISTORY_DAYS - 1) + 0.05) * DAY
    created = np.minimum(_waking(np.where(is_new, lately, long_ago)), now - 900)
    first = np.maximum(created, history)
    fate = rng.random(CHUNK)  # six in ten stay, the others drift away
    last = np.where(fate < 0.6, now, first + np.maximum(rng.random(CHUNK), 0.02) * (now - first))
    return created, first, last


def _waking(moments: Floats) -> Floats:
    """Nobody scans a code at four in the morning: what falls before eight in Shanghai moves into the day."""
    hour = (moments / 3600 + 8) % 24
    return np.asarray(np.where(hour < 8, moments + (8 + hour * 1.6 - hour) * 3600, moments))


def _identities(rng: np.random.Generator, start: int) -> Identities:
    has = rng.random((4, CHUNK)) < np.array([[0.93], [0.95], [0.70], [0.60]])
    has[0] |= ~has[2]  # nobody without any platform
    values = (
        people.platform_ids(rng, CHUNK, "o", 28),
        people.platform_ids(rng, CHUNK, "oU", 28),
        people.platform_ids(rng, CHUNK, "wm", 32),
        people.phones(rng, range(start, start + CHUNK)),
    )
    kept = ([value if own else "" for value, own in zip(values[i], has[i], strict=True)] for i in range(4))
    return Identities(*kept)


def _friendships(rng: np.random.Generator, now: float, created: Floats) -> Friendships:
    added = np.minimum(_waking(created + rng.exponential(6 * DAY, CHUNK)), now - 600)
    stays = added + (0.1 + rng.random(CHUNK)) * (now - added)
    left = np.where(rng.random(CHUNK) < 0.09, np.minimum(stays, now - 300), np.inf)
    owner = rng.choice(len(SALES), size=CHUNK, p=(0.38, 0.33, 0.22, 0.07)).astype(np.int64)
    ways = np.array(_WAYS)[rng.choice(len(_WAYS), size=CHUNK, p=(0.46, 0.1, 0.26, 0.1, 0.08))]
    return Friendships(owner, ways, added, left)


def interest_names(interests: Floats) -> dict[str, float]:
    """One person's interests by name, strongest first."""
    named = [(theme.name, round(float(share), 3)) for theme, share in zip(world.themes(), interests, strict=True) if share > 0]
    return dict(sorted(named, key=lambda pair: -pair[1]))
