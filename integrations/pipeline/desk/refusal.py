"""The one way in which a command of a person says no."""


class Refused(Exception):
    """Raised when a command cannot be carried out; `message` is a sentence for the person who gave it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
