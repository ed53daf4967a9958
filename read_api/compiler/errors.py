"""Why an operation is executed by the resolvers instead."""

from enum import StrEnum


class Reason(StrEnum):
    """Few, so that they can be counted one by one."""

    NOT_A_QUERY = "not_a_query"
    INTROSPECTION = "introspection"
    RESOLVER = "resolver"
    """A field has no declared source."""
    DIRECTIVE = "directive"
    REFUSED = "refused"
    """An argument will be answered with an error, which the resolvers word."""
    VARIABLES = "variables"
    NULL = "null"
    """Nothing was found where something must be."""
    UNSUPPORTED = "unsupported"


class NotCompilable(Exception):
    """No statement answers this operation, whatever its values."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
