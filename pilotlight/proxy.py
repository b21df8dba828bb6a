"""API Gateway's REST proxy event in, a valid REST proxy response out.

Shapes and limits: "Set up Lambda proxy integrations in API Gateway" and "Lambda quotas" in the AWS documentation.
"""

from __future__ import annotations

from _json import encode_basestring_ascii, make_encoder  # `json` loads `re`, half of a lean client's cold start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    HeaderValue = str | int | Sequence[str | int]

EXPOSED = "X-Request-Id"
"""The header of every response that names it in the log; web pages may read it."""
_OF_AN_API = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
"""For what a browser would do with a response that is data ("REST Security Cheat Sheet" of OWASP): take text for a
script, and keep what was for one user. A route's own values replace them."""
_MOST_PATH_CHARACTERS = 16_384
"""API Gateway takes 10,240 bytes for the path and all headers ("Quotas for configuring and running a REST API")."""
_ADDED_TO = frozenset(("access-control-expose-headers", "vary"))
"""Headers of ours that a route's own values are added to."""
RESPONSE_LIMIT_BYTES = 6 * 1024 * 1024
"""The largest JSON that Lambda accepts as a synchronous response; above it API Gateway returns 502."""


class HttpError(Exception):
    """Raise it in a route to return `{"error": <the status in words>, "detail": detail}` with that status."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        if status not in _STATUS_WORDS:
            raise ValueError(f"the status of an HttpError must be an HTTP error status such as 400, not {status!r}")
        super().__init__(status, detail)
        self.status = int(status)  # a member of http.HTTPStatus too
        self.detail = detail
        self.headers = dict(headers or {})


class Response:
    """What a route returns where a plain dict is not enough.

    `body`: str (text), bytes (binary), None (no body), or anything else that has a form in JSON: see
    `pilotlight.json_values`. `status`: an int such as 201, or a member of `http.HTTPStatus`. A header's value is a str
    or an int, or a list of them for a header that is sent several times; `Content-Length` is API Gateway's to count.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, body: object = None, status: int = 200, headers: Mapping[str, HeaderValue] | None = None
    ) -> None:
        self.body = body
        self.status = status
        self.headers = dict(headers or {})


class Headers(dict[str, str]):
    """Header names of any case to their (last) value."""

    __slots__ = ()

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


