"""The lean runtime client: it receives events and posts results in place of AWS's `awslambdaric`, where asked to."""


class FaultError(Exception):
    """An invocation or an init that failed outside the handler, with the type that Lambda knows it by."""

    def __init__(self, error_type: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.trace = trace
