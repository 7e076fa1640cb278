"""Reviews as pages show them: plain values in the reader's language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from app.catalog.views import Picture
from app.community.reviews import moderation, voices, writing
from app.community.reviews.models import Review, ReviewReport
from app.community.reviews.queries import PAGE, SORTS, STARS, Named
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.tenancy import in_language

STATES = {
    "pending": (_l("Da leggere"), "warm"),
    "published": (_l("Pubblicata"), "good"),
    "refused": (_l("Non pubblicata"), "bad"),
    "withdrawn": (_l("Ritirata"), "plain"),
}
LIKED = {
    1: _l("Non mi è piaciuto"),
    2: _l("Mi aspettavo di più"),
    3: _l("Così così"),
    4: _l("Buono"),
    5: _l("Ottimo"),
}


@dataclass(frozen=True)
class Photo:
    id: int
    picture: Picture


@dataclass(frozen=True)
class Answer:
    who: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Shown:
    """A published review. signed: "Cliente" for one without a name. locale: in which it was written."""

    id: int
    rating: int
    title: str
    text: str
    signed: str
    locale: str
    at: datetime
    helpful: int
    photos: Sequence[Photo]
    answer: Answer | None


@dataclass(frozen=True)
class Score:
    """average: as the reader writes it, e.g. "4,6". rows: (stars, how many), the most stars first."""

    count: int
    average: str
    rounded: int
    rows: Sequence[tuple[int, int]]


def score(count: int, total: int, rows: Sequence[tuple[int, int]] = ()) -> Score:
    """count: at least one; total: of their stars."""
    mean = Decimal(total) / count
    return Score(
        count=count,
        average=formats.number(mean.quantize(Decimal("0.1"), ROUND_HALF_UP), current_locale()),
        rounded=int(mean.quantize(Decimal(1), ROUND_HALF_UP)),
        rows=rows,
    )


def score_of(row: Any) -> Score:
    """From a row of queries.published or queries.spread, with at least one review."""
    rows = [(stars, int(getattr(row, f"stars_{stars}"))) for stars in STARS]
    return score(sum(n for _stars, n in rows), sum(stars * n for stars, n in rows), rows)


def shown(rows: Iterable[Any]) -> list[Shown]:
    """Of queries.published: rows of one review follow each other, one per picture."""
    return [_shown(list(of_one)) for _id, of_one in groupby(rows, key=lambda row: row.id)]


def _shown(rows: Sequence[Any]) -> Shown:
    first = rows[0]
    name = signed(first.signed)
    return Shown(
        id=first.id,
        rating=first.rating,
        title=first.title,
        text=first.text,
        signed=name,
        locale=first.locale,
        at=first.published_at,
        helpful=first.helpful,
        photos=[photo(row, name) for row in rows if row.photo_id is not None],
        answer=Answer(first.producer_name, first.answer, first.answered_at) if first.answer else None,
    )


def signed(name: str) -> str:
    return name or _("Cliente")


def photo(row: Any, name: str) -> Photo:
    """row: with the columns of queries.PHOTO. name: of who took it."""
    alt = _("Foto di %(name)s", name=name)
    return Photo(row.photo_id, Picture(row.key, alt, row.width, row.height, row.color, ""))


@dataclass(frozen=True)
class Mine:
    """A review as its author sees it. why: it was not published, in two sentences."""

    state: str
    rating: int
    title: str
    text: str
    signed: str
    locale: str
    photos: Sequence[Photo]
    why: Sequence[str]
    may_edit: bool
    until: datetime


def mine(review: Review, photos: Sequence[Any], now: datetime) -> Mine:
    name = signed(review.signed)
    refused = review.state == "refused" and review.reason is not None
    return Mine(
        state=review.state,
        rating=review.rating,
        title=review.title,
        text=review.text,
        signed=name,
        locale=review.locale,
        photos=[photo(row, name) for row in photos],
        why=[reason(review.reason), review.reason_text] if refused else [],
        may_edit=writing.may_edit(review, now),
        until=review.created_at + writing.EDITABLE,
    )


def reason(code: str | None) -> str:
    """A reason for a refusal, or for a report, in words."""
    known = {**voices.REPORT_REASONS, **moderation.REASONS}
    return str(known[code]) if code in known else ""


@dataclass(frozen=True)
class Report:
    why: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Judged:
    """A review as staff and its producer see it. number: of the whole group of orders; order_number: of the parcel."""

    id: int
    revision: int
    state: str
    rating: int
    title: str
    text: str
    signed: str
    buyer: str
    locale: str
    at: datetime
    delivered_at: datetime
    helpful: int
    product: str
    url: str
    producer: str
    number: str
    order_number: str
    answer: str
    why: Sequence[str]
    photos: Sequence[Photo]
    reports: Sequence[Report]


def judged(row: Any, photos: Sequence[Any], reports: Sequence[ReviewReport] = ()) -> Judged:
    """row: of desk_queries."""
    review: Review = row.Review
    name = signed(review.signed)
    return Judged(
        id=review.id,
        revision=review.revision,
        state=review.state,
        rating=review.rating,
        title=review.title,
        text=review.text,
        signed=name,
        buyer=row.buyer,
        locale=review.locale,
        at=review.changed_at,
        delivered_at=review.delivered_at,
        helpful=review.helpful,
        product=in_language(row.names, current_locale()),
        url=f"/prodotti/{row.slug}",
        producer=row.producer_name,
        number=row.number,
        order_number=row.order_number,
        answer=row.answer or "",
        why=[reason(review.reason), review.reason_text] if review.reason else [],
        photos=[photo(picture, name) for picture in photos],
        reports=[Report(reason(report.reason), report.text, report.at) for report in reports],
    )


@dataclass(frozen=True)
class Reviews:
    """A page of a product's reviews. url: of this list, ending in ? or &; sorts: (key, name).

    stars: of which alone these are, None for all. count: of those. all_url: of the list in this order, with all stars;
    by_stars: the same, so that 5 can follow.
    """

    name: str
    product_url: str
    score: Score | None
    reviews: Sequence[Shown]
    page: int
    pages: int
    sort: str
    sorts: Sequence[tuple[str, str]]
    path: str
    url: str
    stars: int | None
    count: int
    all_url: str
    by_stars: str


def sorts() -> list[tuple[str, str]]:
    return [("recenti", _("Le più recenti")), ("utili", _("Le più utili")), ("basse", _("Le meno contente"))]


def name_of(names: Mapping[str, str]) -> str:
    return in_language(names, current_locale())


@dataclass(frozen=True)
class Wanted:
    """What somebody asked of a list of reviews. sort: of queries.SORTS; stars: None for all."""

    sort: str
    page: int
    stars: int | None


def reviews(named: Named, rows: Sequence[Any], score: Score | None, wanted: Wanted, path: str) -> Reviews:
    """path: with the language's prefix. score: none while there are no reviews."""
    in_order = [] if wanted.sort == SORTS[0] else [("ordine", wanted.sort)]
    of_stars = [] if wanted.stars is None else [("stelle", str(wanted.stars))]
    count = counted(score, wanted.stars)
    return Reviews(
        name=name_of(named.names),
        product_url=f"/prodotti/{named.slug}",
        score=score,
        reviews=shown(rows),
        page=wanted.page,
        pages=pages_of(count),
        sort=wanted.sort,
        sorts=sorts(),
        path=path,
        url=_going_on(path, [*of_stars, *in_order]),
        stars=wanted.stars,
        count=count,
        all_url=path + (f"?{urlencode(in_order)}" if in_order else ""),
        by_stars=f"{_going_on(path, in_order)}stelle=",
    )


def counted(score: Score | None, stars: int | None) -> int:
    """How many reviews there are with so many stars; None: of all."""
    if score is None:
        return 0
    return score.count if stars is None else dict(score.rows)[stars]


def pages_of(count: int) -> int:
    return max(1, -(-count // PAGE))


def _going_on(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}&" if pairs else f"{path}?"