class Request:
    """One HTTP request.

    `path` is the path that the client requested, without the stage. `query` and `headers` hold the last value of each
    name, `multi_value_query` and `multi_value_headers` all of them. `body` is what the content type declares: parsed
    JSON, a str for text, XML, forms and JavaScript, else bytes; None without a body. `event` and `context` are
    Lambda's.
    """

    __slots__ = ("_headers", "_query", "body", "context", "event", "method", "path", "path_parameters", "route_path")

    def __init__(self, event: Mapping[str, Any], context: object) -> None:
        """Raise HttpError(400) for an event that is not of API Gateway's REST proxy shape."""
        method, path = event.get("httpMethod"), event.get("path")
        if not (isinstance(method, str) and isinstance(path, str) and path.startswith("/")):
            raise HttpError(400, "not an API Gateway REST proxy event")
        if len(path) > _MOST_PATH_CHARACTERS:
            raise HttpError(414, f"a path has at most {_MOST_PATH_CHARACTERS} characters")
        self.method = method.upper()
        self.path = path
        self.route_path = _route_path(event, path)
        self.path_parameters: dict[str, str] = {}
        for name in _VALUES:
            if not isinstance(event.get(name) or {}, dict):
                raise HttpError(400, f"not an API Gateway REST proxy event: {name} is not an object")
        self._query: tuple[dict[str, str], dict[str, list[str]]] | None = None
        self._headers: tuple[Headers, dict[str, list[str]]] | None = None
        self.body: Any = None
        self.event = event
        self.context = context

    # Read on first use: most routes read few headers, and lower-casing all is half of a small request's work.
    @property
    def query(self) -> dict[str, str]:
        """The last value of each query parameter."""
        return self._both_queries()[0]

    @property
    def multi_value_query(self) -> dict[str, list[str]]:
        """All values of each query parameter."""
        return self._both_queries()[1]

    @property
    def headers(self) -> Headers:
        """The last value of each header, found by a name of any case."""
        return self._both_headers()[0]

    @property
    def multi_value_headers(self) -> dict[str, list[str]]:
        """All values of each header, by its name in lower case."""
        return self._both_headers()[1]

    def _both_queries(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        if self._query is None:
            self._query = _values(self.event, "queryStringParameters", "multiValueQueryStringParameters")
        return self._query

    def _both_headers(self) -> tuple[Headers, dict[str, list[str]]]:
        if self._headers is None:
            last, every = _values(self.event, "headers", "multiValueHeaders")
            lowered = Headers({name.lower(): value for name, value in last.items()})
            self._headers = lowered, {name.lower(): values for name, values in every.items()}
        return self._headers

    def read_body(self) -> None:
        """Fill `body`. Raises HttpError: 400 for what is not as declared, 415 for what is not decoded."""
        if not self.event.get("body"):
            return
        from pilotlight import bodies  # most requests have no body

        headers = self.headers
        try:
            raw = bodies.raw_body(self.event)
            self.body = bodies.read_body(raw, headers.get("content-type", ""), headers.get("content-encoding", ""))
        except bodies.BodyError as error:
            raise HttpError(error.status, error.detail, error.headers) from error

    @property
    def raw_body(self) -> bytes:
        """The body as the client sent it, for a signature over it; empty without a body."""
        if not self.event.get("body"):
            return b""
        from pilotlight import bodies

        return bodies.raw_body(self.event)

    @property
    def form(self) -> dict[str, str]:
        """The last value of each field of an `application/x-www-form-urlencoded` body; empty for another type."""
        return {name: values[-1] for name, values in self.multi_value_form.items()}

    @property
    def multi_value_form(self) -> dict[str, list[str]]:
        """All values of each field of such a body."""
        from pilotlight import bodies

        media_type, _ = bodies.parse_content_type(self.headers.get("content-type", ""))
        return bodies.parse_form(self.body) if media_type == bodies.FORM else {}

    @property
    def cookies(self) -> dict[str, str]:
        """The value of each cookie, as it was sent; the first where a name comes twice (RFC 6265, section 5.4)."""
        found: dict[str, str] = {}
        for header in self.multi_value_headers.get("cookie", []):
            for pair in header.split(";"):
                name, equals, value = pair.strip(" \t").partition("=")
                if equals and name:
                    found.setdefault(name, value.strip('"') if value[:1] == value[-1:] == '"' else value)
        return found

    @property
    def authorizer(self) -> dict[str, Any]:
        """What the authorizer said of the client: Cognito's `claims`, or a Lambda authorizer's context; else empty."""
        return self._of_context("authorizer")

    @property
    def identity(self) -> dict[str, Any]:
        """Who the client is to API Gateway: `sourceIp`, `userAgent`, `apiKey`, …"""
        return self._of_context("identity")

    def _of_context(self, name: str) -> dict[str, Any]:
        context = self.event.get("requestContext")
        found = context.get(name) if isinstance(context, dict) else None
        return found if isinstance(found, dict) else {}


def encoder(to_json: Callable[[Any], Any] | None = None) -> Callable[[object], str]:
    """Return a function that makes JSON of a response's body.

    `to_json` returns what stands in JSON for a value of a service's own type, and raises TypeError for any other.
    """

    def default(value: Any) -> Any:
        if to_json is not None:
            try:
                return to_json(value)
            except TypeError:
                pass  # not one of the service's own
        from pilotlight.json_values import plain  # most responses have only JSON's own types

        return plain(value)

    def encode(body: object) -> str:
        write = make_encoder(
            {}, default, encode_basestring_ascii, None, ": ", ", ", False, False, False
        )  # as `json` does
        return "".join(write(body, 0))

    def encode_any(body: object) -> str:
        try:
            return encode(body)
        except TypeError:
            from pilotlight.json_values import with_text_keys

            return encode(with_text_keys(body))  # raises again for what has no form in JSON

    return encode_any


def render(
    response: Response,
    *,
    request_id: str,
    cors: Mapping[str, str],
    head: bool = False,
    encode: Callable[[object], str] | None = None,
) -> dict[str, Any]:
    """The proxy response: `statusCode`, `headers`, `body` (always a str), `isBase64Encoded`.

    `cors` are the headers by which web pages may read it; `head` leaves the body out. Raises ValueError or TypeError,
    naming the cause, for a response that API Gateway would refuse: a status or header that is not HTTP, a body that is
    not JSON, or more than RESPONSE_LIMIT_BYTES.
    """
    status = response.status
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise ValueError(f"the status of a response must be an int from 200 to 599, not {status!r}")
    status = int(status)
    content_type, body, is_base64 = _encode_body(response.body, encode or _encode_json)
    headers: dict[str, str] = {
        EXPOSED: request_id,
        **cors,
        **_OF_AN_API,
    }
    if content_type:
        headers["Content-Type"] = content_type
    rendered: dict[str, Any] = {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": is_base64}
    characters = _add_headers(rendered, response.headers) if response.headers else 0
    if head or status in (204, 304):
        rendered["body"], rendered["isBase64Encoded"] = "", False
        body = ""
    if (characters + len(body)) * 12 > RESPONSE_LIMIT_BYTES:  # a character is at most 12 bytes of JSON
        import json  # only a large response needs it

        size = len(json.dumps(rendered).encode())
        if size > RESPONSE_LIMIT_BYTES:
            raise ValueError(f"the response has {size} bytes, but Lambda's limit is {RESPONSE_LIMIT_BYTES}")
    return rendered


def error_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """The response for an error, with the body `{"error": <status in words>, "detail": detail}`."""
    return Response({"error": _STATUS_WORDS[status], "detail": detail}, status, headers)


_STATUS_WORDS = {
    400: "bad request",
    401: "unauthorized",
    402: "payment required",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    406: "not acceptable",
    407: "proxy authentication required",
    408: "request timeout",
    409: "conflict",
    410: "gone",
    411: "length required",
    412: "precondition failed",
    413: "content too large",
    414: "uri too long",
    415: "unsupported media type",
    416: "range not satisfiable",
    417: "expectation failed",
    418: "i'm a teapot",
    421: "misdirected request",
    422: "unprocessable content",
    423: "locked",
    424: "failed dependency",
    425: "too early",
    426: "upgrade required",
    428: "precondition required",
    429: "too many requests",
    431: "request header fields too large",
    451: "unavailable for legal reasons",
    500: "internal server error",
    501: "not implemented",
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
    505: "http version not supported",
    506: "variant also negotiates",
    507: "insufficient storage",
    508: "loop detected",
    510: "not extended",
    511: "network authentication required",
}
"""`http.HTTPStatus` has these words too, but importing it would make a cold start's first error 1 ms slower."""
_VALUES = ("queryStringParameters", "multiValueQueryStringParameters", "headers", "multiValueHeaders")
_encode_json = encoder()
"""Made once: `json.dumps` makes a new encoder for every call with an argument that is not its default."""


def _route_path(event: Mapping[str, Any], path: str) -> str:
    """The path that routes match: `path` without a custom domain's base path mapping, which it begins with.

    `resource` is the template that API Gateway matched, so it says how many segments at the path's end are the API's.
    """
    resource = event.get("resource")
    if not isinstance(resource, str) or not resource.startswith("/"):
        return path
    if resource == path:
        return path
    if resource == "/":
        return "/"
    parameters = event.get("pathParameters")
    if not isinstance(parameters, dict):
        parameters = {}
    if resource == "/{proxy+}" and parameters.get("proxy") == path[1:]:
        return path
    parts, template = path.strip("/").split("/"), resource[1:].split("/")
    length = len(template)
    if template[-1].endswith("+}"):
        length += str(parameters.get(template[-1][1:-2], "")).strip("/").count("/")
    own = parts[-length:]
    if length >= len(parts) or not all(map(_is_of_template, template, own)):
        return path
    return "/" + "/".join(own)


def _is_of_template(segment: str, part: str) -> bool:
    return segment.startswith("{") or segment == part or segment == unquoted(part)


def unquoted(text: str) -> str:
    """A segment of a path, decoded once."""
    if "%" not in text:
        return text
    from urllib.parse import unquote  # 4 ms, and only an encoded segment needs it

    return unquote(text)


def _values(event: Mapping[str, Any], single: str, multiple: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The last value and all values of each name; API Gateway sends null where there are none."""
    last: dict[str, str] = event.get(single) or {}
    every: dict[str, list[str]] = event.get(multiple) or {}
    if every:
        every = {name: [str(value) for value in values] for name, values in every.items() if isinstance(values, list)}
        last = {**{name: values[-1] for name, values in every.items() if values}, **last}
    else:
        every = {name: [value] for name, value in last.items()}
    return last, every


def _encode_body(body: object, encode: Callable[[object], str]) -> tuple[str | None, str, bool]:
    """Content type, body as str, and whether that str is base64."""
    if isinstance(body, dict | list):
        return "application/json", encode(body), False
    if isinstance(body, str):
        body.encode()  # fails here for a lone surrogate, which has no UTF-8 and would break the response later
        return "text/plain; charset=utf-8", body, False
    if body is None:
        return None, "", False
    if isinstance(body, bytes | bytearray | memoryview):
        import binascii  # only a binary response needs it

        return "application/octet-stream", binascii.b2a_base64(bytes(body), newline=False).decode("ascii"), True
    if isinstance(body, int | float):
        raise TypeError(f"a body must be an object, a list, text, bytes or None, not {body!r}")
    return "application/json", encode(body), False


def _add_headers(rendered: dict[str, Any], added: Mapping[str, HeaderValue]) -> int:
    """Add a route's own headers, which replace ours; return how many characters they have.

    A name is one header in whatever case it comes: its last value counts, but each Set-Cookie is sent.
    """
    headers: dict[str, str] = rendered["headers"]
    names = {name.lower(): name for name in headers}
    several: dict[str, list[str]] = {}
    characters = 0
    for name, value in added.items():
        _check_header_name(name)
        lower, texts = name.lower(), _header_texts(name, value)
        characters += sum(map(len, (name, *texts)))
        if lower == "content-length":
            continue  # API Gateway counts the body itself
        if lower in _ADDED_TO and lower in names:
            texts = [", ".join((headers[names[lower]], *texts))]
        earlier = names.get(lower)
        if lower == "set-cookie" and earlier is not None:
            texts = [*(several.pop(earlier, None) or [headers.pop(earlier)]), *texts]
        elif earlier is not None:
            headers.pop(earlier, None)
            several.pop(earlier, None)
        names[lower] = name
        if len(texts) == 1:
            headers[name] = texts[0]
        else:
            several[name] = texts
    if several:
        rendered["multiValueHeaders"] = several
    return characters


def _check_header_name(name: object) -> None:
    if not isinstance(name, str) or not name or not name.isascii() or not name.isprintable():
        raise ValueError(f"{name!r} is not a header name")
    if any(character in ' ":,;()<>@[]{}?=/\\' for character in name):
        raise ValueError(f"{name!r} is not a header name")


def _header_texts(name: str, value: HeaderValue) -> list[str]:
    """The values of a header. Raises TypeError or ValueError that says what to write instead."""
    values = value if isinstance(value, list | tuple) else [value]
    for each in values:
        if not isinstance(each, str | int) or isinstance(each, bool):
            raise TypeError(f"header {name!r} must be a str, an int or a list of them, not {type(each).__name__}")
        text = str(each)
        if not text.isascii():
            raise ValueError(
                f"header {name!r} has {text[:40]!r}, which is not ASCII: encode it, such as a file name by "
                "\"attachment; filename*=UTF-8''\" + urllib.parse.quote(name) (RFC 5987)"
            )
        if not text.isprintable():
            raise ValueError(f"header {name!r} has a value that HTTP does not allow: {text[:40]!r}")
    return [str(each) for each in values]
