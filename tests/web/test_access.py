"""Forms that another site makes the browser send are refused; ours pass."""

import pytest

from app.web.access import ACTS_AS_SOMEBODY
from tests.cast import Browser, TestShop

FORM = {"email": "nessuno@posta.example", "password": "qualcosa di lungo"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 422),
        ({"Sec-Fetch-Site": "none"}, 422),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "{ours}"}, 422),
        ({"Origin": "https://altrove.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_a_write_from_elsewhere_is_refused(
    shop: TestShop, anna: Browser, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.replace("{ours}", anna.base) for name, value in headers.items()}
    answer = await anna.client.post("/accedi", data=FORM, headers=sent)

    assert answer.status_code == status


async def test_without_either_header_a_session_is_not_believed(anna: Browser, dora: Browser) -> None:
    assert (await anna.client.post("/accedi", data=FORM)).status_code == 422
    assert (await dora.client.post("/profilo", data={"name": "X", "locale": "it"})).status_code == 403


@pytest.mark.parametrize("cookie", ACTS_AS_SOMEBODY)
async def test_nor_is_any_cookie_that_acts_as_somebody(shop: TestShop, anna: Browser, cookie: str) -> None:
    anna.client.cookies.set(cookie, "qualcosa", domain=shop.host)

    assert (await anna.client.post("/accedi", data=FORM)).status_code == 403


async def test_pages_carry_a_policy_without_anything_inline(anna: Browser) -> None:
    policy = (await anna.get("/accedi")).headers["content-security-policy"]

    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


async def test_cookies_are_out_of_reach_of_scripts_and_other_sites(shop: TestShop, anna: Browser) -> None:
    answer = await anna.post("/esci")
    cookie = answer.headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
