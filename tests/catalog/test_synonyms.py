"""Words that mean the same: staff keep groups of them, and a search takes each for all."""

import pytest
from sqlalchemy import select

from app.catalog import lexicon, seeking
from app.catalog.alike import Alike
from app.catalog.indexed import Spelling, Word
from app.catalog.vocabulary import Synonyms
from app.kernel.db import transaction
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.queries import queries_of

PATH = "/amministrazione/sinonimi"


def names(answer: Answer) -> list[str]:
    return [node.text().strip() for node in answer.all(".card__name a")]


async def groups(shop: TestShop) -> list[Synonyms]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Synonyms).order_by(Synonyms.id)))


async def keep(shop: TestShop, *words: str) -> int:
    async with shop.database.session(shop.id) as db, transaction(db):
        row = Synonyms(words=list(words))
        db.add(row)
        await db.flush()  # its id
        return row.id


class TestOffice:
    async def test_a_group_is_made_changed_and_dropped(self, shop: TestShop, dora: Browser) -> None:
        assert (await dora.get(PATH)).says("Nessun gruppo, per ora")
        assert (await dora.post(PATH, {"words": " Piada ,piadina,, PIADA"})).status_code == 303
        one = (await groups(shop))[0]
        assert one.words == ["Piada", "piadina"]
        assert (await dora.get(PATH)).says("Piada = piadina")
        assert (await dora.get(f"{PATH}/{one.id}")).one("#words").attributes["value"] == "Piada, piadina"

        for _again in range(2):
            assert (await dora.post(f"{PATH}/{one.id}", {"words": "piada, piè"})).status_code == 303
        assert (await groups(shop))[0].words == ["piada", "piè"]
        deed = f"{PATH}/{one.id}/eliminazione"
        assert [(await dora.post(deed)).status_code for _again in range(2)] == [303, 404]
        assert await groups(shop) == []
        async with shop.database.session(shop.id) as db:
            told = list(await db.scalars(select(AuditEntry.action).where(AuditEntry.entity == "synonyms")))
        assert sorted(told) == ["synonyms.close", "synonyms.edit", "synonyms.open"]

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("", ""),
            ("piada", "Servono da 2 a 6 parole diverse."),
            ("piada, PIÀDA", "Servono da 2 a 6 parole diverse."),
            ("due,tre,quattro,cinque,sei,sette,otto", "Servono da 2 a 6 parole diverse."),
            ("piada, pan di spagna", "«pan di spagna»: scrivi una parola sola per volta."),
            ("piada, della", "«della» è troppo comune: la ricerca la salta sempre."),
            ("piada, !!!", "«!!!»: scrivi una parola sola per volta."),
            ("piada, sàpa", "«sàpa» sta già in un altro gruppo."),
            ("a" * 41 + ", piada", "scrivi una parola sola per volta."),
            ("x" * 301, ""),
        ],
    )
    async def test_what_is_no_group_is_refused_beside_its_field(
        self, shop: TestShop, dora: Browser, typed: str, said: str
    ) -> None:
        one = await keep(shop, "saba", "sapa")
        other = await keep(shop, "cassone", "crescione")
        for path in (PATH, f"{PATH}/{other}"):
            page = await dora.post(path, {"words": typed})
            assert page.status_code == 422
            assert said in page.one("#words-error").text()
            assert page.one("#words").attributes["value"] == typed
        assert [(row.id, len(row.words)) for row in await groups(shop)] == [(one, 2), (other, 2)]

    async def test_another_shops_and_outsiders(
        self, shop: TestShop, other_shop: TestShop, dora: Browser, bruno: Browser, anna: Browser
    ) -> None:
        stranger = await keep(other_shop, "olio", "unto")
        for deed in ("", "/eliminazione"):
            assert (await dora.post(f"{PATH}/{stranger}{deed}", {"words": "a1, b2"})).status_code == 404
        assert (await dora.get(f"{PATH}/{stranger}")).status_code == 404
        assert (await bruno.post(PATH, {"words": "olio, unto"})).status_code == 403
        assert names(await anna.get("/cerca?q=unto")) == []


