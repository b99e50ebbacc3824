"""What a name may be made of: nothing that cannot be seen, turns the text around, or passes for another script."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Scripts whose letters look like one another's. Words of one script, side by side, are fine.
ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
JOINERS = "\u200c\u200d"  # some scripts, and pictures of several parts, need them
BREAKS = "\t\n\r"

UNSEEN = _("This has characters that cannot be seen or that turn the text around. Type it anew.")
MIXED = _("“%(word)s” mixes letters of several scripts that look alike. Write each word in one script.")


def is_unseen(character: str) -> bool:
    """Control and format characters: nobody sees them, some change what others look like."""
    return character not in JOINERS + BREAKS and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")


def scripts_of(word: str) -> set[str]:
    """The scripts, of those that look alike, that a word's letters are of."""
    names = (unicodedata.name(character, "") for character in word if character.isalpha())
    return {script for name in names for script in ALIKE if name.startswith(script)}


def name_is_plain(text: str) -> None:
    """Raises ValidationError for a name that could pass for another."""
    if any(is_unseen(character) for character in text):
        raise ValidationError(UNSEEN, code="unseen")
    for word in text.split():
        if len(scripts_of(word)) > 1:
            raise ValidationError(MIXED, code="mixed", params={"word": word[:40]})


def address_is_plain(email: str) -> None:
    """Raises ValidationError for an e-mail address with letters that can pass for others'."""
    if not email.isascii():
        raise ValidationError(_("Write the address with plain letters (a to z)."), code="not_plain")
