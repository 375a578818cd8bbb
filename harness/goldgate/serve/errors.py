"""Errors of the API, in the shape that OpenAI's clients read."""

from __future__ import annotations

from typing import Any

INVALID = "invalid_request_error"
SERVER = "server_error"


class ApiError(Exception):
    """What a client is told.

    Attributes:
        status: HTTP status.
        code: Short name of the error, for programs.
        message: What is wrong and what to do. It says nothing of a prompt or an answer.
        param: The field of the request that is wrong, if one is.
        retry: Seconds after which the client may ask again; None if that would not help.
    """

    def __init__(
        self, status: int, code: str, message: str, param: str | None = None, retry: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry = retry

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the response."""
        kind = INVALID if self.status < 500 else SERVER
        return {"error": {"message": self.message, "type": kind, "code": self.code, "param": self.param}}

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        return {} if self.retry is None else {"Retry-After": str(self.retry)}


def overloaded(waiting: int) -> ApiError:
    """Too many requests wait for a slot."""
    return ApiError(503, "overloaded", f"{waiting} requests are waiting; ask again later", retry=1)


def engine_gone(retry: int = 2) -> ApiError:
    """The engine has ended or does not answer."""
    return ApiError(503, "engine_unavailable", "the model's engine does not answer; it is started again", retry=retry)


def invalid_answer(why: str) -> ApiError:
    """The model's answer breaks a rule that the task states."""
    return ApiError(502, "invalid_answer", f"the model's answer is not valid: {why}")
