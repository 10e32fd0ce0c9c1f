# SPDX-License-Identifier: MIT
"""A small HTTP/1.1 server that keeps requests as they stood on the wire and can break off at chosen moments."""
import argparse
import dataclasses
import datetime
import http
import socket
import threading
import uuid

import contract

MOMENTS = ("connect", "before-body", "mid-body", "after-body", "mid-answer")
BODY_LIMIT = 200_000_000


@dataclasses.dataclass
class Request:
    method: str
    target: bytes
    headers: list
    connection: int
    tls: dict
    body: bytes = b""

    def header(self, name):
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclasses.dataclass
class Response:
    status: int
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)


class Break(Exception):
    """The connection ends here without (the rest of) an answer."""


@dataclasses.dataclass
class Fate:
    """What befalls the next requests instead of an honest answer."""
    kind: str
    times: int
    when: str = None
    status: int = None
    code: str = None


class FateAction(argparse.Action):
    """Collects --fail, --hangup, --reset and --stall into one list, in their order on the command line."""

    def __call__(self, _, options, value, option=None):
        kind = option.lstrip("-")
        parts = value.split(":")
        try:
            if kind == "fail":
                fate = Fate(kind, int(parts[0]), status=int(parts[1]), code=parts[2] if len(parts) > 2 else None)
            else:
                fate = Fate(kind, int(parts[1]) if len(parts) > 1 else -1, when=parts[0])
                if fate.when not in MOMENTS:
                    raise ValueError
        except (ValueError, IndexError):
            raise argparse.ArgumentError(self, f"not understood: {value!r}") from None
        options.fates.append(fate)


def add_fate_options(options):
    options.set_defaults(fates=[])
    options.add_argument("--fail", action=FateAction, metavar="N:STATUS[:TYPE]", help="answer the next N requests so")
    for kind in ("hangup", "reset", "stall"):
        options.add_argument("--" + kind, action=FateAction, metavar="WHEN[:N]",
                             help=f"at {', '.join(MOMENTS)}; N requests, or all")
    options.add_argument("--slow-ms", type=float, default=0, help="wait before each answer")


class Fates:
    def __init__(self, fates):
        self.fates = fates
        self.lock = threading.Lock()

    def take(self, *, connecting=False):
        """The fate of the next request, or of the connection that begins; None when all goes well."""
        with self.lock:
            fate = next((f for f in self.fates if f.times != 0), None)
            if fate is None or (fate.when == "connect") != connecting:
                return None
            fate.times -= 1
            return fate


class HttpPeer:
    """Serves `handle(request, fate) -> Response`. `befalls(request)` says which requests a fate may hit."""

    def __init__(self, handle, stop, *, context=None, fates=(), slow_ms=0, befalls=lambda request: True):
        self.handle = handle
        self.stop = stop
        self.context = context
        self.fates = Fates(list(fates))
        self.slow = slow_ms / 1000
        self.befalls = befalls

    def listen(self, port=0):
        sock = contract.listener(port)
        contract.accept_forever(sock, self.serve)
        return sock.getsockname()[1]

    def serve(self, sock, number):
        try:
            self.break_off(sock, self.fates.take(connecting=True), "connect")
            if self.context:
                sock = self.context.wrap_socket(sock, server_side=True)
            tls = contract.tls_facts(sock) if self.context else None
            stream = sock.makefile("rb", 65536)
            while self.exchange(sock, stream, number, tls):
                pass
        except (Break, OSError, ValueError):
            pass
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        sock.close()

    def break_off(self, sock, fate, moment):
        if fate is None or fate.when != moment:
            return
        if fate.kind == "stall":
            self.stop.wait()
        elif fate.kind == "reset":
            contract.reset(sock)
        raise Break

    def exchange(self, sock, stream, number, tls):
        request = read_head(stream, number, tls)
        if request is None:
            return False
        fate = self.fates.take() if self.befalls(request) else None
        self.break_off(sock, fate, "before-body")
        self.read_body(sock, stream, request, fate)
        self.break_off(sock, fate, "after-body")
        self.stop.wait(self.slow)
        response = self.handle(request, fate if fate and fate.kind == "fail" else None)
        raw = serialize(response, request.method)
        if fate and fate.when == "mid-answer":
            sock.sendall(raw[:len(raw) * 2 // 3])
            self.break_off(sock, fate, "mid-answer")
        sock.sendall(raw)
        return (request.header("connection") or "").lower() != "close"

    def read_body(self, sock, stream, request, fate):
        if request.header("transfer-encoding"):
            sock.sendall(serialize(Response(411), request.method))
            raise Break
        length = int(request.header("content-length") or 0)
        if not 0 <= length <= BODY_LIMIT:
            raise Break
        if (request.header("expect") or "").lower() == "100-continue":
            sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fate and fate.when == "mid-body":
            stream.read(length // 2)
            self.break_off(sock, fate, "mid-body")
        request.body = stream.read(length)
        if len(request.body) != length:
            raise Break


def read_head(stream, number, tls):
    """The request line and headers; None when the client is done."""
    line = stream.readline(65537)
    if not line:
        return None
    method, _, rest = line.rstrip(b"\r\n").partition(b" ")
    target, _, version = rest.rpartition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Break
    headers = []
    while True:
        line = stream.readline(65537).rstrip(b"\r\n")
        if not line:
            return Request(method.decode("ascii"), target, headers, number, tls)
        name, _, value = line.partition(b":")
        headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))


def serialize(response, method):
    headers = {"Date": f"{datetime.datetime.utcnow():%a, %d %b %Y %H:%M:%S} GMT", "Server": "test-peer",
               "x-amzn-RequestId": str(uuid.uuid4()), "Content-Length": str(len(response.body)), **response.headers}
    phrase = http.HTTPStatus(response.status).phrase if response.status in iter(http.HTTPStatus) else "Unknown"
    head = f"HTTP/1.1 {response.status} {phrase}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    return head.encode("latin-1") + (b"" if method == "HEAD" else response.body)


def context_or_none(options):
    """The TLS context of the options; HTTP/1.1 by ALPN."""
    context = contract.context_from(options)
    if context:
        context.set_alpn_protocols(["http/1.1"])
    return context
