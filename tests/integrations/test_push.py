"""A message reaches one browser and nobody else can read it; what the push service answers is understood."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from app import settings as settings_module
from app.integrations import sealing
from app.integrations.push import Push, PushGone, PushLater, PushRefused, Receiver, open_push
from app.kernel import clock
from tests.push import HOST, Device, PushService

# RFC 8291, 5 and appendix A
WORDS = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
SALT, AUTH = "DGv6ra1nlYgDCS1FRnbzlw", "BTBZMqHH6r4Tts7J_aSIgg"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    service = PushService()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def push(service: PushService) -> Push:
    return Push(sealing.new_key(), service.fetcher)


async def send(push: Push, device: Device, message: bytes = b"ciao") -> None:
    receiver = Receiver(**device.form)
    await push.send(receiver, message, contact="negozio@tavola.example", topic="arrived:TP-1", is_urgent=True)


def test_the_example_of_the_rfc_comes_out_byte_for_byte() -> None:
    device = Device(key=sealing.private_key(BROWSER), auth=sealing.raw(AUTH))
    body = sealing.sealed(WORDS, device.form["p256dh"], AUTH, key=sealing.private_key(SENDER), salt=sealing.raw(SALT))

    assert sealing.text(body) == BODY
    assert device.open(body) == WORDS


def test_each_message_has_its_own_key_and_salt_and_opens_for_nobody_else() -> None:
    device, other = Device(), Device()
    bodies = [sealing.sealed(b"ciao", device.form["p256dh"], device.form["auth"]) for _ in range(2)]

    assert len({body[:86] for body in bodies}) == 2
    with pytest.raises(InvalidTag):
        other.open(bodies[0])
    with pytest.raises(ValueError, match="bytes"):
        sealing.sealed(b"x" * (sealing.MOST + 1), device.form["p256dh"], device.form["auth"])
    assert len(sealing.sealed(b"x" * sealing.MOST, device.form["p256dh"], device.form["auth"])) <= 4096


async def test_a_message_arrives_sealed_and_in_our_name(service: PushService, push: Push) -> None:
    device = Device()
    await send(push, device, b'{"body":"Ordine nuovo"}')

    (got,) = service.received
    assert (got.path, got.headers["host"]) == ("/wpush/uno", HOST)
    assert (got.headers["content-encoding"], got.headers["urgency"]) == ("aes128gcm", "high")
    assert int(got.headers["ttl"]) > 0
    assert len(got.headers["topic"]) == 32
    assert b"Ordine" not in got.body
    assert device.read(got.body) == {"body": "Ordine nuovo"}


async def test_our_name_can_be_proved_and_holds_for_this_service_alone(service: PushService, push: Push) -> None:
    await send(push, Device())
    token, key = service.received[0].headers["authorization"].removeprefix("vapid t=").split(", k=")
    head, claims, signature = token.split(".")

    assert key == push.public_key
    assert json.loads(sealing.raw(head)) == {"typ": "JWT", "alg": "ES256"}
    said = json.loads(sealing.raw(claims))
    assert (said["aud"], said["sub"]) == (f"https://{HOST}", "mailto:negozio@tavola.example")
    assert 0 < said["exp"] - clock.now().timestamp() <= 86400
    halves = sealing.raw(signature)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(sealing.CURVE, sealing.raw(key))
    made = encode_dss_signature(int.from_bytes(halves[:32], "big"), int.from_bytes(halves[32:], "big"))
    theirs.verify(made, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        theirs.verify(made, f"{head}.{claims}x".encode(), ec.ECDSA(SHA256()))


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        *((code, PushGone) for code in (404, 410)),
        *((code, PushLater) for code in (429, 500, 503)),
        *((code, PushRefused) for code in (302, 400, 401, 403, 413)),
    ],
)
async def test_what_the_service_answers_is_understood(
    service: PushService, push: Push, status: int, fault: type[Exception]
) -> None:
    service.answers = [status]

    with pytest.raises(fault):
        await send(push, Device())


async def test_a_service_that_fails_is_left_alone_and_the_others_are_not(service: PushService, push: Push) -> None:
    service.answers = [500] * 5
    for _time in range(6):
        with pytest.raises(PushLater):
            await send(push, Device())

    assert len(service.received) == 5
    assert not push.breakers["elsewhere.example"].is_open


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.3", "169.254.169.254", "::1"])
async def test_an_address_inside_is_never_reached_and_forgotten(service: PushService, push: Push, inside: str) -> None:
    service.addresses = [inside]

    with pytest.raises(PushGone):
        await send(push, Device())
    assert service.received == []


async def test_a_service_that_nobody_finds_may_be_there_later(service: PushService, push: Push) -> None:
    await service.stop()

    with pytest.raises(PushLater):
        await send(push, Device())


def test_the_key_of_a_local_machine_is_made_once_and_production_has_only_its_own(tmp_path: Path) -> None:
    local = settings_module.read({"DATA_DIR": str(tmp_path)})
    first, again = open_push(local), open_push(local)
    assert first
    assert again
    assert first.public_key == again.public_key
    assert (tmp_path / "vapid.key").stat().st_mode & 0o077 == 0

    deployed = {
        "ENVIRONMENT": "staging", "SECRET_KEY": "k" * 48, "STRIPE_SECRET_KEY": "sk", "STRIPE_WEBHOOK_SECRET": "whsec_x",
        "DATA_DIR": str(tmp_path / "elsewhere"),
    }  # fmt: skip
    assert open_push(settings_module.read(deployed)) is None
    own = open_push(settings_module.read({**deployed, "VAPID_PRIVATE_KEY": SENDER}))
    assert own
    assert own.public_key.startswith("BP4z9KsN6nGR")


def test_a_key_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(settings_module.BadSettings) as bad:
        settings_module.read({"VAPID_PRIVATE_KEY": "segreto"})

    assert "VAPID_PRIVATE_KEY" in str(bad.value)
    assert "segreto" not in str(bad.value)
