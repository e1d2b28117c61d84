"""What invented customers do in the mini-program: sessions full of noise, driven by interests nobody sees.

One look in four goes to what is popular, whatever the person likes; one session in seven is for somebody else. The rest
follows the interests, the price that suits the person and the season two months ahead. That is what a tag rule has to
see through.
"""

import dataclasses
import datetime as dt
import functools

import numpy as np

from core.clock import SHANGHAI
from scrm.demo import world
from scrm.demo.population import DAY, HISTORY_DAYS, Flags, Floats, Ints, Population

KINDS = (
    "app.opened", "product.viewed", "destination.viewed", "product.searched", "content.viewed", "product.favorited",
    "page.viewed", "advisor.asked", "product.shared", "brief.started", "quote.opened", "product.unfavorited", "checkout.started",
)  # fmt: skip
KIND = {name: index for index, name in enumerate(KINDS)}
_SHARES = np.array([0.0, 0.600, 0.100, 0.085, 0.070, 0.055, 0.030, 0.022, 0.018, 0.008, 0.007, 0.005, 0.0])
_DEEP = np.isin(
    np.arange(len(KINDS)), [KIND[n] for n in ("product.favorited", "advisor.asked", "product.shared", "quote.opened")]
)
_CHECKOUT_SHARE = 0.021
_SESSION_LENGTH = 5.0
_HOURS = np.array([6, 3, 1, 1, 1, 2, 6, 14, 22, 28, 30, 32, 46, 40, 30, 28, 28, 30, 36, 48, 66, 74, 58, 26], dtype=float)
_EAGERNESS = 4.2  # how strongly interests outweigh popularity
_POPULAR_LOOKS, _FOREIGN_SESSIONS, _FOCUS = 0.25, 0.15, 0.40
_PRICE_TOLERANCE = 0.55


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """Events of one chunk, column by column, by person and then by time. -1 where a kind has no such property.

    `person` counts from the chunk's start, `at` is seconds since 1970, `product` and `place` are indexes into the
    world's products and destinations, `word` into `search_words()`.
    """

    person: Ints
    at: Floats
    kind: Ints
    product: Ints
    place: Ints
    word: Ints

    def __len__(self) -> int:
        return len(self.person)

    def of(self, rows: Flags | Ints) -> "Behaviour":
        """Some of the events."""
        return Behaviour(*(getattr(self, field.name)[rows] for field in dataclasses.fields(self)))


@functools.cache
def theme_matrix() -> Floats:
    """How much of each theme is in each product: 1 for the first theme it names, 0.75 for the others."""
    names = [theme.name for theme in world.themes()]
    matrix = np.zeros((len(world.products()), len(names)))
    for row, product in enumerate(world.products()):
        for place, theme in enumerate(product.themes):
            matrix[row, names.index(theme)] = 1.0 if place == 0 else 0.75
    return matrix


@functools.cache
def place_of_product() -> Ints:
    """The destination's index of each product."""
    codes = [place.code for place in world.destinations()]
    return np.array([codes.index(product.destination) for product in world.products()])


@functools.cache
def search_words() -> tuple[str, ...]:
    """Everything people type into the search box, theme by theme."""
    return tuple(word for theme in world.themes() for word in theme.words)


@functools.cache
def popularity() -> Floats:
    """How much each product is looked at whatever one's interests: a share of all looks."""
    weights = np.array([product.popularity for product in world.products()], dtype=float) ** 1.3
    return np.asarray(weights / weights.sum())


@functools.cache
def season() -> Floats:
    """Demand by month of the look (row 0 is January) and product: people look up to two months ahead."""
    demand = np.array([place.demand for place in world.destinations()], dtype=float)
    demand /= demand.mean(axis=1)[:, None]
    ahead = 0.35 * demand + 0.4 * np.roll(demand, -1, axis=1) + 0.25 * np.roll(demand, -2, axis=1)
    return np.asarray(ahead.T[:, place_of_product()])


def appeal(people: Population) -> Floats:
    """How much each product draws each person, season aside: popularity x interests x a price that suits."""
    liking = np.exp(_EAGERNESS * people.interests @ theme_matrix().T)
    daily = np.array([product.adult / product.days for product in world.products()])
    distance = (np.log(daily)[None, :] - np.log(people.taste)[:, None]) / _PRICE_TOLERANCE
    return np.asarray(popularity()[None, :] * liking * np.exp(-0.5 * distance**2))


def make_behaviour(people: Population, rng: np.random.Generator, at: dt.datetime, per_person: float) -> Behaviour:
    """What a chunk's people did until `at`: exactly round(per_person x people) events."""
    total, size = round(per_person * len(people)), len(people)
    chance = people.drive * np.sqrt((people.active_until - people.active_from) / (HISTORY_DAYS * DAY) + 0.02)
    chance *= np.array([bool(openid) for openid in people.ids.openid])  # only who has the mini-program
    count = rng.multinomial(total, chance / chance.sum())
    person = np.repeat(np.arange(size), count)
    session, owner = _sessions(rng, person, count)
    start = _session_starts(rng, people, owner, at)
    order = np.lexsort((rng.random(total), start[session], person))
    session = session[order]
    place = _place_in_session(session)
    kind = _kinds(rng, people, person, place)
    moment = _moments(rng, start[session], place, at)
    product = _products(rng, people, owner, start, session, kind)
    return _finished(rng, people, person, moment, kind, product)


