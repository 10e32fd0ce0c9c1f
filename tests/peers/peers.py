# SPDX-License-Identifier: MIT
"""Starts the test peers from Python tests.

    with SmtpServer(user="u", password="p") as server:
        send_to(server.port)
        assert server.messages()[0].content == sent

Keyword arguments are the peer's long options: `tls_min="1.0"` is `--tls-min 1.0`, True is a bare option, a list repeats it.
Certificates of ca() are given to every peer that can use them, unless the caller names others.
"""
import atexit
import collections
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

import make_ca

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
Message = collections.namedtuple("Message", "content facts")
_ca_folder = None


class Skipped(Exception):
    """The peer cannot run here, and says why (exit code 77)."""


class DidNotStart(Exception):
    pass


def ca(name=None):
    """The folder of the CA made once for this process (see make_ca), or the path of one file in it."""
    global _ca_folder
    if _ca_folder is None:
        _ca_folder = tempfile.mkdtemp(prefix="mimeseal-ca-")
        atexit.register(shutil.rmtree, _ca_folder, ignore_errors=True)
        make_ca.write_all(_ca_folder)
    return os.path.join(_ca_folder, name) if name else _ca_folder


def _as_options(settings):
    arguments = []
    for name, value in settings.items():
        option = "--" + name.replace("_", "-")
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if item is True:
                arguments.append(option)
            elif item is not None and item is not False:
                arguments.append(f"{option}={item}")
    return arguments


class Peer:
    """A running peer: `port` and the other facts of its ready line, its store, and its end."""

    script = None
    defaults = {}
    wants_certificate = True

    def __init__(self, **settings):
        settings = {**self.defaults, **settings}
        if self.wants_certificate and "cert" not in settings:
            settings["cert"], settings["key"] = ca("server.pem"), ca("server.key")
        self.folder = tempfile.mkdtemp(prefix="mimeseal-peer-")
        self.store = settings.setdefault("store", os.path.join(self.folder, "store"))
        self.settings = settings
        self.process = None
        self.ready = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def __getattr__(self, name):
        try:
            return self.__dict__["ready"][name]
        except KeyError:
            raise AttributeError(name) from None

    def start(self):
        command = [PYTHON, os.path.join(HERE, self.script), *_as_options(self.settings)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if self.process.poll() is None else b""
        if not line:
            self.process.stdin.close()
            code = self.process.wait()
            words = self.process.stderr.read().decode(errors="replace").strip()
            self.stop()
            raise (Skipped if code == 77 else DidNotStart)(f"{self.script}: exit {code}: {words}")
        self.ready = json.loads(line)

    def stop(self):
        """Ends the peer by closing its standard input, and removes its folder. Returns its exit code."""
        code = None
        if self.process and not self.process.stdout.closed:
            if not self.process.stdin.closed:
                self.process.stdin.close()
            try:
                code = self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                code = self.process.wait()
            self.process.stdout.close()
            self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def messages(self, count=None, seconds=10):
        """The stored messages in order; waits until there are `count` of them, when given."""
        deadline = time.monotonic() + seconds
        while True:
            names = sorted(n for n in self._names() if n.endswith(".json") and n[:-5].isdigit())
            if count is None or len(names) >= count or time.monotonic() > deadline:
                return [self._message(n[:-5]) for n in names]
            time.sleep(0.02)

    def _names(self):
        return os.listdir(self.store) if os.path.isdir(self.store) else []

    def _message(self, stem):
        with open(os.path.join(self.store, stem + ".json"), "rb") as facts, \
             open(os.path.join(self.store, stem + ".eml"), "rb") as content:
            return Message(content.read(), json.load(facts))

    def log(self, name):
        """The entries of a JSON-lines log in the store."""
        path = os.path.join(self.store, name)
        if not os.path.exists(path):
            return []
        with open(path, encoding="ascii") as lines:
            return [json.loads(line) for line in lines]


class SmtpServer(Peer):
    """An honest server (aiosmtpd), with `ses=True` like Amazon SES."""
    script = "smtp_server.py"


class SmtpScript(Peer):
    """A server that plays any dialogue, with faults at any step."""
    script = "smtp_script.py"

    def dialogue(self):
        return self.log("dialogue.jsonl")

    def commands(self):
        """The client's command lines as text, in order, of all connections."""
        return [e["line"] for e in self.dialogue() if e["event"] == "command"]

    def violations(self):
        """What the client did against the protocol or the server's offers."""
        return [e["what"] for e in self.dialogue() if e["event"] == "violation"]


class SesServer(Peer):
    """Amazon SES over HTTPS, v1 and v2, verifying SigV4."""
    script = "ses_server.py"
    defaults = {"credentials": "AKIDEXAMPLE:SECRETEXAMPLE"}

    def requests(self):
        return self.log("requests.jsonl")


class AwsServices(Peer):
    """S3, KMS, STS and SSO over HTTPS (`port`); IMDSv2 and the container endpoint over HTTP (`http_port`)."""
    script = "aws_services.py"

    def requests(self):
        return self.log("requests.jsonl")


class PostfixServer(Peer):
    """A private Postfix: `port` with STARTTLS, `smtps_port` with TLS from the first byte. Raises Skipped without root."""
    script = "postfix_server.py"


class TlsServer(Peer):
    """A TLS server that accepts chosen versions only, to be probed."""
    script = "tls_server.py"


class ProxyServer(Peer):
    """An HTTP CONNECT or SOCKS5 proxy to loopback targets."""
    script = "proxy_server.py"
    wants_certificate = False

    def connections(self):
        return self.log("connections.jsonl")
