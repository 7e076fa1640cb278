"""Stripe's own trigger scripts: each must cause the event it is named for."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest

from app.sandbox.stripe.description import DATA, complaints_about
from tests.sandbox.conftest import PREFIX, Stage

TRIGGERS: dict[str, list[dict[str, Any]]] = json.loads((DATA / "triggers.json").read_text())["triggers"]
# Names of scripts that are not names of events: what the command line tool calls them, and what Stripe sends.
ALIASES = {
    "subscription.payment_failed": "invoice.payment_failed",
    "subscription.payment_succeeded": "invoice.payment_succeeded",
}
NOT_YET: set[str] = set()
KEY = {"authorization": "Bearer sk_test_x"}


def form_of(params: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested parameters to Stripe's bracket notation."""
    pairs: list[tuple[str, str]] = []
    for key, given in params.items():
        name = f"{prefix}[{key}]" if prefix else key
        value = {str(i): item for i, item in enumerate(given)} if isinstance(given, list) else given
        if isinstance(value, dict):
            pairs += form_of(value, name)
        else:
            pairs.append((name, str(value).lower() if isinstance(value, bool) else str(value)))
    return pairs


def filled(text: str, answers: dict[str, Any]) -> str:
    """Replace ${name:path.to.value} by what an earlier call answered."""

    def value(match: re.Match[str]) -> str:
        found = answers[match[1]]
        for step in match[2].split("."):
            found = found[int(step)] if step.isdigit() else found[step]
        return str(found)

    return re.sub(r"\$\{(\w+):([\w.]+)\}", value, text)


async def run(stage: Stage, script: list[dict[str, Any]]) -> None:
    answers: dict[str, Any] = {}
    for step in script:
        path = filled(step["path"], answers)
        params = json.loads(filled(json.dumps(step.get("params", {})), answers))
        if path.startswith("/v1/payment_pages/"):
            # Stripe's private calls of the hosted page: here the control face pays, and time passes for SEPA.
            if path.endswith("/confirm"):
                session = path.split("/")[3]
                await stage.control(f"sessions/{session}/pay", payment_method=params["payment_method"])
                await stage.control("clock", advance=7 * 86_400)
            continue
        form = urlencode(form_of(params))
        if step["method"] == "get":
            answer = await stage.http.get(f"{PREFIX}{path}?{form}", headers=KEY)
        else:
            headers = KEY | {"content-type": "application/x-www-form-urlencoded"}
            answer = await stage.http.request(step["method"].upper(), PREFIX + path, content=form, headers=headers)
        answers[step["name"]] = body = answer.json()
        if answer.status_code == 200:
            assert complaints_about(body) == []
        else:
            assert body["error"]["type"] == step.get("expected_error_type"), (step["name"], body)


@pytest.mark.parametrize("name", sorted(TRIGGERS))
async def test_the_script_causes_its_event(stage: Stage, name: str) -> None:
    # A test account of long standing has money: the scripts transfer and pay out the whole of what they charge.
    await stage.charge(100_000, "pm_card_bypassPending", currency="usd")
    before = len(await stage.events())

    try:
        await run(stage, TRIGGERS[name])
        done = ALIASES.get(name, name) in (await stage.events())[before:]
    except AssertionError:
        if name not in NOT_YET:
            raise
        done = False

    assert done != (name in NOT_YET), "the list of what is not covered must shrink" if done else f"no {name}"
    assert (await stage.seen("refusals"))["data"] == []


def test_there_are_thirty_eight_scripts() -> None:
    assert len(TRIGGERS) == 38
    assert set(TRIGGERS) >= NOT_YET