def _sessions(rng: np.random.Generator, person: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Each event's session, and each session's person."""
    number = np.maximum(1, np.round(count / _SESSION_LENGTH)).astype(np.int64)
    offset = np.concatenate([[0], np.cumsum(number)[:-1]])
    session = offset[person] + (rng.random(len(person)) * number[person]).astype(np.int64)
    return session, np.repeat(np.arange(len(count)), number)


def _session_starts(rng: np.random.Generator, people: Population, owner: Ints, at: dt.datetime) -> Floats:
    """When each session begins: more at weekends and lately, at the hours of the day people look at their phones."""
    today = dt.datetime.combine(at.astimezone(SHANGHAI).date(), dt.time(), tzinfo=SHANGHAI)
    days = np.array([(today - dt.timedelta(days=back)).timestamp() for back in range(HISTORY_DAYS, -1, -1)])
    weekday = ((days + 8 * 3600) // DAY + 3) % 7
    weight = np.array([1.0, 0.95, 0.95, 1.0, 1.1, 1.3, 1.35])[weekday.astype(int)] * np.linspace(0.85, 1.15, len(days))
    edges = np.concatenate([[0], np.cumsum(weight)])
    low, high = (
        np.interp(moment[owner], np.append(days, days[-1] + DAY), edges) for moment in (people.active_from, people.active_until)
    )
    day = np.searchsorted(edges, low + (high - low) * rng.random(len(owner)), side="right") - 1
    hour = rng.choice(24, size=len(owner), p=_HOURS / _HOURS.sum()) + rng.random(len(owner))
    start = days[np.clip(day, 0, len(days) - 1)] + hour * 3600
    first, last = people.active_from[owner] + 60, np.maximum(people.active_until[owner] - 1800, people.active_from[owner] + 120)
    spread = first + (last - first) * rng.random(len(owner))
    return np.where((start < first) | (start > last), spread, start)


def _place_in_session(session: Ints) -> Ints:
    starts = np.flatnonzero(np.concatenate([[True], session[1:] != session[:-1]]))
    lengths = np.diff(np.append(starts, len(session)))
    return np.asarray(np.arange(len(session)) - np.repeat(starts, lengths))


def _kinds(rng: np.random.Generator, people: Population, person: Ints, place: Ints) -> Ints:
    kind = rng.choice(len(KINDS), size=len(person), p=_SHARES / _SHARES.sum())
    keen = _CHECKOUT_SHARE * people.drive / people.drive.mean() * (0.4 + 0.6 * (people.active_until > people.active_until.mean()))
    buys = (kind == KIND["product.viewed"]) & (place > 1) & (rng.random(len(person)) < np.clip(keen[person], 0, 0.12))
    kind[buys] = KIND["checkout.started"]
    kind[place == 0] = KIND["app.opened"]
    return np.asarray(kind)


def _moments(rng: np.random.Generator, start: Floats, place: Ints, at: dt.datetime) -> Floats:
    gaps = np.where(place == 0, 0.0, np.minimum(rng.exponential(48.0, len(start)) + 3, 600))
    run = np.cumsum(gaps)
    base = np.where(place == 0, run, 0)
    np.maximum.accumulate(base, out=base)
    latest = at.timestamp() - 30
    return np.asarray(np.minimum(start + run - base, latest))


def _products(rng: np.random.Generator, people: Population, owner: Ints, start: Floats, session: Ints, kind: Ints) -> Ints:
    """The product each event is about: the session's own subject, another that draws the person, or what is popular."""
    month = (start.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12).astype(np.int64)
    pull, plain = appeal(people), popularity()
    foreign = rng.random(len(owner)) < _FOREIGN_SESSIONS
    focus = _draw(rng, np.where(foreign[:, None], plain[None, :], pull[owner]) * season()[month])
    likes = ~foreign[session] & (rng.random(len(session)) >= _POPULAR_LOOKS)
    other = _draw(rng, np.where(likes[:, None], pull[owner[session]], plain[None, :]) * season()[month[session]])
    stays = rng.random(len(session)) < np.where(_DEEP[kind] | (kind == KIND["checkout.started"]), 0.85, _FOCUS)
    return np.where(stays, focus[session], other)


def _draw(rng: np.random.Generator, weights: Floats) -> Ints:
    """One column per row, with the row's weights."""
    edges = np.cumsum(weights, axis=1)
    return np.asarray((edges < (rng.random(len(edges)) * edges[:, -1])[:, None]).sum(axis=1))


def _finished(rng: np.random.Generator, people: Population, person: Ints, at: Floats, kind: Ints, product: Ints) -> Behaviour:
    """Which properties each kind has: a product, a destination, or search words."""
    bare = np.isin(
        kind, [KIND[name] for name in ("app.opened", "page.viewed", "product.searched", "brief.started", "content.viewed")]
    )
    seen = kind == KIND["destination.viewed"]
    told = seen | np.isin(kind, [KIND["brief.started"], KIND["content.viewed"]])
    words = np.where(kind == KIND["product.searched"], _words(rng, people, person, product), -1)
    return Behaviour(person, at, kind, np.where(bare | seen, -1, product), np.where(told, place_of_product()[product], -1), words)


def _words(rng: np.random.Generator, people: Population, person: Ints, product: Ints) -> Ints:
    """What was typed: mostly a word of a theme the person likes, else one of the theme of what they were looking at."""
    sizes = np.array([len(theme.words) for theme in world.themes()])
    offset = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    own = _draw(rng, people.interests[person] + 0.015)
    shown = theme_matrix().argmax(axis=1)[product]
    theme = np.where(rng.random(len(person)) < 0.75, own, shown)
    return np.asarray(offset[theme] + (rng.random(len(person)) * sizes[theme]).astype(np.int64))
