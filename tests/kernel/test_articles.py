"""Italian articles before what is put into a sentence: some numbers begin with a vowel when they are read."""

import pytest

from app.kernel.i18n import gettext, ngettext, speaking
from app.web.assets import STATIC, Assets
from app.web.pages import make_environment


@pytest.mark.parametrize(
    ("message", "value", "said"),
    [
        ("Vale fino al %(day)s.", "8 dicembre 2026", "Vale fino all’8 dicembre 2026."),
        ("Il tuo ordine del %(day)s", "11 gen 2027", "Il tuo ordine dell’11 gen 2027"),
        ("In vendita dal %(day)s.", "11 dic 2026, 10:00", "In vendita dall’11 dic 2026, 10:00."),
        ("Il %(day)s addebitiamo, entro il %(day)s.", "8 marzo", "L’8 marzo addebitiamo, entro l’8 marzo."),
        ("un acconto del %(day)s", "8%", "un acconto dell’8%"),
        ("un acconto del %(day)s", "80%", "un acconto dell’80%"),
        ("Vale fino al %(day)s.", "18 dicembre 2026", "Vale fino al 18 dicembre 2026."),
        ("Vale fino al %(day)s.", "1 dicembre 2026", "Vale fino al 1 dicembre 2026."),
        ("Cerca: %(day)s", "il 8 dicembre", "Cerca: il 8 dicembre"),
    ],
)
def test_the_article_is_cut_short_before_a_vowel(message: str, value: str, said: str) -> None:
    assert gettext(message, day=value) == said
    assert ngettext(message, message, 2, day=value) == said


def test_so_do_templates_and_only_in_italian() -> None:
    templates = make_environment(Assets(STATIC), lambda *_: "", reload=False)
    page = templates.from_string("{{ _('Aggiornato il %(day)s', day=day) }}")
    assert page.render(day="8 maggio <b>") == "Aggiornato l’8 maggio &lt;b&gt;"
    with speaking("de"):
        assert "l’" not in page.render(day="8. Mai")
