"""The outermost layer: hosts, languages, headers."""

from tests.cast import Browser, TestShop


async def test_health_says_ok_with_its_parts(anna: Browser) -> None:
    answer = await anna.get("/health")

    assert answer.status_code == 200
    assert answer.response.json()["database"] == "ok"


async def test_a_page_that_is_not_there_is_a_404_in_the_readers_language_with_the_request_id(anna: Browser) -> None:
    answer = await anna.get("/non-esiste", **{"X-Request-ID": "richiesta123"})

    assert answer.status_code == 404
    assert answer.headers["x-request-id"] == "richiesta123"
    assert "richiesta123" in answer.text


async def test_the_first_get_sets_no_cookie(anna: Browser) -> None:
    answer = await anna.get("/non-esiste")

    assert "set-cookie" not in answer.headers


async def test_the_prefix_of_the_default_language_redirects_to_none(shop: TestShop, anna: Browser) -> None:
    answer = await anna.get("/it/prodotti?pagina=2")

    assert answer.status_code == 308
    assert answer.headers["location"] == "/prodotti?pagina=2"


async def test_a_page_names_its_charset_once(anna: Browser) -> None:
    assert (await anna.get("/accedi")).headers["content-type"] == "text/html; charset=utf-8"
    assert (await anna.get("/non-esiste")).headers["content-type"] == "text/html; charset=utf-8"


async def test_head_is_answered_like_get_without_a_body(anna: Browser) -> None:
    got = await anna.get("/prodotti")
    head = await anna.client.head("/prodotti")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]
