"""The words of X-Ray filter expressions, each with its position, so that a refusal can name it."""

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
    """The tokens of an expression, the last of kind `end`."""
    found: list[Token] = []
    index = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(expression, index)
        # Whatever is no token of the language is one of kind `other`, so that something always matches.
        assert match is not None  # noqa: S101
        assert match.lastgroup is not None  # noqa: S101
        found.append(Token(match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
        index = match.end()
    return found


_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\")|(?P<annotation>annotation(?:\.[\w:]+|\[\s*\"?[\w:.-]+\"?\s*\]))"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<operator><=|>=|!=|=|<|>|!|\(|\)|\{|\})|(?P<word>[A-Za-z][\w.]*)|(?P<end>$)|(?P<other>\S+))"
)
