"""The ways to say no. Anything else that is raised is a bug and ends in a 500 page with a reference."""


class Refused(Exception):
    """A rule says no. `message` is a sentence in the reader's language; `field` the form field it concerns."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(Exception):
    """The thing is absent, or not the asker's: both look alike from outside (404)."""


class Forbidden(Exception):
    """The asker is known, and may not (403)."""


class SignInNeeded(Exception):
    """The asker must first say who they are; answered by a redirect to /accedi."""


class TooMany(Exception):
    """A rate limit is reached (429). retry_after: seconds until the next try can succeed."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Conflict(Exception):
    """The thing has changed meanwhile (409). `message` is a sentence in the reader's language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unavailable(Exception):
    """An outside service or our own store does not answer (503). `message`: what to do, in the reader's language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
