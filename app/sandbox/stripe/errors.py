"""How the stand-in says no, in Stripe's words."""

from typing import Any


class Refuse(Exception):
    """An answer other than 200.

    keeps: whether what was written before the refusal stays (a declined card leaves a failed charge behind).
    refused_by: "schema" when the request itself was malformed (listed by /_control/refusals), "rule" otherwise.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        param: str = "",
        status: int = 400,
        type: str = "invalid_request_error",
        keeps: bool = False,
        refused_by: str = "rule",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps = keeps
        self.refused_by = refused_by
        self.code = code
        self.error: dict[str, Any] = {"type": type, "message": message, **more}
        if code:
            self.error["code"] = code
        if param:
            self.error["param"] = param

    def body(self) -> dict[str, Any]:
        """The JSON that goes over the wire: {"error": {...}}."""
        return {"error": self.error}


def missing(kind: str, id: str, param: str = "id", status: int = 404) -> Refuse:
    """404 for an id in the path, 400 for an id inside the parameters (GUESS: as the SDK's users see it)."""
    return Refuse(f"No such {kind}: '{id}'", code="resource_missing", param=param, status=status)
