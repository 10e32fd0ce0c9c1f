# SPDX-License-Identifier: MIT
"""What every test peer has in common: its options, its ready line, its life, and its store.

A peer prints one JSON line when it can be used, serves until standard input ends or SIGTERM arrives, and exits 0.
"""
import argparse
import json
import os
import select
import signal
import socket
import ssl
import sys
import tempfile
import threading

LOOPBACK = "127.0.0.1"


def parser(description):
    options = argparse.ArgumentParser(description=description, allow_abbrev=False)
    options.add_argument("--port", type=int, default=0, help="port to listen on (0: a free one)")
    options.add_argument("--store", metavar="DIR", help="folder for what arrives (made when missing)")
    return options


def add_tls_options(options):
    options.add_argument("--cert", help="PEM chain of the server")
    options.add_argument("--key", help="PEM key of the server")
    options.add_argument("--client-ca", help="demand a client certificate issued by this CA")
    options.add_argument("--tls-min", choices=("1.0", "1.1", "1.2", "1.3"), default="1.2")
    options.add_argument("--tls-max", choices=("1.0", "1.1", "1.2", "1.3"), default="1.3")


def listener(port=0):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((LOOPBACK, port))
    sock.listen(128)
    return sock


TLS_BITS = {"1.0": ssl.OP_NO_TLSv1, "1.1": ssl.OP_NO_TLSv1_1, "1.2": ssl.OP_NO_TLSv1_2, "1.3": ssl.OP_NO_TLSv1_3}
TLS_NUMBERS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
               "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(cert, key, client_ca=None, versions=("1.2", "1.3")):
    """A server's TLS context that accepts exactly these versions."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if "1.0" in versions or "1.1" in versions:
        context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = TLS_NUMBERS[min(versions)]
    context.maximum_version = TLS_NUMBERS[max(versions)]
    for name, bit in TLS_BITS.items():
        if name not in versions:
            context.options |= bit
    context.load_cert_chain(cert, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def context_from(options):
    """The TLS context that add_tls_options() describes, or None without a certificate."""
    if not options.cert:
        return None
    versions = [v for v in TLS_BITS if options.tls_min <= v <= options.tls_max]
    return server_context(options.cert, options.key or options.cert, options.client_ca, versions)


def tls_facts(ssl_object):
    """What a stored message says about its TLS connection."""
    if ssl_object is None:
        return None
    facts = {"version": ssl_object.version(), "cipher": ssl_object.cipher()[0]}
    certificate = ssl_object.getpeercert()
    if certificate:
        facts["client"] = ", ".join(f"{k}={v}" for part in certificate["subject"] for k, v in part)
    return facts


class Store:
    """Numbered messages in a folder; each file appears whole, the JSON last."""

    def __init__(self, folder):
        self.folder = folder
        self.lock = threading.Lock()
        self.count = 0
        if folder:
            os.makedirs(folder, exist_ok=True)
            numbers = [int(n[:-5]) for n in os.listdir(folder) if n.endswith(".json") and n[:-5].isdigit()]
            self.count = max(numbers, default=0)

    def write(self, name, content):
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".new-")
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        os.rename(temporary, os.path.join(self.folder, name))

    def add(self, content, facts):
        """Stores one message; returns its number (counted even without a folder)."""
        with self.lock:
            self.count += 1
            number = self.count
            if self.folder:
                facts = {"number": number, "size": len(content), **facts}
                self.write(f"{number:03d}.eml", bytes(content))
                self.write(f"{number:03d}.json", json.dumps(facts, indent=1).encode() + b"\n")
        return number

    def append(self, name, entry):
        """Adds one JSON line to a log in the folder."""
        if not self.folder:
            return
        with self.lock, open(os.path.join(self.folder, name), "a", encoding="ascii") as out:
            out.write(json.dumps(entry) + "\n")


def say_ready(**facts):
    print(json.dumps({"pid": os.getpid(), **facts}), flush=True)


class Stop:
    """Becomes set when standard input ends or SIGTERM arrives. Handlers wait on it instead of sleeping."""

    def __init__(self):
        self.event = threading.Event()
        self.reader, self.writer = os.pipe()
        signal.signal(signal.SIGTERM, lambda *_: self.set())
        signal.signal(signal.SIGINT, lambda *_: self.set())

    def set(self):
        if not self.event.is_set():
            self.event.set()
            os.write(self.writer, b"x")

    def is_set(self):
        return self.event.is_set()

    def wait(self, seconds=None):
        return self.event.wait(seconds)

    def until_closed(self):
        """Blocks the main thread for the life of the peer."""
        while not self.is_set():
            ready, _, _ = select.select([0, self.reader], [], [])
            if self.reader in ready or not os.read(0, 65536):
                self.set()


def accept_forever(sock, handle):
    """Serves each connection of a listening socket in a thread of its own, from a thread of its own."""
    def loop():
        number = 0
        while True:
            try:
                connection, _ = sock.accept()
            except OSError:
                return
            number += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=handle, args=(connection, number), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    sock.close()


def finish(code=0):
    """Ends the peer at once, whatever its handler threads wait for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
