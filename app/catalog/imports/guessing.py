"""Which producer and which department a file of another shop probably means, by their names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.imports.terms import Asked, Terms
from app.catalog.models import Category
from app.catalog.search import fold
from app.kernel.tenancy import in_language
from app.producers.models import Producer


@dataclass(frozen=True)
class Offered:
    """What can be chosen: pairs of (slug, name); and what names mean, folded."""

    producers: Sequence[tuple[str, str]]
    categories: Sequence[tuple[str, str]]
    makers: Mapping[str, str]
    departments: Mapping[str, str]

    def producer(self, vendor: str) -> str:
        """A slug, or "" for no idea."""
        return self.makers.get(fold(vendor), "")

    def category(self, name: str) -> str:
        """By the whole of "Oli > Extravergine", or its parts from the last on."""
        parts = [name, *reversed(name.split(">"))]
        return next((slug for part in parts if (slug := self.departments.get(fold(part), ""))), "")


async def offered(db: AsyncSession, locale: str) -> Offered:
    makers = list(await db.execute(select(Producer.slug, Producer.name).order_by(Producer.name)))
    kinds = list(await db.execute(select(Category.slug, Category.name).order_by(Category.position, Category.id)))
    return Offered(
        producers=[(slug, name) for slug, name in makers],
        categories=[(slug, in_language(names, locale)) for slug, names in kinds],
        makers=_by_name((slug, (slug, name)) for slug, name in makers),
        departments=_by_name((slug, (slug, *names.values())) for slug, names in kinds),
    )


def _by_name(pairs: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for slug, names in pairs:
        for name in names:
            found.setdefault(fold(name), slug)
    return found


def guessed(
    asked: Asked, there: Offered, terms: Terms, *, producer: str = "", category: str = "", rate: str = ""
) -> Terms:
    """What was chosen, then what names tell, then the same for all the rest."""
    return Terms(
        producer=terms.producer,
        vendors={name: terms.vendors.get(name) or there.producer(name) or producer for name in asked.vendors},
        categories={name: terms.categories.get(name) or there.category(name) or category for name in asked.categories},
        rates={name: terms.rates.get(name) or rate for name in asked.categories},
    )
