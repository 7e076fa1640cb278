"""What web push asks of a sender: a message that one browser alone can read (RFC 8291), and our name (RFC 8292)."""

import base64
import json
import os
import struct
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.kernel import clock

CURVE = ec.SECP256R1()
RECORD = 4096  # bytes; every push service takes a body of this size (RFC 8291, 4)
MOST = RECORD - 103  # of a message: the body also holds salt, our key, tag and delimiter
LAST_RECORD = b"\x02"
NAMED_FOR = timedelta(hours=12)  # at most 24 (RFC 8292, 2)


def text(raw: bytes) -> str:
    """base64url without padding, as all of web push writes bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(written: str) -> bytes:
    """Raises ValueError for what is no base64url."""
    if not written.isascii():
        raise ValueError(written)
    return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)


def new_key() -> str:
    """A private key to name ourselves by, written as settings have it."""
    return text(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))


def private_key(written: str) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError for what is no key."""
    number = raw(written)
    if len(number) != 32:
        raise ValueError("32 bytes")
    return ec.derive_private_key(int.from_bytes(number, "big"), CURVE)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, uncompressed: 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def is_browsers(p256dh: str, auth: str) -> bool:
    """Can something be sealed for a browser that gives these?"""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, raw(p256dh))
        return len(raw(p256dh)) == 65 and len(raw(auth)) == 16
    except ValueError:
        return False


def sealed(
    message: bytes,
    p256dh: str,
    auth: str,
    *,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push message (RFC 8188, aes128gcm). message: at most MOST bytes; key, salt: given by tests only.

    p256dh, auth: of the browser. Raises ValueError for a message too long.
    """
    if len(message) > MOST:
        raise ValueError(f"{len(message)} bytes")
    key, salt = key or ec.generate_private_key(CURVE), salt or os.urandom(16)
    theirs = raw(p256dh)
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
    secret = _derived(shared, raw(auth), b"WebPush: info\0" + theirs + point(key), 32)
    nonce = _derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    box = AESGCM(_derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16))
    head = salt + struct.pack("!IB", RECORD, 65) + point(key)
    return head + box.encrypt(nonce, message + LAST_RECORD, None)


def named(key: ec.EllipticCurvePrivateKey, audience: str, contact: str) -> str:
    """The Authorization header that says who sends (VAPID). audience: scheme and host of the push service."""
    until = clock.now() + NAMED_FOR
    claims = {"aud": audience, "exp": int(until.timestamp()), "sub": f"mailto:{contact}"}
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    unsigned = ".".join(text(part) for part in parts)
    r, s = decode_dss_signature(key.sign(unsigned.encode(), ec.ECDSA(SHA256())))
    signature = text(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={unsigned}.{signature}, k={text(point(key))}"


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
