"""The tokens of X-Ray filter expressions, each with its position for error messages."""

from __future__ import annotations

import re
from dataclasses import dataclass


class FilterError(ValueError):
    """A filter expression that is wrong or not supported here; the message names the token and its position."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    index: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}' at character {self.index + 1}"


def tokens(expression: str) -> list[Token]:
    """Return the tokens of an expression; the last is of kind `end`."""
    found: list[Token] = []
    index = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(expression, index)
        assert match is not None  # noqa: S101 (for mypy: the kind `other` matches any other text)
        assert match.lastgroup is not None  # noqa: S101 (for mypy: every kind is a named group)
        found.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        index = match.end()
    return found


_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<annotation>annotation(?:\.[\w:]+|\[\s*\"?[\w:.-]+\"?\s*\]))"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator><=|>=|!=|=|<|>|!|\(|\)|\{|\})|(?P<word>[A-Za-z][\w.]*)|(?P<end>$)|(?P<other>\S+))"
)
