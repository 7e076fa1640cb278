"""Settings: read once from the environment, checked all at once, told in words.

Names are those that people know (DATABASE_URL, REDIS_URL, STRIPE_SECRET_KEY, …); README.md has the table.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ENVIRONMENTS = ("local", "test", "staging", "production")
LOCAL_SECRET = "local-secret-not-for-production-0123456789"  # noqa: S105  (refused outside local and test)
LOCAL_WEBHOOK_SECRET = "whsec_local_sandbox"  # noqa: S105
SANDBOX_KEY = "sk_test_sandbox"
SANDBOX_PUBLISHABLE_KEY = "pk_test_sandbox"


class BadSettings(Exception):
    """All faults of the environment, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True)
class StripeSettings:
    """secret_key: ours at Stripe, or SANDBOX_KEY. api_base: None is Stripe's own address.

    publishable_key: for the script of our own payment page; "" where there is no such page.
    """

    secret_key: str
    webhook_secret: str
    api_base: str | None
    publishable_key: str = ""

    @property
    def is_sandbox(self) -> bool:
        return self.secret_key == SANDBOX_KEY


@dataclass(frozen=True)
class MailSettings:
    """smtp_url: smtp(s)://user:password@host:port; None keeps mail in the local mailbox page."""

    smtp_url: str | None
    sender: str


@dataclass(frozen=True)
class LimitSettings:
    """Requests allowed; see capabilities I10."""

    sign_in_per_15_min: int = 5
    payment_per_min: int = 10
    careful_per_min: int = 30
    overall_per_min: int = 100
    enabled: bool = True


