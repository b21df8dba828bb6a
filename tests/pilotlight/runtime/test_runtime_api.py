"""What the lean client reads: responses in pieces, in chunks, with and without a length (RFC 9112)."""

from __future__ import annotations

import socket
import threading

import pytest

from pilotlight.runtime.runtime_api import Response, RuntimeApiError

BODY = bytes(range(256)) * 1200
HEAD = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r1\r\nEmpty:\r\n"


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;a=b\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def read(sent: bytes, piece: int) -> Response:
    """Read a response that arrives in pieces of this size."""
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def send() -> None:
            for at in range(0, len(sent), piece):
                theirs.sendall(sent[at : at + piece])
            theirs.shutdown(socket.SHUT_WR)

        sending = threading.Thread(target=send)
        sending.start()
        try:
            return Response(ours, b"")
        finally:
            ours.close()
            sending.join()


@pytest.mark.parametrize("piece", [7, 1000, 1_000_000])
@pytest.mark.parametrize("size", [100, 4096, 1_000_000])
def test_a_large_event_in_chunks_arrives_whole_and_the_connection_is_kept(piece: int, size: int) -> None:
    response = read(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY, size), piece)
    assert (response.status, response.body, response.is_kept) == (200, BODY, True)
    assert response.headers == {"lambda-runtime-aws-request-id": "r1", "transfer-encoding": "chunked"}


@pytest.mark.parametrize("piece", [7, 1000, 1_000_000])
def test_one_with_a_length_does_too(piece: int) -> None:
    response = read(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY), piece)
    assert (response.body, response.is_kept) == (BODY, True)


def test_one_without_a_length_ends_with_its_connection() -> None:
    response = read(HEAD + b"\r\n" + BODY, 1000)
    assert (response.body, response.is_kept) == (BODY, False)


@pytest.mark.parametrize("sent", [HEAD, HEAD + b"Content-Length: 9\r\n\r\n1234", b"SSH-2.0-nonsense\r\n\r\n"])
def test_what_is_no_whole_response_is_an_error(sent: bytes) -> None:
    with pytest.raises(RuntimeApiError):
        read(sent, 5)
