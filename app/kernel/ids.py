"""Tokens that let somebody in, and how we keep them: only their hash is stored."""

import hashlib
import secrets


def token() -> str:
    """43 URL-safe characters, 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(value: str) -> str:
    """What is stored of a token: SHA-256 in hex. A plain hash is enough, since the token itself is random."""
    return hashlib.sha256(value.encode()).hexdigest()
