"""HTTP/2 frames by hand (RFC 9113), for callers who keep to no rule of a client library."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW = 4
DEFAULT_WINDOW, FRAME = 65_535, 16_384
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"") -> bytes:
    """One frame."""
    return len(body).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + body


def message(body: bytes = b"") -> bytes:
    """A gRPC message, not compressed."""
    return b"\0" + len(body).to_bytes(4) + body


def request(path: bytes, extra: Iterable[tuple[bytes, bytes]] = ()) -> bytes:
    """The header block of a call."""
    usual = (
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":path", path),
        (b":authority", b"node"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    )
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in (*usual, *extra))


def _text(value: bytes) -> bytes:
    size = len(value)
    if size < 127:
        return bytes([size]) + value
    rest, coded = size - 127, [127]
    while rest >= 128:
        coded.append(rest % 128 + 128)
        rest //= 128
    return bytes([*coded, rest]) + value


@dataclass(slots=True)
class Line:
    """A connection on which a test writes what it likes."""

    tls: ssl.SSLSocket
    read: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    """Frames that came: kind, flags, stream, body."""
    _rest: bytes = b""
    _next: int = 1
    _window: int = DEFAULT_WINDOW
    """Bytes that the other side lets through on the connection; below, on a new stream and on each."""
    _initial: int = DEFAULT_WINDOW
    _windows: dict[int, int] = field(default_factory=dict)

    def send(self, *frames: bytes) -> None:
        """Send frames."""
        self.tls.sendall(b"".join(frames))

    def call(self, path: bytes, body: bytes | None = b"", extra: Iterable[tuple[bytes, bytes]] = ()) -> int:
        """Begin a call, with one message unless `body` is None; its stream."""
        stream, self._next = self._next, self._next + 2
        self.send(frame(HEADERS, END_HEADERS, stream, request(path, extra)))
        if body is not None:
            self.send(frame(DATA, END_STREAM, stream, message(body)))
        return stream

    def pour(self, streams: Sequence[int], size: int, quiet: float = 2.0) -> int:
        """Send a message of `size` bytes on each stream, all but the last byte, as far as it is let through.

        Ends when nothing was let through for `quiet` seconds. Gives how many bytes went out.
        """
        left = {stream: memoryview(message(bytes(size)))[:-1] for stream in streams}
        sent, heard = 0, monotonic()
        while monotonic() - heard < quiet:
            for stream, rest in left.items():
                while count := min(len(rest), self._window, self._windows.get(stream, self._initial), FRAME):
                    self.tls.settimeout(20.0)
                    self.send(frame(DATA, 0, stream, bytes(rest[:count])))
                    rest = left[stream] = rest[count:]
                    self._window -= count
                    self._windows[stream] = self._windows.get(stream, self._initial) - count
                    sent, heard = sent + count, monotonic()
            self._receive(0.1)
            self.read.clear()
        return sent

    def wait(self, kind: int, stream: int = 0, seconds: float = 60.0) -> bytes | None:
        """The body of a frame that came on the stream, None if none came; SETTINGS are acknowledged."""
        end = monotonic() + seconds
        while True:
            for found, _, where, body in self.read:
                if (found, where) == (kind, stream):
                    return body
            left = end - monotonic()
            if left <= 0 or not self._receive(left):
                return None

    def _receive(self, seconds: float) -> bool:
        self.tls.settimeout(seconds)
        try:
            got = self.tls.recv(65_536)
        except OSError:
            return False
        self._rest += got
        while len(self._rest) >= 9 and len(self._rest) >= 9 + (size := int.from_bytes(self._rest[:3])):
            kind, flags, stream = self._rest[3], self._rest[4], int.from_bytes(self._rest[5:9])
            body, self._rest = self._rest[9 : 9 + size], self._rest[9 + size :]
            self.read.append((kind, flags, stream, body))
            self._let_through(kind, flags, stream, body)
            if kind == SETTINGS and not flags & ACK:
                with suppress(
                    OSError
                ):  # the other side may be done with us; what it said is still to be read
                    self.send(frame(SETTINGS, ACK))
        return bool(got)

    def _let_through(self, kind: int, flags: int, stream: int, body: bytes) -> None:
        if kind == WINDOW_UPDATE and stream == 0:
            self._window += int.from_bytes(body)
        elif kind == WINDOW_UPDATE:
            self._windows[stream] = self._windows.get(stream, self._initial) + int.from_bytes(body)
        elif kind == SETTINGS and not flags & ACK:
            for name, value in (struct.unpack(">HI", body[at : at + 6]) for at in range(0, len(body), 6)):
                if name == INITIAL_WINDOW:
                    self._windows = {key: each + value - self._initial for key, each in self._windows.items()}
                    self._initial = value

    def close(self) -> None:
        """Hang up."""
        self.tls.close()


def dial(context: ssl.SSLContext, port: int, window: int | None = None) -> Line:
    """A connection over TLS, opened as HTTP/2; with `window`, no stream lets more bytes through."""
    plain = socket.create_connection(("127.0.0.1", port), 20.0)
    line = Line(context.wrap_socket(plain, server_hostname="127.0.0.1"))
    settings = b"" if window is None else INITIAL_WINDOW.to_bytes(2) + window.to_bytes(4)
    line.send(PREFACE, frame(SETTINGS, body=settings))
    return line
