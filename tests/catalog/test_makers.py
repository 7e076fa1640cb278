"""Everybody who makes something, by name, a page at a time."""

import pytest

from app.catalog import queries
from tests.cast import Browser, TestShop


async def test_producers_come_in_pages_by_name(shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "MAKERS_PER_PAGE", 2)
    page = await anna.get("/produttori")
    assert [name.text() for name in page.all("#producers h3 a")] == ["Cantina Vigna", "Caseificio Latte"]
    assert page.says("3 produttori, ciascuno con nome")
    page = await anna.get(page.one(".pages a[rel='next']").attributes["href"] or "")
    assert [name.text() for name in page.all("#producers h3 a")] == ["Frantoio Olivi"]
    assert (await anna.get("/produttori?pagina=3")).status_code == 404
