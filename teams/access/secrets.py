"""What a token looks like: `slc_<8 characters to find it by>_<43 secret characters>`."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def random_text(length: int) -> str:
    """Letters and digits from the system's generator; 5.95 bits a character."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_token() -> tuple[str, str, str]:
    """(the whole token, its prefix, its digest). The token itself is shown once and kept nowhere."""
    prefix, secret = random_text(8), random_text(43)
    return f"slc_{prefix}_{secret}", prefix, digest(secret)


def split(token: str) -> tuple[str, str] | None:
    """(prefix, secret) of a well-formed token."""
    parts = token.split("_")
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "slc" else None


def digest(secret: str) -> str:
    """SHA-256: 256 bits of entropy need no slow hash (OWASP ASVS 5.0, 6.5.2)."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def same(secret: str, stored: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(digest(secret), stored)
