"""What Stripe refuses is told to staff in a sentence of ours; its own words are kept beside it."""

import pytest

from app.commerce.payments import refusals

UNKNOWN = "Stripe non ha accettato: ecco che cosa risponde."


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("charge_already_refunded: Charge ch_1 has already been refunded.", "già stato restituito per intero"),
        ("expired_or_canceled_card", "La carta non c’è più"),
        ("balance_insufficient: You have insufficient available funds.", "Sul saldo Stripe"),
        ("resource_missing: No such charge: 'ch_1'", "Stripe non trova"),
        ("parameter_invalid_integer amount", "è un guasto del programma"),
    ],
)
def test_a_code_that_we_know_has_its_sentence(answer: str, sentence: str) -> None:
    assert sentence in refusals.sentence(answer)


@pytest.mark.parametrize("answer", ["a_code_of_2031: Something new.", "Charge refused.", "card_declinedish: no"])
def test_what_we_do_not_know_is_told_as_such(answer: str) -> None:
    assert refusals.sentence(answer) == UNKNOWN
    assert refusals.told(answer) == f"{UNKNOWN} Stripe dice: {answer}"


@pytest.mark.parametrize("answer", [None, ""])
def test_without_a_refusal_there_is_nothing_to_say(answer: str | None) -> None:
    assert refusals.sentence(answer) == ""


@pytest.mark.parametrize("code", refusals.SENTENCES)
def test_every_sentence_is_one(code: str) -> None:
    assert refusals.sentence(code).endswith(".")
    assert refusals.sentence(f"{code}: in English") == refusals.sentence(code)