@dataclass(frozen=True)
class Settings:
    environment: str
    database_url: str
    redis_url: str | None
    secret_key: str
    data_dir: Path
    port: int
    https: bool
    storage_url: str
    sentry_dsn: str | None
    release: str
    stripe: StripeSettings
    mail: MailSettings
    limits: LimitSettings
    trusted_proxies: tuple[str, ...] = ()
    metrics_token: str | None = None
    vapid_private_key: str | None = field(default=None, repr=False)  # None: no web push, but on a local machine
    storage_key_id: str | None = None
    storage_secret: str | None = field(default=None, repr=False)
    media_url: str | None = None  # of a network in front of the pictures, without / at its end
    hosts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        return self.environment in {"local", "test"}

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Raises BadSettings with every fault at once."""
    faults: list[str] = []
    environment = env.get("ENVIRONMENT", "local")
    if environment not in ENVIRONMENTS:
        faults.append(f"ENVIRONMENT is {environment!r}; it must be one of {', '.join(ENVIRONMENTS)}.")
    local = environment in {"local", "test"}
    data_dir = Path(env.get("DATA_DIR", "var")).absolute()
    database_url = _database_url(env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'tavola.sqlite3'}", faults)
    stripe = StripeSettings(
        secret_key=env.get("STRIPE_SECRET_KEY") or (SANDBOX_KEY if local else ""),
        webhook_secret=env.get("STRIPE_WEBHOOK_SECRET") or (LOCAL_WEBHOOK_SECRET if local else ""),
        api_base=env.get("STRIPE_API_BASE") or None,
        publishable_key=env.get("STRIPE_PUBLISHABLE_KEY")
        or (SANDBOX_PUBLISHABLE_KEY if local and not env.get("STRIPE_SECRET_KEY") else ""),
    )
    settings = Settings(
        environment=environment,
        database_url=database_url,
        redis_url=_url(env, "REDIS_URL", ("redis", "rediss", "unix"), faults),
        secret_key=env.get("SECRET_KEY") or (LOCAL_SECRET if local else ""),
        data_dir=data_dir,
        port=_number(env, "PORT", 8000, faults),
        https=_flag(env, "HTTPS", not local, faults),
        storage_url=_storage_url(env, f"file://{data_dir / 'media'}", faults),
        storage_key_id=env.get("AWS_ACCESS_KEY_ID") or None,
        storage_secret=env.get("AWS_SECRET_ACCESS_KEY") or None,
        media_url=(_url(env, "MEDIA_URL", ("https", "http"), faults) or "").rstrip("/") or None,
        sentry_dsn=_url(env, "SENTRY_DSN", ("http", "https"), faults),
        release=env.get("RELEASE", "dev"),
        stripe=stripe,
        mail=MailSettings(
            smtp_url=_url(env, "SMTP_URL", ("smtp", "smtps"), faults),
            sender=env.get("MAIL_FROM", "ordini@tavola.example"),
        ),
        limits=LimitSettings(
            sign_in_per_15_min=_number(env, "LIMIT_SIGN_IN", 5, faults),
            payment_per_min=_number(env, "LIMIT_PAYMENT", 10, faults),
            careful_per_min=_number(env, "LIMIT_CAREFUL", 30, faults),
            overall_per_min=_number(env, "LIMIT_OVERALL", 300 if local else 100, faults),
            enabled=_flag(env, "LIMITS", True, faults),
        ),
        trusted_proxies=tuple(p.strip() for p in env.get("TRUSTED_PROXIES", "").split(",") if p.strip()),
        metrics_token=env.get("METRICS_TOKEN") or None,
        vapid_private_key=_key(env, "VAPID_PRIVATE_KEY", faults),
        hosts=_hosts(env.get("SHOP_HOSTS", ""), faults),
    )
    if not local:
        _check_deployed(settings, faults)
    if settings.is_production:
        _check_production(settings, env, faults)
    if faults:
        raise BadSettings(faults)
    return settings


def _check_deployed(settings: Settings, faults: list[str]) -> None:
    if len(settings.secret_key) < 32 or settings.secret_key == LOCAL_SECRET:
        faults.append("SECRET_KEY must be set to at least 32 random characters.")
    if not settings.stripe.secret_key:
        faults.append("STRIPE_SECRET_KEY is missing: without it nobody can pay.")
    if not settings.stripe.webhook_secret.startswith("whsec_"):
        faults.append("STRIPE_WEBHOOK_SECRET is missing; it is the whsec_… of the webhook endpoint in Stripe.")


def _check_production(settings: Settings, env: Mapping[str, str], faults: list[str]) -> None:
    if settings.stripe.is_sandbox or settings.stripe.api_base:
        faults.append("The payment sandbox is never used in production: set STRIPE_SECRET_KEY, unset STRIPE_API_BASE.")
    if settings.stripe.secret_key.startswith(("sk_test", "rk_test")):
        faults.append("STRIPE_SECRET_KEY is a test key; production needs a live one.")
    if settings.stripe.webhook_secret == LOCAL_WEBHOOK_SECRET:
        faults.append("STRIPE_WEBHOOK_SECRET is the sandbox's; production needs its own.")
    if not settings.https:
        faults.append("HTTPS=0 would send session cookies in the clear; production refuses it.")
    if not settings.mail.smtp_url:
        faults.append("SMTP_URL is missing: order confirmations must reach people.")
    if "DATABASE_URL" not in env:
        faults.append("DATABASE_URL is missing: production does not choose a database by itself.")
    if _flag(env, "DEMO", False, faults):
        faults.append("DEMO=1 makes log-ins with known passwords; production refuses it.")
    if not settings.limits.enabled:
        faults.append("LIMITS=0 switches rate limits off; production refuses it.")


def _database_url(url: str, faults: list[str]) -> str:
    """The URL with the async driver we use, from any of the spellings people have."""
    scheme, _, rest = url.partition("://")
    match scheme.partition("+")[0]:
        case "sqlite":
            return f"sqlite+aiosqlite://{rest}"
        case "postgres" | "postgresql":
            return f"postgresql+asyncpg://{rest}"
    faults.append(f"DATABASE_URL begins with {scheme!r}; it must be postgresql://… or sqlite:///…")
    return url


def _url(env: Mapping[str, str], name: str, schemes: tuple[str, ...], faults: list[str]) -> str | None:
    value = env.get(name)
    if not value:
        return None
    parts = urlsplit(value)
    if parts.scheme not in schemes or not (parts.netloc or parts.path):
        faults.append(f"{name} must look like {schemes[0]}://…")
    return value


def _storage_url(env: Mapping[str, str], default: str, faults: list[str]) -> str:
    url = env.get("STORAGE_URL") or default
    parts = urlsplit(url)
    if parts.scheme == "s3":
        if not parts.netloc:
            faults.append("STORAGE_URL must look like s3://bucket/prefix?endpoint=https://…&region=…")
        if bool(env.get("AWS_ACCESS_KEY_ID")) != bool(env.get("AWS_SECRET_ACCESS_KEY")):
            faults.append("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both, or neither.")
    elif parts.scheme != "file" or not parts.path.startswith("/"):
        faults.append("STORAGE_URL must look like file:///folder or s3://bucket/prefix?endpoint=https://…&region=…")
    return url


def _key(env: Mapping[str, str], name: str, faults: list[str]) -> str | None:
    """A private key of the curve P-256, 32 bytes in base64url."""
    value = env.get(name)
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{43}", value):
        faults.append(f"{name} must be a key of 43 characters, as `tavola push-key` prints one.")
        return None
    return value or None


def _number(env: Mapping[str, str], name: str, default: int, faults: list[str]) -> int:
    value = env.get(name, "")
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 1_000_000:
        faults.append(f"{name} is {value!r}; it must be a whole number above zero.")
        return default
    return int(value)


def _flag(env: Mapping[str, str], name: str, default: bool, faults: list[str]) -> bool:
    value = env.get(name, "").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        faults.append(f"{name} is {value!r}; it must be 1 or 0.")
    return default


def _hosts(value: str, faults: list[str]) -> dict[str, str]:
    """SHOP_HOSTS="shop.example=tavola,other.example=rachel" adds host names to shops."""
    hosts: dict[str, str] = {}
    for pair in filter(None, (p.strip() for p in value.split(","))):
        host, sep, slug = pair.partition("=")
        if not sep or not host or not slug:
            faults.append(f"SHOP_HOSTS has {pair!r}; it must be host=shop.")
        hosts[host.lower()] = slug
    return hosts
