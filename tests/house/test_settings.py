"""The environment is read once, and every fault is told at once, in words."""

import pytest

from app.settings import BadSettings, read

GOOD = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": "postgres://tavola@db/tavola",
    "REDIS_URL": "redis://redis:6379/0",
    "SECRET_KEY": "k" * 48,
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "SMTP_URL": "smtps://u:p@mail.example:465",
}


def faults(**changes: str) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        read({**GOOD, **changes})
    return bad.value.faults


def test_a_good_production_environment_is_taken() -> None:
    settings = read(GOOD)

    assert settings.https
    assert settings.database_url == "postgresql+asyncpg://tavola@db/tavola"


def test_with_nothing_set_a_local_shop_starts() -> None:
    settings = read({})

    assert settings.is_local
    assert settings.stripe.is_sandbox
    assert settings.redis_url is None


def test_every_fault_is_told_at_once() -> None:
    told = faults(DATABASE_URL="mysql://x", REDIS_URL="http://x", PORT="-1", SECRET_KEY="short", SMTP_URL="")

    assert len(told) == 5
    assert all(sentence.endswith(".") or "://" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"STRIPE_SECRET_KEY": "sk_test_sandbox"}, "sandbox"),
        ({"STRIPE_API_BASE": "http://localhost:1"}, "sandbox"),
        ({"STRIPE_SECRET_KEY": "sk_test_x"}, "test key"),
        ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY"),
        ({"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET"),
        ({"SECRET_KEY": "local-secret-not-for-production-0123456789"}, "SECRET_KEY"),
        ({"HTTPS": "0"}, "cookies"),
        ({"DEMO": "1"}, "passwords"),
        ({"LIMITS": "0"}, "LIMITS"),
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT"),
    ],
)
def test_production_refuses_what_is_unsafe(change: dict[str, str], word: str) -> None:
    assert any(word in sentence for sentence in faults(**change))


def test_an_error_does_not_repeat_a_secret() -> None:
    told = " ".join(faults(SECRET_KEY="tooshort-secret", REDIS_URL="http://user:hunter2@x"))

    assert "tooshort-secret" not in told
    assert "hunter2" not in told
