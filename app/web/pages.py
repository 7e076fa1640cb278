"""Turn a template and its values into a response: the page, or the piece of it that htmx asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from litestar.response import Response
from markupsafe import Markup

from app.kernel import formats
from app.kernel.i18n import catalogue, current_locale, elided, gettext, speaking
from app.kernel.pictures import between, fitting
from app.kernel.tenancy import ShopFacts, in_language
from app.web import themes
from app.web import visit as visits
from app.web.assets import Assets
from app.web.kept_pages import HOLE, Kept
from app.web.mistakes import naming

TEMPLATES = Path(__file__).parents[2] / "templates"
HTML = "text/html"  # the framework adds the charset

_environment: Environment | None = None
_writing_for: ContextVar[ShopFacts | None] = ContextVar("writing_for", default=None)


class _PresentVisit:
    """`visit` in templates: whatever visit is current."""

    def __getattr__(self, name: str) -> Any:
        return getattr(visits.current(), name)


def make_environment(assets: Assets, media_url: Callable[[str, int, str], str], *, reload: bool) -> Environment:
    """The one template environment. Sync on purpose: async rendering costs twice."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),  # mails in plain text
        undefined=StrictUndefined,
        auto_reload=reload,
        cache_size=-1,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.policies["ext.i18n.trimmed"] = True
    env.globals |= {
        "_": _translated,
        "ngettext": _counted,
        "visit": _PresentVisit(),
        "labelled": _labelled,
        "href": lambda path: visits.current().href(path),
        "asset": assets.url,
        "absolute": absolute,
        "prices_are_net": lambda: present_shop().prices_are_net,
        "paper": lambda: themes.paper(visits.current().shop.theme),
        "opening": "",  # a page sets its own
        "critical_css": lambda opening: assets.critical_css(visits.current().shop.theme, opening),
        "kept": _rendered if reload else kept,
        "media": lambda image, width, suffix: media_url(image.key, fitting(image.width, width), suffix),
        "srcset": lambda image, widths, suffix: ", ".join(
            f"{media_url(image.key, width, suffix)} {width}w" for width in between(image.width, widths)
        ),
    }
    env.filters |= {
        "money": lambda minor, currency: formats.money(minor, currency, current_locale()),
        "about": _about,
        "date": lambda value: formats.date(value, current_locale(), _zone()),
        "day": lambda value: formats.date(value, current_locale(), _zone(), "weekday"),
        "datetime": lambda value: formats.datetime(value, current_locale(), _zone()),
        "time": lambda value: formats.time(value, current_locale(), _zone()),
        "percent": lambda value: formats.percent(value, current_locale()),
        "quantity": lambda net: formats.quantity(net.amount, net.unit, current_locale()),
        "unit_price": lambda price: formats.unit_price(
            price.minor, price.unit, present_shop().currency, current_locale()
        ),
        "unbroken": lambda number: Markup('<span class="unbroken">{}</span>').format(number),
        "lang": lambda texts: in_language(texts, current_locale()),
    }
    env.globals["ui"] = env.get_template("components/ui.html").module
    return env


@pass_eval_context
def _translated(context: EvalContext, message: str, **values: Any) -> str:
    """The sentence in the reader's language, with values put in, escaped where the template escapes."""
    text = elided(catalogue(current_locale()).ugettext(message), values)
    text = Markup(text) if context.autoescape else text  # noqa: S704  (translations are ours)
    return text % values if "%" in text else text


@pass_eval_context
def _counted(context: EvalContext, one: str, many: str, num: int, **values: Any) -> str:
    text = elided(catalogue(current_locale()).ungettext(one, many, num), values)
    text = Markup(text) if context.autoescape else text  # noqa: S704  (as above)
    return text % {"num": num, **values}


def _labelled(name: str, label: str, of: str = "") -> str:
    """The label of a field written by hand, noted for the summary of mistakes. of: the row that the field stands in."""
    visits.current().labels[name] = f"{label} ({of})" if of else label
    return label


