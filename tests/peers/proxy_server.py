#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A proxy: HTTP CONNECT (RFC 9110, section 9.3.6) or SOCKS5 (RFC 1928, RFC 1929), to loopback targets only.

STORE/connections.jsonl holds for each connection what the client asked for: {protocol, host, port, by_name, user, password,
head, outcome}. Any name is looked up as 127.0.0.1.
"""
import base64
import socket
import struct
import threading

import contract


def parse():
    options = contract.parser(__doc__)
    options.add_argument("--protocol", choices=("http", "socks5"), default="http")
    options.add_argument("--user")
    options.add_argument("--password")
    options.add_argument("--answer", type=int, help="HTTP status, or SOCKS reply code, instead of a connection")
    options.add_argument("--hangup", action="store_true", help="close once the client has said where it wants to go")
    options.add_argument("--stall", action="store_true", help="say nothing at all")
    return options.parse_args()


class Broken(Exception):
    pass


def exactly(sock, count):
    octets = b""
    while len(octets) < count:
        more = sock.recv(count - len(octets))
        if not more:
            raise Broken("closed")
        octets += more
    return octets


def relay(source, target):
    try:
        while block := source.recv(65536):
            target.sendall(block)
    except OSError:
        pass
    for one in (source, target):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Proxy:
    def __init__(self, settings, store, stop):
        self.settings, self.store, self.stop = settings, store, stop

    def serve(self, client, _number):
        facts = {"protocol": self.settings.protocol}
        try:
            if self.settings.stall:
                self.stop.wait()
            ask = self.http if self.settings.protocol == "http" else self.socks
            target = ask(client, facts)
            if target:
                threading.Thread(target=relay, args=(target, client), daemon=True).start()
                relay(client, target)
        except (Broken, OSError):
            self.say(facts, "broken")
        client.close()

    def say(self, facts, outcome, client=None, answer=b""):
        """Logs what became of a connection before the client can know."""
        self.store.append("connections.jsonl", {**facts, "outcome": outcome})
        if answer:
            client.sendall(answer)

    def connect(self, port):
        target = socket.create_connection((contract.LOOPBACK, port), timeout=10)
        target.settimeout(None)
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return target

    def http(self, client, facts):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += exactly(client, 1)
        facts["head"] = head.decode("latin-1")
        lines = facts["head"].split("\r\n")
        method, target, _ = lines[0].split(" ")
        host, port = target.rsplit(":", 1)
        facts.update(host=host, port=int(port), by_name=True)
        fields = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:] if line)}
        kind, _, blob = fields.get("proxy-authorization", "").partition(" ")
        if kind.lower() == "basic":
            facts["user"], _, facts["password"] = base64.b64decode(blob).decode().partition(":")
        if method != "CONNECT":
            return self.refuse_http(client, facts, "405 No")
        if self.settings.user and (facts.get("user"), facts.get("password")) != (self.settings.user, self.settings.password):
            return self.refuse_http(client, facts, "407 Who are you", "Proxy-Authenticate: Basic realm=\"test\"\r\n")
        if self.settings.answer:
            return self.refuse_http(client, facts, f"{self.settings.answer} No")
        if self.settings.hangup:
            return self.say(facts, "hangup")
        upstream = self.connect(int(port))
        self.say(facts, "connected", client, b"HTTP/1.1 200 Connected\r\nVia: 1.1 test\r\n\r\n")
        return upstream

    def refuse_http(self, client, facts, status, more=""):
        self.say(facts, status, client, f"HTTP/1.1 {status}\r\n{more}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def socks(self, client, facts):
        version, count = exactly(client, 2)
        methods = exactly(client, count)
        if version != 5:
            raise Broken("not SOCKS5")
        wanted = 2 if self.settings.user else 0
        if wanted not in methods:
            return self.say(facts, "no method", client, b"\x05\xff")
        client.sendall(bytes((5, wanted)))
        if wanted == 2:
            _, size = exactly(client, 2)
            facts["user"] = exactly(client, size).decode()
            facts["password"] = exactly(client, exactly(client, 1)[0]).decode()
            good = (facts["user"], facts["password"]) == (self.settings.user, self.settings.password)
            if not good:
                return self.say(facts, "rejected", client, b"\x01\x01")
            client.sendall(b"\x01\x00")
        _, command, _, kind = exactly(client, 4)
        size = {1: 4, 4: 16}.get(kind) or exactly(client, 1)[0]
        raw = exactly(client, size)
        port = struct.unpack("!H", exactly(client, 2))[0]
        host = raw.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
        facts.update(host=host, port=port, by_name=kind == 3)
        if self.settings.hangup:
            return self.say(facts, "hangup")
        if command != 1 or self.settings.answer:
            code = self.settings.answer or 7
            return self.say(facts, f"reply {code}", client, bytes((5, code, 0, 1)) + bytes(6))
        upstream = self.connect(port)
        self.say(facts, "connected", client, b"\x05\x00\x00\x01" + bytes(6))
        return upstream


def main():
    settings = parse()
    stop = contract.Stop()
    proxy = Proxy(settings, contract.Store(settings.store), stop)
    sock = contract.listener(settings.port)
    contract.accept_forever(sock, proxy.serve)
    contract.say_ready(port=sock.getsockname()[1])
    stop.until_closed()
    contract.finish()


if __name__ == "__main__":
    main()
