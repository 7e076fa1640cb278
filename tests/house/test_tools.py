"""Each house check finds the bad sample and leaves the good one alone; the documents name what is there."""

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from sqlalchemy import Column, Integer, Table

from app.tables import metadata
from tools import catalogues, check_house, check_migrations, check_templates, check_translations, compile_translations

# --- templates


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ('<p style="color:red">x</p>', "no style attribute"),
        ("<style>p{color:red}</style>", "no <style>"),
        ('<form action="{{ x }}" method="post">{{ ui.field("email", "E-mail") }}</form>', "novalidate"),
        ('<form action="/x" method="post"><input name="q"></form>', "novalidate"),
        ("<script>alert(1)</script>", "no inline script"),
        ('<script src="/static/a.js">alert(1)</script>', "no inline script"),
        ('<script type="module">alert(1)</script>', "no inline script"),
        ('<script src="https://elsewhere.example/a.js"></script>', "scripts are our own"),
        ('<a href="/x" hx-on:click="x()">x</a>', "no hx-on"),
        ('<button onclick="x()">x</button>', "no onclick"),
        ('<p>{{ _("il 10% a chi compra") }}</p>', "write %% for the sign itself"),
        ('<a href="/x" hx-get="/x" hx-vals="js:{a:1}">x</a>', "no js: values"),
        ('<a href="javascript:x()">x</a>', "no js: values"),
        ('<a href="/x" hx-get="/x" hx-trigger="click[ctrlKey]">x</a>', "no filters in hx-trigger"),
        ("{{ text | safe }}", "escaping off"),
        ("{{ text|safe|upper }}", "escaping off"),
        ("{% autoescape false %}{{ text }}{% endautoescape %}", "escaping off"),
        ('<div hx-get="/x">x</div>', "hx-get on <div>"),
        ('<a hx-get="/x">x</a>', "hx-get on <a>"),
        ("<button hx-post=\"{{ href('/x') }}\">x</button>", "hx-post on <button>"),
        ('<form method="post" hx-post="/x"></form>', "a form says its action"),
        ('<form action="/x"></form>', "a form says its method"),
        ('<a href="#">x</a>', "a link leads somewhere"),
        ('<div hx-ext="sse" sse-swap="message"></div>', "htmx 2"),
        ('<div hx-disabled-elt="this"></div>', "htmx 2"),
        ('<a href="/x" hx-get="/x" hx-trigger="input from:find input">x</a>', "htmx 2"),
        ('<p data-on="htmx:afterSwap">x</p>', "event name of htmx 2"),
        ('<a href="https://ec.europa.eu/consumers/odr">x</a>', "dispute platform"),
        ('<p role="status">{{ text }}</p>', "one live region"),
        ('<div class="notice" role="alert"></div>', "one live region"),
        ('<div aria-live="polite"></div>', "one live region"),
        ("<p>\n</p>\n" * 76, "150 at most"),
    ],
)
def test_a_breach_in_a_template_is_found(template: str, fault: str) -> None:
    found = check_templates.template_faults("shop/page.html", template)

    assert any(fault in sentence for _, sentence in found), found


@pytest.mark.parametrize(
    "template",
    [
        '<a href="{{ href("/x") }}"{% if y > 1 %} hx-get="{{ href("/x") }}"{% endif %} hx-trigger="click">x</a>',
        '<form action="{{ href("/x") }}" method="post" hx-post="{{ href("/x") }}" hx-trigger="submit, change"></form>',
        '<form method="dialog"><button>x</button></form>',
        '<form action="/x" method="post"><input type="hidden" name="q"></form>',
        '<form action="/x" method="post" novalidate>{{ ui.field("q", "x") }}</form>',
        '<form action="/x" method="post"><button formaction="/y" hx-post="/y">x</button></form>',
        '<script src="{{ asset("js/app.js") }}" defer></script>',
        '<script type="application/ld+json">{{ about.data }}</script>',
        '{# no style="" here, no <script>x</script> #}',
        '<div hx-sse:connect="/eventi" hx-trigger="load"></div>',
        '<p class="style safe">{{ _("È più facile | safe") }}</p>',
        '<p>{{ _("%(abv)s%% vol", abv=abv) }} {{ _("dal 50%% +5%%") }}</p>',
        "<p>x</p>\n" * 150,
    ],
)
def test_a_good_template_passes(template: str) -> None:
    assert check_templates.template_faults("shop/page.html", template) == []


def test_a_template_breach_is_told_with_its_line() -> None:
    assert check_templates.template_faults("a.html", "<p>\n{# long\n#}\n<b style='x'></b>") == [
        (4, "no style attribute: the content policy refuses it; use a class")
    ]


def test_the_templates_of_the_shop_are_all_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "_bad.html").write_text("<form></form>")

    assert check_templates.main(tmp_path) == 1
    assert "templates/deep/_bad.html:1: a form says its method" in capsys.readouterr().out


