"""X-Ray filter expressions: the part of the language that this project uses; the rest is refused by name.

From "Using filter expressions" in the X-Ray developer guide:

    expression := term (("AND" | "OR" | nothing, which means AND) term)*       AND binds closer than OR
    term       := "!" term | "(" expression ")" | comparison
    comparison := ok | error | fault | throttle | partial, alone or with = or != true or false
                | responsetime | duration | http.status, with = != < <= > >= and a number
                | http.url | http.method | http.useragent | http.clientip | group.name | group.arn, with = or != and a
                  string (the http ones also with CONTAINS, BEGINSWITH, ENDSWITH)
                | annotation[key] | annotation.key, alone (the annotation exists) or compared with any value
                | service("name"), without conditions of its own

A trace may carry several values under one annotation key: a comparison holds when it holds for one of them, and never
between values of different types.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from pilotlight_tools.local.xray.filter_tokens import FilterError, Token, tokens

Summary = dict[str, Any]
Predicate = Callable[[Summary], bool]
FindGroup = Callable[[str], str]
"""Returns the filter expression of a group by its name or ARN. Raises KeyError when there is none."""
Value = str | float | bool


def compile_filter(expression: str, find_group: FindGroup) -> Predicate:
    """Compile this expression to a predicate over trace summaries (the API's TraceSummary shape)."""
    try:
        return _Parser(expression, find_group).parse()
    except RecursionError:
        raise FilterError("The expression is nested too deeply") from None


_BOOLEANS: dict[str, Predicate] = {
    "ok": lambda summary: not (summary["HasError"] or summary["HasFault"] or summary["HasThrottle"]),
    "error": lambda summary: bool(summary["HasError"]),
    "fault": lambda summary: bool(summary["HasFault"]),
    "throttle": lambda summary: bool(summary["HasThrottle"]),
    "partial": lambda summary: bool(summary["IsPartial"]),
}
_NUMBERS: dict[str, Callable[[Summary], Any]] = {
    "responsetime": lambda summary: summary.get("ResponseTime"),
    "duration": lambda summary: summary.get("Duration"),
    "http.status": lambda summary: summary["Http"].get("HttpStatus"),
}
_STRINGS: dict[str, Callable[[Summary], Any]] = {
    "http.url": lambda summary: summary["Http"].get("HttpURL"),
    "http.method": lambda summary: summary["Http"].get("HttpMethod"),
    "http.useragent": lambda summary: summary["Http"].get("UserAgent"),
    "http.clientip": lambda summary: summary["Http"].get("ClientIp"),
}
_EQUALITY = {"=": operator.eq, "!=": operator.ne}
_ORDER = _EQUALITY | {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_TEXT = _EQUALITY | {"CONTAINS": operator.contains, "BEGINSWITH": str.startswith, "ENDSWITH": str.endswith}


class _Parser:
    def __init__(self, expression: str, find_group: FindGroup) -> None:
        self._find_group = find_group
        self._tokens = tokens(expression)
        self._next = 0

    def parse(self) -> Predicate:
        predicate = self._either()
        if self._peek.kind != "end":
            raise FilterError(f"Unexpected {self._peek}")
        return predicate

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> Token | None:
        """Take the next token if it is one of `texts` (any token when none is given)."""
        token = self._peek
        if texts and (token.kind == "string" or token.text.upper() not in texts):
            return None
        if token.kind != "end":
            self._next += 1
        return token

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise FilterError(f"Expected '{text}', found {self._peek}")

    def _either(self) -> Predicate:
        choices = [self._both()]
        while self._take("OR"):
            choices.append(self._both())
        return lambda summary: any(choice(summary) for choice in choices)

    def _both(self) -> Predicate:
        terms = [self._term()]
        # The guide's own `ok !partial duration <3` joins terms without a word between them.
        while self._take("AND") or (self._peek.kind != "end" and self._peek.text.upper() not in {"OR", ")"}):
            terms.append(self._term())
        return lambda summary: all(term(summary) for term in terms)

    def _term(self) -> Predicate:
        if self._take("!"):
            negated = self._term()
            return lambda summary: not negated(summary)
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Predicate:
        token = self._peek
        self._take()
        word = token.text.lower()
        if token.kind == "annotation":
            return self._annotation(re.sub(r"^annotation[.\[]|[\]\"\s]", "", token.text))
        if token.kind == "word" and word in _BOOLEANS:
            return self._boolean(_BOOLEANS[word])
        if token.kind == "word" and word in _NUMBERS:
            return _compare(_NUMBERS[word], *self._operator_and(_ORDER, "number"))
        if token.kind == "word" and word in _STRINGS:
            return _compare(_STRINGS[word], *self._operator_and(_TEXT, "string"))
        if token.kind == "word" and word in {"group.name", "group.arn"}:
            return self._group(token)
        if token.kind == "word" and word == "service":
            return self._service()
        raise FilterError(
            f'Unexpected or unsupported {token}; supported here: annotation[key], service("name"), group.name, '
            + ", ".join(["group.arn", *_BOOLEANS, *_NUMBERS, *_STRINGS])
        )

    def _boolean(self, keyword: Predicate) -> Predicate:
        if self._peek.text not in _EQUALITY:
            return keyword
        compare, value = self._operator_and(_EQUALITY, "boolean")
        return lambda summary: bool(compare(keyword(summary), value))

    def _annotation(self, key: str) -> Predicate:
        if self._peek.text not in _ORDER:
            return lambda summary: key in summary["Annotations"]
        compare, value = self._operator_and(_ORDER, "boolean", "number", "string")
        if isinstance(value, bool) and compare not in _EQUALITY.values():
            raise FilterError(f"annotation {key}: a boolean can only be compared with = and !=")
        field = {bool: "BooleanValue", str: "StringValue"}.get(type(value), "NumberValue")

        def holds(summary: Summary) -> bool:
            values = (entry["AnnotationValue"].get(field) for entry in summary["Annotations"].get(key, ()))
            return any(found is not None and compare(found, value) for found in values)

        return holds

    def _group(self, token: Token) -> Predicate:
        compare, value = self._operator_and(_EQUALITY, "string")
        try:
            expression = self._find_group(str(value))
        except KeyError:
            raise FilterError(f"There is no group '{value}' (for {token})") from None
        belongs = compile_filter(expression, self._find_group) if expression else lambda _: True
        return belongs if compare is operator.eq else lambda summary: not belongs(summary)

    def _service(self) -> Predicate:
        self._expect("(")
        token = self._peek
        if token.kind != "string":
            raise FilterError(f"service() here takes a name in quotes, found {token}")
        self._take()
        self._expect(")")
        if self._peek.text == "{":
            raise FilterError(f"Conditions on a service are not supported here: {self._peek}")
        name = _unquote(token.text)
        return lambda summary: any(name in service["Names"] for service in summary["ServiceIds"])

    def _operator_and(self, operators: dict[str, Any], *kinds: str) -> tuple[Callable[[Any, Any], bool], Value]:
        token = self._peek
        name = token.text.upper()
        if token.kind == "string" or name not in operators:
            raise FilterError(f"Expected one of {' '.join(operators)}, found {token}")
        self._take()
        return operators[name], self._value(kinds)

    def _value(self, kinds: tuple[str, ...]) -> Value:
        token = self._peek
        self._take()
        if token.kind == "string" and "string" in kinds:
            return _unquote(token.text)
        if token.kind == "number" and "number" in kinds:
            return float(token.text)
        if token.kind == "word" and token.text.lower() in {"true", "false"} and "boolean" in kinds:
            return token.text.lower() == "true"
        raise FilterError(f"Expected a {' or '.join(kinds)}, found {token}")


def _compare(field: Callable[[Summary], Any], compare: Callable[[Any, Any], bool], value: Value) -> Predicate:
    def holds(summary: Summary) -> bool:
        found = field(summary)
        return found is not None and bool(compare(found, value))

    return holds


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
