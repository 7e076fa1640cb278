"""The forms of producers: what he may change of his page, what only staff may, and who works at his desk."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.catalog.makers.editing import LEGAL
from app.identity import addresses
from app.identity.addresses import Cap, Email, Phone, Province
from app.kernel import clock
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.web.forms import Filled, Form, MultiLine

LANGUAGES = ("it", "en", "de", "fr")
OLDEST_HOUSE = 1000
Story = Annotated[str, StringConstraints(max_length=3000), MultiLine(), Field(default="")]


class PageForm(Form):
    """What buyers read of a producer. story_*: in each language; Italian stands in for the others. registration: of his
    premises as a food business (Reg. 852/2004, art. 6); the law asks him to have one, not to print it.
    """

    story_it: Annotated[str, StringConstraints(max_length=3000), MultiLine()]
    story_en: Story
    story_de: Story
    story_fr: Story
    founded: int | None = None
    street: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    postal_code: Cap
    city: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    province: Province
    email: Email
    phone: Phone
    registration: Annotated[str, StringConstraints(max_length=60), Field(default="")]
    pickup: bool = False

    @field_validator("founded")
    @classmethod
    def _year(cls, year: int | None) -> int | None:
        if year is not None and not OLDEST_HOUSE <= year <= clock.today("Europe/Rome").year:
            raise ValueError(_("Scrivi l’anno con quattro cifre, per esempio 1987."))
        return year

    @field_validator("province")
    @classmethod
    def _of_cap(cls, province: str, info: ValidationInfo) -> str:
        code = info.data.get("postal_code")
        if code and province not in (possible := addresses.provinces_of_cap(code)) and possible:
            raise ValueError(_("Il CAP %(cap)s è in provincia di %(province)s.", cap=code, province=possible[0]))
        return province


class ProducerForm(PageForm):
    """All of it, for staff. health_mark: of Reg. 853/2004, where goods need one. is_small: see facts.SellerFacts."""

    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    health_mark: Annotated[str, StringConstraints(max_length=40), Field(default="")]
    is_small: bool = False


F = TypeVar("F", bound=PageForm)


class MemberForm(Form):
    member_name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    member_email: Email
    role: Literal["owner", "member"] = "owner"


def facts(data: PageForm) -> dict[str, Any]:
    """Columns of Producer, and the names in LEGAL."""
    found = data.model_dump(exclude={f"story_{code}" for code in LANGUAGES})
    return {**found, "story": data.in_languages("story")}


def filled(kind: type[F], row: Producer) -> Filled[F]:
    """What the form starts from."""
    plain = {name: getattr(row, name, None) for name in kind.model_fields}
    values = {name: str(value) for name, value in plain.items() if value and not isinstance(value, bool)}
    values |= {f"story_{code}": str(text) for code, text in row.story.items()}
    values |= {name: str(row.legal.get(name) or "") for name in LEGAL if name != "is_small"}
    values |= {"pickup": "1" if row.pickup else "", "is_small": "1" if row.legal.get("is_small") else ""}
    return kind.blank(**values)
