"""The one exception for "not now, and this is why"."""

from django.utils.functional import Promise


class Refused(Exception):
    """An action that may not happen now; `sentence` is fit for a person, `code` for a machine."""

    def __init__(self, sentence: str | Promise, code: str = "refused", status: int = 409) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.status = status