def _about(minor: int, currency: str, is_about: object = True) -> str:
    """An amount; what is only about right says so, in one sentence."""
    amount = formats.money(minor, currency, current_locale())
    return gettext("circa %(amount)s", amount=amount) if is_about else amount


def _rendered(template: str) -> Markup:
    return Markup(render(template))  # noqa: S704  (a template of ours)


def kept(template: str) -> Markup:
    """A piece that is the same on every page of a shop in a language: rendered once, kept with the shop's facts."""
    pieces, key = present_shop().pieces, (template, current_locale())
    if key not in pieces:
        pieces[key] = _rendered(template)
    return Markup(pieces[key])  # noqa: S704  (as above)


@contextmanager
def writing(shop: ShopFacts, locale: str) -> Iterator[None]:
    """Render for a reader who is not visiting: a mail, in the reader's language and the shop's time zone."""
    reset = _writing_for.set(shop)
    try:
        with speaking(locale):
            yield
    finally:
        _writing_for.reset(reset)


def present_shop() -> ShopFacts:
    """The shop in whose name we render."""
    return _writing_for.get() or visits.current().shop


def _zone() -> ZoneInfo:
    return ZoneInfo(present_shop().time_zone)


def use_environment(env: Environment) -> None:
    """Render with this environment from now on, its templates compiled ahead."""
    global _environment  # noqa: PLW0603  (one per process, set at start)
    _environment = env


def environment() -> Environment:
    if _environment is None:
        raise RuntimeError("the template environment is not set")
    return _environment


def render(template: str, **context: Any) -> str:
    """The text of a template in the reader's language."""
    return environment().get_template(template).render(context)


def asset(path: str) -> str:
    """The address of a static file, as templates say it."""
    return str(environment().globals["asset"](path))  # type: ignore[operator]


def media(image: Any, width: int, suffix: str) -> str:
    """The address of a picture's file, likewise."""
    return str(environment().globals["media"](image, width, suffix))  # type: ignore[operator]


def absolute(url: str) -> str:
    """With scheme and host, for those who read it elsewhere."""
    return url if "://" in url else visits.current().base_url + url


def basket_link() -> str:
    """What fills the hole of a kept page: the way to the basket, with what is in it."""
    return render("layouts/_basket_link.html")


class Page(Response[bytes]):
    """A page that htmx may ask for in part.

    Page("commerce/cart.html", fragment="commerce/_cart.html", cart=mine) is the whole page for a navigation and only
    the partial for an htmx swap. The handler names the partial; the client never does.
    """

    def __init__(
        self,
        template: str,
        *,
        fragment: str = "",
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        private: bool = False,
        tags: Iterable[str] = (),
        looked_at: int | None = None,
        **context: Any,
    ) -> None:
        """tags: what it shows; with any, it is the same for everybody and kept (web/kept_pages.py).

        looked_at: the product whose page this is.
        """
        visit = visits.current()
        name = fragment if fragment and visit.is_fragment else template
        sent = {"Cache-Control": "no-store" if private else "private, no-cache", **(headers or {})}
        if tags and visit.may_be_kept:
            visit.kept = Kept(b"", frozenset(tags), [], 0.0, looked_at)
        body = naming(render(name, **context), visit.labels).encode()
        if visit.kept is not None:
            visit.kept.tags |= visit.shown
            visit.kept.ends = visit.ends
            visit.kept.html = body
            body = body.replace(HOLE, basket_link().encode())
        super().__init__(
            body,
            status_code=status_code,
            media_type=HTML,
            headers=sent,
        )


class Go(Response[bytes]):
    """See another page next: 303 after a form; for htmx 200 with HX-Redirect, since fetch would follow a 303 itself.

    path: without the language prefix, or a whole address (https://…) outside.
    """

    def __init__(self, path: str) -> None:
        visit = visits.current()
        target = path if "://" in path else visit.href(path)
        if visit.is_htmx:
            super().__init__(b"", status_code=200, media_type=HTML, headers={"HX-Redirect": target})
        else:
            super().__init__(b"", status_code=303, media_type=HTML, headers={"Location": target})
