# SPDX-License-Identifier: MIT
"""The bytes of one SMTP connection: chunked output, a delay per round trip, TLS that can begin at any time.

One thread serves a connection. Output is queued with the moment at which it is due, and sent while waiting for input, so a
delay is a latency: a client that pipelines pays it once per burst.
"""
import collections
import select
import socket
import ssl
import time

import contract

READ_SIZE = 262144


class Ended(Exception):
    """The connection is over; the text says why."""


class Wire:
    def __init__(self, sock, stop, *, chunking="whole", pause=0.0005, delay=0.0):
        self.sock = sock
        self.stop = stop
        self.chunking = chunking
        self.pause = pause
        self.delay = delay
        self.tls = None
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.buffer = bytearray()
        self.reads = 0
        self.last_read_bytes = 0
        self.received_at = time.monotonic()
        self.pending = []
        self.queue = collections.deque()
        self.unsent_replies = 0

    # input

    def fill(self, idle=None):
        """Sends what is pending and waits for more decrypted bytes in `buffer`."""
        self.flush()
        before = len(self.buffer)
        deadline = None if idle is None else time.monotonic() + idle
        while len(self.buffer) == before:
            self._absorb(self._receive(deadline))
        self.reads += 1
        self.last_read_bytes = len(self.buffer) - before

    def _receive(self, deadline=None):
        while True:
            self._send_due()
            moments = [m for m in (deadline, self.queue[0][0] if self.queue else None) if m is not None]
            timeout = max(0.0, min(moments) - time.monotonic()) if moments else None
            ready, _, _ = select.select([self.sock, self.stop.reader], [], [], timeout)
            if self.stop.reader in ready:
                raise Ended("the peer stops")
            if self.sock in ready:
                try:
                    raw = self.sock.recv(READ_SIZE)
                except OSError as error:
                    raise Ended(f"client broke off: {error.strerror}") from error
                if not raw:
                    raise Ended("client closed")
                self.received_at = time.monotonic()
                return raw
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError

    def _absorb(self, raw):
        if self.tls is None:
            self.buffer += raw
            return
        self.incoming.write(raw)
        try:
            while True:
                part = self.tls.read(READ_SIZE)
                if not part:  # close_notify; the FIN that follows ends the dialogue
                    break
                self.buffer += part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise Ended(f"TLS: {error.reason}") from error
        self._send_raw(self.outgoing.read())

    # output

    def say(self, data):
        """Adds one reply; it leaves with the others when the input so far is used up."""
        self.pending.append(bytes(data))
        self.unsent_replies += 1

    def flush(self):
        if self.pending:
            self.queue.append((self.received_at + self.delay, len(self.pending), b"".join(self.pending)))
            self.pending = []
        self._send_due()

    def drain(self):
        """Sends all that is pending, waiting out the delay."""
        self.flush()
        while self.queue:
            self.stop.wait(max(0.0, self.queue[0][0] - time.monotonic()))
            self._send_due()

    def _send_due(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, replies, data = self.queue.popleft()
            for i, chunk in enumerate(self._chunks(data)):
                if i and self.pause:
                    time.sleep(self.pause)
                self._send(chunk)
            self.unsent_replies -= replies

    def _chunks(self, data):
        if self.chunking == "byte":
            return [data[i:i + 1] for i in range(len(data))]
        if self.chunking == "line":
            return data.splitlines(keepends=True)
        return [data]

    def _send(self, data):
        if self.tls is None:
            self._send_raw(data)
            return
        self.tls.write(data)
        self._send_raw(self.outgoing.read())

    def _send_raw(self, data):
        try:
            if data:
                self.sock.sendall(data)
        except OSError as error:
            raise Ended(f"client broke off: {error.strerror}") from error

    # TLS and the end

    def wait_for_client(self):
        """Sends all that is pending and waits until the client sends, or closes."""
        self.drain()
        if not self.buffer:
            select.select([self.sock, self.stop.reader], [], [])

    def start_tls(self, context):
        """The handshake. What the client had already sent in the clear is taken for its first TLS bytes."""
        self.drain()
        tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        if self.buffer:
            self.incoming.write(bytes(self.buffer))
            self.buffer.clear()
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._send_raw(self.outgoing.read())
                self.incoming.write(self._receive())
            except ssl.SSLError as error:
                self._send_raw(self.outgoing.read())
                raise Ended(f"TLS handshake: {error.reason}") from error
        self._send_raw(self.outgoing.read())
        self.tls = tls
        self._absorb(b"")  # the client's first bytes may have come along with its Finished

    def close(self):
        """Ends politely: TLS close_notify, then FIN."""
        if self.tls is not None:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            try:
                self._send_raw(self.outgoing.read())
            except Ended:
                pass
        self.hang_up()

    def hang_up(self, *, at_once=False):
        """FIN without close_notify. Unless `at_once`, waits for the client's own end so that no RST overtakes the FIN."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
            deadline = time.monotonic() + 2
            while not at_once and time.monotonic() < deadline:
                ready, _, _ = select.select([self.sock, self.stop.reader], [], [], deadline - time.monotonic())
                if self.sock not in ready or not self.sock.recv(READ_SIZE):
                    break
        except OSError:
            pass
        self.sock.close()

    def reset(self):
        contract.reset(self.sock)
