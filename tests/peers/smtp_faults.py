# SPDX-License-Identifier: MIT
"""Faults of the scripted SMTP server: where, what, how often.

    STEP[INDEX]@CONNECTION/TRANSACTION*TIMES:ACTION:TEXT      e.g.  rcpt[1]@2:reply:550 5.1.1 unknown

INDEX counts from 0: the recipient in its transaction, the BDAT chunk, the server's turn in AUTH; at body-middle it is the
number of content bytes after which the fault acts. CONNECTION and TRANSACTION count from 1. TEXT knows \\r \\n \\t \\0 \\xNN.
"""
import dataclasses
import re

STEPS = {"connect", "banner", "ehlo", "helo", "starttls", "handshake", "ehlo2", "auth", "auth-final", "mail", "rcpt",
         "data", "body-middle", "bdat", "dot", "after-dot", "rset", "noop", "vrfy", "quit"}
ACTIONS = {"hangup", "rst", "stall", "delay", "reply", "raw", "close", "extra", "before", "silent", "long", "multi",
           "garbage", "flood", "cut", "skip"}
PATTERN = re.compile(r"([a-z0-9-]+)(?:\[(\d+)\])?(?:@(\d+))?(?:/(\d+))?(?:\*(\d+))?:([a-z]+)(?::(.*))?", re.S)
GARBAGE = b"\x00\xff\xfe\x80 \x1b[31m\x07 not SMTP at all\r\n"


def unescape(text):
    r"""\r \n \t \0 \\ and \xNN, the rest as UTF-8."""
    plain = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}

    def one(match):
        return bytes([int(match[1][1:], 16)]) if len(match[1]) == 3 else plain[match[1]]
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|[rnt0\\])", one, text.encode())


@dataclasses.dataclass
class Fault:
    step: str
    index: int
    connection: int
    transaction: int
    times: int
    action: str
    text: str

    @classmethod
    def parse(cls, text):
        match = PATTERN.fullmatch(text)
        if not match or match[1] not in STEPS or match[6] not in ACTIONS:
            raise ValueError(f"not a fault: {text!r}; steps: {sorted(STEPS)}; actions: {sorted(ACTIONS)}")
        step, index, connection, transaction, times, action, words = match.groups()

        def number(digits):
            return None if digits is None else int(digits)
        return cls(step, number(index), number(connection), number(transaction), number(times), action, words or "")

    def matches(self, step, index, connection, transaction):
        return (self.step == step and self.times != 0 and self.index in (None, index)
                and self.connection in (None, connection) and self.transaction in (None, transaction))

    def number(self, default):
        return float(self.text) if self.text else default


class Faults:
    def __init__(self, faults):
        self.faults = faults

    def take(self, step, index, connection, transaction):
        """The first fault that fits, counted as used; None when the step goes as it should."""
        for fault in self.faults:
            if fault.matches(step, index, connection, transaction):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None


@dataclasses.dataclass
class Plan:
    """What a step really does: bytes to send after a pause, then perhaps an end of the connection."""
    data: bytes
    pause: float = 0.0
    ending: str = None

    @property
    def words(self):
        """The first line that the client reads; empty when it reads none."""
        return self.data.split(b"\r\n")[0].decode("utf-8", "backslashreplace")

    @property
    def is_positive(self):
        return self.words[:1] in ("2", "3") and self.ending not in ("hangup", "rst", "stall")


def _line(data):
    return data if data.endswith(b"\n") else data + b"\r\n"


def plan(fault, normal):
    """Turns the normal reply (bytes with CRLF) and a fault, or None, into what happens."""
    if fault is None:
        return Plan(normal)
    text = unescape(fault.text)
    code = normal[:3] or b"250"
    if fault.action in ("hangup", "rst", "stall"):
        return Plan(b"", ending=fault.action)
    if fault.action == "cut":
        return Plan(normal[:int(fault.number(2))], ending="hangup")
    if fault.action == "close":
        return Plan(_line(text or b"421 4.3.0 Going down"), ending="close")
    if fault.action == "delay":
        return Plan(normal, pause=fault.number(1))
    return Plan({
        "reply": lambda: _line(text),
        "raw": lambda: text,
        "extra": lambda: normal + _line(text),
        "before": lambda: _line(text) + normal,
        "silent": lambda: b"",
        "skip": lambda: b"",
        "long": lambda: code + b" " + b"x" * int(fault.number(100_000)) + b"\r\n",
        "multi": lambda: (code + b"-more\r\n") * int(fault.number(1000)) + code + b" end\r\n",
        "garbage": lambda: GARBAGE,
        "flood": lambda: code + b"-" + b"x" * int(fault.number(16_000_000)),
    }[fault.action]())
