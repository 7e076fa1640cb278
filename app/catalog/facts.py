"""What the gate is told of a product, its variants and its seller; and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.catalog.classes import ProductClass
from app.catalog.search import folded
from app.kernel.i18n import SOURCE_LOCALE


@dataclass(frozen=True)
class Missing:
    """Something that keeps a product from being sold. rule: a row of law.md; field: the input that mends it."""

    rule: str
    sentence: str
    field: str


@dataclass(frozen=True)
class VariantFacts:
    net_amount: int
    net_unit: str  # g | ml | piece
    drained_amount: int | None = None


@dataclass(frozen=True)
class CertificateFacts:
    """mark: DOP, IGP, … or BIO. valid_until: its last day."""

    designation: str
    mark: str
    valid_until: date


@dataclass(frozen=True)
class SellerFacts:
    """is_small: makes small quantities and sells them directly (Annex V pt 19 Reg. 1169/2011)."""

    company: str
    address: str
    email: str
    approval_mark: str = ""
    is_small: bool = False
    certificates: Sequence[CertificateFacts] = ()

    def holds(self, designation: str, mark: str, on: date) -> bool:
        """Whether a certificate that has not expired says so."""
        return any(
            folded(each.designation) == folded(designation) and each.mark == mark and each.valid_until >= on
            for each in self.certificates
        )


@dataclass(frozen=True)
class ProductFacts:
    """sheet: the particulars by name, of food and of safety alike. approved: protected names that staff let it bear.

    seo: {title, description} by language. alts: what its pictures show, in any language. proofs: as proofs.py has them.
    """

    product_class: ProductClass
    name: Mapping[str, str]
    description: Mapping[str, str] = field(default_factory=dict)
    mark: str | None = None
    sheet: Mapping[str, Any] = field(default_factory=dict)
    certifications: Sequence[str] = ()
    packaging: Sequence[Mapping[str, str]] = ()
    has_picture: bool = False
    approved: frozenset[str] = frozenset()
    seo: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    alts: Sequence[str] = ()
    proofs: Sequence[Mapping[str, Any]] = ()

    def said(self, name: str) -> str:
        """A particular as plain text; Italian, where it is in several languages. "" when nobody wrote it."""
        value = self.sheet.get(name)
        if isinstance(value, Mapping):
            value = value.get(SOURCE_LOCALE)
        return "" if value is None else str(value).strip()

    def number(self, name: str) -> int:
        """A particular as a whole number; 0 when it is none."""
        text = self.said(name)
        return int(text) if text.isdecimal() else 0

    def has(self, name: str) -> bool:
        value = self.sheet.get(name)
        if isinstance(value, Mapping):
            return bool(value.get(SOURCE_LOCALE))
        return value not in (None, "", False, [], ())