# --- code


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("async def deed(db):\n    await db.commit()", "commit only through"),
        ("cents = float(text)", "no float"),
        ("at = datetime.now(UTC)", "app.kernel.clock"),
        ("at = datetime.datetime.utcnow()", "app.kernel.clock"),
        ("day = date.today()", "app.kernel.clock"),
        ("at = datetime.fromtimestamp(seconds)", "naive"),
        ('lines = relationship(back_populates="cart")', 'lazy="raise"'),
        ('lines = relationship(lazy="selectin")', 'lazy="raise"'),
        ('text = _(f"Ciao {name}")', "one plain sentence"),
        ('text = _("Ciao " + name)', "one plain sentence"),
        ('text = _("Ciao %s" % name)', "one plain sentence"),
        ('text = _("Ciao {}".format(name))', "one plain sentence"),
        ('text = ngettext("Uno", f"{n} cose", n)', "one plain sentence"),
        ("print(order)", "no print"),
        ("found = select(Order).with_for_update()", "key_share=True"),
        ("found = select(Order).with_for_update(of=Order)", "key_share=True"),
        ("row = await db.get(Order, 1, with_for_update=True)", "key_share=True"),
        ("x = 1\n" * 401, "400 at most"),
        ("def deed():\n" + "    x = 1\n" * 60, "60 at most"),
        ("class Cart:\n    async def deed(self):\n" + "        x = 1\n" * 60, "60 at most"),
    ],
)
def test_a_breach_in_code_is_found(code: str, fault: str) -> None:
    found = check_house.python_faults("app/commerce/cart/cart.py", code)

    assert any(fault in sentence for _, sentence in found), found


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("app/kernel/db.py", "async def transaction(db):\n    await db.commit()"),
        ("app/commerce/orders/jobs.py", "async def job(db):\n    await db.commit()"),
        ("app/kernel/clock.py", "at = datetime.now(UTC)"),
        ("app/sandbox/stripe/state.py", "connection.commit()"),
        ("app/cli.py", "print(order)"),
        ("app/catalog/keeping.py", "found = select(Tag).with_for_update()"),
        ("app/commerce/cart/cart.py", "found = select(Cart).with_for_update(key_share=True)"),
        ("app/commerce/cart/cart.py", 'row = await db.get(Cart, 1, with_for_update={"key_share": True})'),
        ("tools/any.py", "print(float(text))"),
        ("app/commerce/cart/cart.py", 'text = _("Ciao %(name)s", name=name)\nat = clock.now()'),
        ("app/commerce/cart/models.py", 'lines = relationship(back_populates="cart", lazy="raise")'),
        ("app/commerce/cart/cart.py", "def deed():\n" + "    x = 1\n" * 59),
    ],
)
def test_good_code_passes(name: str, code: str) -> None:
    assert check_house.python_faults(name, code) == []


def test_a_long_stylesheet_is_found(tmp_path: Path) -> None:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "long.css").write_text(".a { color: red; }\n" * 301)

    assert list(check_house.faults(tmp_path)) == ["static/css/long.css:301: 301 lines; 300 at most: split by component"]


# --- translations

MAPPING = "[python: app/**.py]\n[jinja2: templates/**.html]\nsilent = false\ntrimmed = true\nnewstyle_gettext = true\n"
HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
HEAD += '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that says one sentence in Python, one in a template and one of each number, all translated."""
    (tmp_path / "app").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "babel.cfg").write_text(MAPPING)
    (tmp_path / "app" / "hello.py").write_text('TEXT = _l("Ciao")\n')
    (tmp_path / "templates" / "page.html").write_text(
        '{{ _("Da %(name)s", name=name) }}{{ ngettext("%(num)s cosa", "%(num)s cose", n) }}'
    )
    template = catalogues.extract(tmp_path)
    for locale in catalogues.LOCALES:
        catalogues.update(tmp_path, locale, template)
        path = catalogues.po_path(tmp_path, locale)
        text = path.read_text()
        text = text.replace('msgid "Ciao"\nmsgstr ""', 'msgid "Ciao"\nmsgstr "Hi"')
        text = text.replace('msgid "Da %(name)s"\nmsgstr ""', 'msgid "Da %(name)s"\nmsgstr "From %(name)s"')
        text = text.replace('msgstr[0] ""', 'msgstr[0] "%(num)s thing"').replace(
            'msgstr[1] ""', 'msgstr[1] "%(num)s things"'
        )
        path.write_text(text)
    return tmp_path


def test_a_complete_catalogue_passes(project: Path) -> None:
    assert list(check_translations.faults(project)) == []


def test_a_new_sentence_is_missing_until_the_catalogues_are_updated(project: Path) -> None:
    (project / "app" / "more.py").write_text('TEXT = _("Arrivederci")\n')

    assert all("missing, run make translations: 'Arrivederci'" in fault for fault in check_translations.faults(project))
    for locale in catalogues.LOCALES:
        catalogues.update(project, locale, catalogues.extract(project))
    found = list(check_translations.faults(project))
    assert len(found) == 3
    assert all("not translated (0 of 1 forms): 'Arrivederci'" in fault for fault in found)


