"""The domain says no, in a sentence that tells a person what to do."""

from __future__ import annotations


class Refused(Exception):
    """A rule forbids the act; `message` (a message id) with `params` is the sentence for the user.

    `field` names the form field it belongs to, so that a page can show it beside what was typed.
    """

    def __init__(self, message: str, /, *, field: str | None = None, **params: object) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.params = params
        self.field = field