class TestSearching:
    @pytest.mark.parametrize("typed", ["squaquerone", "SQUAQUERONE", "squaquéroni", "squaquerone romagna", "squaq"])
    async def test_one_word_finds_what_the_other_does(self, shop: TestShop, anna: Browser, typed: str) -> None:
        await keep(shop, "squacquerone", "squaquerone")
        found = await anna.get(f"/cerca?q={typed}")

        assert names(found) == ["Squacquerone di Romagna"]
        assert not found.says("Forse cercavi")

    async def test_each_finds_what_only_the_other_is_written_on(self, shop: TestShop, anna: Browser) -> None:
        assert names(await anna.get("/cerca?q=olio")) == ["Olio extravergine"]
        await keep(shop, "olio", "aceto")
        for typed in ("oli", "aceti", "olio", "aceto"):
            assert sorted(names(await anna.get(f"/cerca?q={typed}"))) == ["Aceto balsamico", "Olio extravergine"], typed
        assert names(await anna.get("/cerca?q=olio+balsamico")) == ["Aceto balsamico"]

    async def test_a_new_group_counts_from_the_next_search_on(
        self, shop: TestShop, dora: Browser, anna: Browser
    ) -> None:
        assert names(await anna.get("/cerca?q=condigione")) == []
        await dora.post(PATH, {"words": "condigione, aceto"})
        assert names(await anna.get("/cerca?q=condigione")) == ["Aceto balsamico"]
        await dora.post(f"{PATH}/{(await groups(shop))[0].id}/eliminazione")
        assert names(await anna.get("/cerca?q=condigione")) == []

    async def test_while_typing_too(self, shop: TestShop, anna: Browser) -> None:
        await keep(shop, "squacquerone", "squaquerone")
        for typed in ("squaq", "squaquerone"):
            links = (await anna.get(f"/cerca/suggerimenti?q={typed}")).all("[role=option]")
            assert [link.attributes["href"] for link in links] == ["/prodotti/squacquerone"]

    async def test_a_group_of_words_that_nobody_uses_hides_no_correction(self, shop: TestShop, anna: Browser) -> None:
        await keep(shop, "sangiovessella", "rossone")
        assert names(await anna.get("/cerca?q=sangiovesse")) == ["Romagna Sangiovese"]
        assert names(await anna.get("/cerca?q=rossone")) == []

    async def test_a_search_asks_no_more_for_it(self, shop: TestShop, anna: Browser) -> None:
        _page, before = await queries_of(anna, "/cerca?q=olio&ordine=nome")
        for number in range(20):
            await keep(shop, f"parola{number}", f"altra{number}")
        await keep(shop, "olio", "unto", "condimento", "extravergine", "spremuta", "frantoiano")
        _page, after = await queries_of(anna, "/cerca?q=unto&ordine=nome")
        assert after <= before

    async def test_eight_words_of_full_groups_are_one_statement_still(self, shop: TestShop, anna: Browser) -> None:
        for one in "abcdefgh":
            await keep(shop, *(f"{one}{two}rosso" for two in "uvwxyz"))
        answer = await anna.get("/cerca?q=" + "+".join(f"{one}urosso" for one in "abcdefgh"))
        assert answer.status_code == 200

    def test_forms_of_a_word_count_and_groups_stay_apart(self) -> None:
        same = Alike.of([["piada", "piadina"], ["saba", "sapa"]])
        assert set(lexicon.stems("piadina")) <= set(same.stems("piade"))
        assert not set(lexicon.stems("saba")) & set(same.stems("piada"))
        assert same.stems("olio") == lexicon.stems("olio")
        assert same.begun("piad") == ["piada", "piadina"]
        assert same.begun("pi") == []


async def test_of_very_many_neighbours_the_most_used_are_looked_at(shop: TestShop) -> None:
    """More words than are looked at share a spelling with what was typed: the right one is among them all the same."""
    async with shop.database.session(shop.id) as db, transaction(db):
        for number in range(250):
            db.add(Word(word=f"kasolb{number}", uses=1))
            db.add(Spelling(word=f"kasolb{number}", spelling="kasola"))
        db.add(Word(word="kasolaz", uses=2))
        db.add(Spelling(word="kasolaz", spelling="kasola"))
    async with shop.database.session(shop.id) as db:
        found = [await seeking._misspelt(db, "kasolax") for _again in range(2)]
    assert found[0] == found[1]
    assert found[0][0] == "kasolaz"