def test_updating_keeps_what_is_translated_and_drops_what_nobody_says(project: Path) -> None:
    (project / "app" / "hello.py").write_text("")

    assert any("nobody says this any more" in fault for fault in check_translations.faults(project))
    before = catalogues.po_path(project, "de").read_text()
    for locale in catalogues.LOCALES:
        catalogues.update(project, locale, catalogues.extract(project))
    after = catalogues.po_path(project, "de").read_text()
    assert list(check_translations.faults(project)) == []
    assert "From %(name)s" in after
    assert "Ciao" not in after
    assert after.partition("#:")[0] == before.partition("#:")[0]


def test_a_language_without_a_catalogue_is_told(project: Path) -> None:
    catalogues.po_path(project, "fr").unlink()

    assert list(check_translations.faults(project)) == [
        "translations/fr/LC_MESSAGES/messages.po: there is no such catalogue (make translations)"
    ]


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ('msgid "Ciao"\nmsgstr ""', "not translated (0 of 1"),
        ('#, fuzzy\nmsgid "Ciao"\nmsgstr "Hi"', "fuzzy"),
        ('msgid "Da %(name)s"\nmsgstr "From %(nome)s"', "other placeholders"),
        ('msgid "Da %(name)s"\nmsgstr "From"', "other placeholders"),
        ('#, python-format\nmsgid "Per %(n)s %%"\nmsgstr "For %(n)s % of"', "a lone %"),
        ('msgid "<b>Ciao</b>"\nmsgstr "<b>Hi</a>"', "other markup"),
        ('msgid " Ciao"\nmsgstr "Hi"', "space at the beginning"),
        (
            'msgid "%(num)s cosa"\nmsgid_plural "%(num)s cose"\nmsgstr[0] "%(num)s thing"\nmsgstr[1] ""',
            "not translated (1 of 2",
        ),
        (
            'msgid "%(num)s cosa"\nmsgid_plural "%(num)s cose"\nmsgstr[0] "A thing"\nmsgstr[1] "things"',
            "other placeholders",
        ),
        ('#~ msgid "Addio"\n#~ msgstr "Bye"', "obsolete"),
    ],
)
def test_a_fault_in_a_catalogue_is_found(entry: str, fault: str) -> None:
    catalogue = read_po(io.BytesIO((HEAD + entry + "\n").encode()), locale="en")
    template = Catalog()
    for message in catalogue:
        if message.id:
            template.add(message.id)

    found = list(check_translations.catalogue_faults(template, catalogue))

    assert any(fault in sentence for sentence in found), found


def test_a_singular_may_leave_the_number_out() -> None:
    entry = 'msgid "Un prodotto"\nmsgid_plural "%(num)s prodotti"\nmsgstr[0] "One"\nmsgstr[1] "%(num)s products"\n'
    catalogue = read_po(io.BytesIO((HEAD + entry).encode()), locale="en")

    assert list(check_translations.catalogue_faults(catalogue, catalogue)) == []


def test_a_template_that_cannot_be_read_stops_the_extraction(project: Path) -> None:
    (project / "templates" / "broken.html").write_text("{% if %}")

    with pytest.raises(Exception, match="Expected an expression"):
        catalogues.extract(project)


def test_a_catalogue_is_compiled_once(project: Path) -> None:
    po = catalogues.po_path(project, "en")

    assert compile_translations.is_old(po)
    compile_translations.main(project / "translations")
    assert not compile_translations.is_old(po)
    assert sorted(path.suffix for path in po.parent.iterdir()) == [".mo", ".po"]


# --- migrations


def test_a_table_without_a_migration_is_found(tmp_path: Path) -> None:
    forgotten = Table("forgotten", metadata, Column("id", Integer, primary_key=True))
    try:
        found = check_migrations.faults(f"sqlite+aiosqlite:///{tmp_path}/check.sqlite3")
    finally:
        metadata.remove(forgotten)

    assert len(found) == 1
    assert "compare with the models" in found[0]
    assert "forgotten" in found[0]


# --- documents

ROOT = Path(__file__).parents[2]
OF_THE_SYSTEM = {"CHROMIUM", "CI", "PATH", "PYTHON", "TEST_DATABASE_URL", "TEST_REDIS_URL", "UPGRADE"}


def settings_that_are_read() -> set[str]:
    """The names of the environment in app/settings.py: env.get("NAME"), _url(env, "NAME") and the like."""
    source = (ROOT / "app" / "settings.py").read_text()
    return set(re.findall(r"""env(?:\.get\(|, )"([A-Z_]+)\"""", source)) - {"DEMO"}  # DEMO is only ever refused


def test_the_readme_tells_every_setting_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text()
    told = set(re.findall(r"`([A-Z][A-Z_]{3,})`", readme)) - OF_THE_SYSTEM

    assert "DATABASE_URL" in settings_that_are_read()
    assert settings_that_are_read() - told == set()
    assert told - settings_that_are_read() - {"BYPASSRLS"} == set()


def test_the_example_environment_has_only_settings_that_are_read() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert named
    assert named <= settings_that_are_read()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_a_document_names_only_targets_and_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^|&& )make ([a-z-]+)", text, re.MULTILINE))
    files = set(re.findall(r"`((?:app|tests|tools|templates|translations|migrations|docs|bench)/[\w./-]+)`", text))

    assert named
    assert named <= targets
    assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
