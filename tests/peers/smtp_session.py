# SPDX-License-Identifier: MIT
"""One connection of the scripted SMTP server: the dialogue, what the client did wrong in it, and the messages.

The server believes what it says: a fault that answers RCPT with 250 makes a recipient, one that answers AUTH with 250
logs nobody in.
"""
import base64
import binascii
import re
import time

import contract
import smtp_faults
import smtp_sasl
from smtp_wire import Ended

MAILBOX = r'<((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>'
MAIL = re.compile(r"FROM:" + MAILBOX + r"((?: [^ ]+)*)", re.I)
RCPT = re.compile(r"TO:" + MAILBOX + r"((?: [^ ]+)*)", re.I)
PARAMETER_NEEDS = {"SIZE": "SIZE", "BODY": "8BITMIME", "SMTPUTF8": "SMTPUTF8", "RET": "DSN", "ENVID": "DSN",
                   "NOTIFY": "DSN", "ORCPT": "DSN", "REQUIRETLS": "REQUIRETLS", "AUTH": "AUTH"}
ENDS_A_GROUP = {"EHLO", "HELO", "DATA", "STARTTLS", "AUTH", "VRFY", "QUIT", "NOOP"}


class Fin(Exception):
    """The dialogue ended as it should, or as a fault wanted."""


class Session:
    def __init__(self, wire, number, settings, store, faults, started):
        self.wire = wire
        self.number = number
        self.settings = settings
        self.store = store
        self.faults = faults
        self.started = started
        self.transaction = 0
        self.ehlo = None
        self.auth = None
        self.starttls_done = False
        self.last_verb = "the greeting"
        self.forget()

    def forget(self):
        self.mail_from = None
        self.mail_options = []
        self.rcpt = []
        self.rcpt_count = 0
        self.chunks = []
        self.bdat = bytearray()

    # the log

    def log(self, event, **facts):
        self.store.append("dialogue.jsonl", {
            "t_ms": round((time.monotonic() - self.started) * 1000, 1), "session": self.number, "event": event,
            "tls": self.wire.tls is not None, **facts})

    def violation(self, what):
        self.log("violation", what=what)

    # offers

    def offers(self):
        return self.settings.ehlo_plain if self.wire.tls is None else self.settings.ehlo_tls

    def offer(self, keyword):
        """The argument of an offered extension ("" without one), or None."""
        for line in self.offers():
            name, _, rest = line.partition(" ")
            if name.upper() == keyword:
                return rest
        return None

    # replies

    def plan(self, step, code, enhanced, words, index=None):
        if isinstance(words, list):
            lines = [f"{code}{'-' if i + 1 < len(words) else ' '}{w}" for i, w in enumerate(words)]
            normal = "".join(line + "\r\n" for line in lines)
        else:
            prefix = f"{enhanced} " if enhanced and self.offer("ENHANCEDSTATUSCODES") is not None else ""
            normal = f"{code} {prefix}{words}\r\n"
        return self.plan_raw(step, normal.encode(), index)

    def plan_raw(self, step, normal, index=None):
        fault = self.faults.take(step, index, self.number, self.transaction)
        if fault:
            self.log("fault", step=step, action=fault.action, text=fault.text)
        return smtp_faults.plan(fault, normal)

    def perform(self, plan, step):
        """Sends and ends as planned; returns whether the client was told that the step went well."""
        if plan.pause:
            self.wire.drain()
            self.wire.stop.wait(plan.pause)
            self.wire.received_at = time.monotonic()
        if plan.data:
            self.log("reply", step=step, text=plan.data[:2000].decode("utf-8", "backslashreplace"))
            self.wire.say(plan.data)
        if plan.ending:
            self.end(plan.ending, step)
        return plan.is_positive

    def reply(self, step, code, enhanced, words, index=None):
        return self.perform(self.plan(step, code, enhanced, words, index), step)

    def end(self, how, step):
        self.wire.drain()
        self.log("end", how=how, step=step)
        if how == "stall":
            self.wire.stop.wait()
        elif how == "rst":
            self.wire.reset()
        elif how == "close":
            self.wire.close()
        else:
            self.wire.hang_up(at_once=step == "body-middle")
        raise Fin

    def silent_step(self, step, index=None):
        """A moment without a reply of its own, where a fault may still act. Returns the fault's action, if any."""
        fault = self.faults.take(step, index, self.number, self.transaction)
        if not fault:
            return None
        self.log("fault", step=step, action=fault.action, text=fault.text)
        self.perform(smtp_faults.plan(fault, b""), step)
        return fault.action

    # the dialogue

    def run(self):
        self.log("connect")
        try:
            self.silent_step("connect")
            if self.settings.tls == "implicit":
                self.handshake()
            self.reply("banner", 220, None, "peer.example ESMTP scripted")
            while True:
                self.command(self.next_line())
        except Fin:
            pass
        except Ended as end:
            self.log("end", how=str(end), step=self.last_verb)
            self.wire.close()

    def handshake(self):
        """Begins TLS when the client's first bytes are there, so that a fault acts after its ClientHello."""
        self.wire.wait_for_client()
        if self.silent_step("handshake") == "skip":
            return
        try:
            self.wire.start_tls(self.settings.context)
        except Ended as end:
            self.log("tls-failed", why=str(end))
            raise
        self.log("tls", **contract.tls_facts(self.wire.tls))

    def next_line(self):
        """One line without its end; notes lines that do not end in CRLF."""
        while b"\n" not in self.wire.buffer:
            try:
                self.wire.fill(self.settings.idle)
            except TimeoutError:
                self.reply("after-dot", 421, "4.4.2", "Idle for too long")
                self.end("close", "idle")
            self.log("read", read=self.wire.reads, bytes=self.wire.last_read_bytes)
        end = self.wire.buffer.index(b"\n")
        line = bytes(self.wire.buffer[:end + 1])
        del self.wire.buffer[:end + 1]
        text = line[:-2] if line.endswith(b"\r\n") else line[:-1]
        if not line.endswith(b"\r\n"):
            self.violation("command ends in a bare LF")
        if re.search(rb"[\0-\x1f\x7f]", text):
            self.violation(f"control character in {text!r}")
        self.log("command", line=text.decode("utf-8", "backslashreplace"), bytes=len(line), read=self.wire.reads,
                 outstanding=self.wire.unsent_replies)
        return text

    def command(self, line):
        verb, _, argument = line.decode("utf-8", "surrogateescape").partition(" ")
        verb = verb.upper()
        self.check_pipelining(verb)
        self.last_verb = verb
        handler = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
        if handler is None:
            self.violation(f"unknown command {verb[:40]!r}")
            self.reply("noop", 500, "5.5.2", "What?")
            return
        handler(argument)

    def check_pipelining(self, verb):
        if self.wire.unsent_replies == 0:
            return
        if self.offer("PIPELINING") is None:
            self.violation(f"{verb} sent before the reply to {self.last_verb}, and PIPELINING is not offered")
        elif self.last_verb in ENDS_A_GROUP or self.last_verb == "the greeting":
            self.violation(f"{verb} sent before the reply to {self.last_verb}")

    def do_ehlo(self, name):
        self.ehlo = name
        self.forget()
        self.reply("ehlo2" if self.starttls_done else "ehlo", 250, None, ["peer.example", *self.offers()])

    def do_helo(self, name):
        self.ehlo = name
        self.forget()
        self.reply("helo", 250, None, "peer.example")

    def do_starttls(self, _):
        if self.wire.tls is not None or self.settings.context is None:
            self.reply("starttls", 503, "5.5.1", "TLS is not to be had")
            return
        if self.offer("STARTTLS") is None:
            self.violation("STARTTLS used but not offered")
        if self.wire.buffer:
            self.violation("plaintext sent after STARTTLS")
        if self.reply("starttls", 220, "2.0.0", "Go ahead"):
            self.wire.drain()
            self.handshake()
            self.starttls_done = self.wire.tls is not None
            self.ehlo = self.auth = None
            self.forget()

    def do_noop(self, _):
        self.reply("noop", 250, "2.0.0", "Ok")

    def do_vrfy(self, _):
        self.reply("vrfy", 252, "2.5.2", "Perhaps")

    def do_rset(self, _):
        self.forget()
        self.reply("rset", 250, "2.0.0", "Ok")

    def do_quit(self, _):
        self.reply("quit", 221, "2.0.0", "Bye")
        self.end("close", "quit")

    # AUTH

    def do_auth(self, argument):
        name, _, initial = argument.partition(" ")
        name = name.upper()
        offered = (self.offer("AUTH") or "").upper().split()
        mechanism = smtp_sasl.MECHANISMS.get(name)
        if name not in offered:
            self.violation(f"AUTH {name} used but not offered")
        if self.wire.tls is None and self.settings.context is not None:
            self.violation("AUTH in the clear")
        if self.auth or mechanism is None or name not in offered:
            self.reply("auth", 504, "5.5.4", "No such mechanism")
            return
        try:
            user = self.exchange(mechanism(self.settings.accounts), name, initial)
        except (smtp_sasl.Failed, UnicodeDecodeError, binascii.Error) as why:
            self.log("auth-failed", mechanism=name, why=str(why))
            self.reply("auth-final", 535, "5.7.8", "Authentication credentials invalid")
            return
        if user is not None and self.perform_235():
            self.auth = {"mechanism": name, "user": user}

    def perform_235(self):
        plan = self.plan("auth-final", 235, "2.7.0", "Authentication successful")
        self.perform(plan, "auth-final")
        return plan.words.startswith("235")

    def exchange(self, mechanism, name, initial):
        """Runs the mechanism to its end; None when a fault at step auth took its place."""
        challenge = next(mechanism)
        response = None
        if initial:
            if challenge is not None and name != "LOGIN":
                self.violation(f"{name} takes no initial response")
            response = b"" if initial == "=" else base64.b64decode(initial, validate=True)
        step = 0
        try:
            while True:
                if response is None:
                    text = base64.b64encode(challenge or b"")
                    plan = self.plan_raw("auth", b"334 " + text + b"\r\n", step)
                    self.perform(plan, "auth")
                    if not plan.words.startswith("334"):
                        return None
                    step += 1
                    line = self.next_line()
                    if line == b"*":
                        raise smtp_sasl.Failed("the client gave up")
                    response = base64.b64decode(line, validate=True)
                elif step == 0:
                    plan = self.plan_raw("auth", b"", step)
                    self.perform(plan, "auth")
                    if plan.data:
                        return None
                    step += 1
                challenge = mechanism.send(response)
                response = None
        except StopIteration as done:
            return done.value

    # the transaction

    def parameters(self, text):
        """The parameters of MAIL or RCPT, each checked against the offers; None when one is not offered."""
        good = True
        for parameter in text.split():
            keyword = parameter.partition("=")[0].upper()
            needs = PARAMETER_NEEDS.get(keyword)
            if needs is None or self.offer(needs) is None:
                self.violation(f"parameter {parameter} used but not offered")
                good = False
        return text.split() if good else None

    def value_of(self, keyword):
        for option in self.mail_options:
            name, _, value = option.partition("=")
            if name.upper() == keyword:
                return value
        return None

    def refusal_before_mail(self):
        if self.ehlo is None:
            return 503, "5.5.1", "Say EHLO first"
        if self.settings.tls == "starttls" and self.wire.tls is None and not self.settings.allow_plain:
            return 530, "5.7.0", "Must issue a STARTTLS command first"
        if self.settings.require_auth and not self.auth:
            return 530, "5.7.0", "Authentication required"
        if self.mail_from is not None:
            return 503, "5.5.1", "One transaction at a time"
        return None

    def do_mail(self, argument):
        self.transaction += 1
        match = MAIL.fullmatch(argument)
        options = self.parameters(match[2]) if match else None
        refusal = self.refusal_before_mail()
        if match is None:
            self.violation(f"malformed MAIL {argument!r}")
            refusal = refusal or (501, "5.5.4", "Syntax: MAIL FROM:<address>")
        elif options is None:
            refusal = refusal or (555, "5.5.4", "Parameter not offered")
        else:
            self.mail_options = options
            limit = int(self.offer("SIZE") or 0)
            if not argument.isascii() and self.value_of("SMTPUTF8") is None:
                self.violation("non-ASCII address without SMTPUTF8")
            if limit and int(self.value_of("SIZE") or 0) > limit:
                refusal = refusal or (552, "5.3.4", "Message too big")
        if self.reply("mail", *(refusal or (250, "2.1.0", "Ok"))) and match:
            self.mail_from = match[1]

    def do_rcpt(self, argument):
        match = RCPT.fullmatch(argument)
        options = self.parameters(match[2]) if match else None
        index = self.rcpt_count
        self.rcpt_count += 1
        most = re.search(r"RCPTMAX=(\d+)", self.offer("LIMITS") or "")
        if match is None:
            self.violation(f"malformed RCPT {argument!r}")
            answer = 501, "5.5.4", "Syntax: RCPT TO:<address>"
        elif options is None:
            answer = 555, "5.5.4", "Parameter not offered"
        elif self.mail_from is None:
            answer = 503, "5.5.1", "Need MAIL first"
        elif most and len(self.rcpt) >= int(most[1]):
            answer = 452, "4.5.3", "Too many recipients"
        else:
            answer = 250, "2.1.5", "Ok"
        if match and not argument.isascii() and self.value_of("SMTPUTF8") is None:
            self.violation("non-ASCII address without SMTPUTF8")
        if self.reply("rcpt", *answer, index) and match and self.mail_from is not None:
            self.rcpt.append({"address": match[1], "options": options or []})

    def do_data(self, _):
        if self.chunks:
            self.reply("data", 503, "5.5.1", "DATA after BDAT")
            return
        if not self.rcpt:
            self.reply("data", 554 if self.mail_from is not None else 503, "5.5.1", "No valid recipients")
            return
        plan = self.plan("data", 354, None, "End data with <CR><LF>.<CR><LF>")
        if self.wire.buffer and plan.words.startswith("354"):
            self.violation("content sent before the reply to DATA")
        self.perform(plan, "data")
        if plan.words.startswith("354"):
            self.take_content(self.read_data(), ["DATA"])

    def read_data(self):
        """The content up to the final dot, unstuffed."""
        buffer, reads, at = self.wire.buffer, self.wire.reads, 0
        middle_done = False
        while True:
            middle_done = middle_done or bool(buffer) and self.maybe_break(len(buffer))
            if buffer.startswith(b".\r\n"):
                end, length = 0, 3
                break
            end = buffer.find(b"\r\n.\r\n", at)
            if end >= 0:
                end, length = end + 2, 3
                break
            at = max(0, len(buffer) - 4)
            self.wire.fill()
        content = bytes(buffer[:end])
        del buffer[:end + length]
        self.log("body", verb="DATA", bytes=len(content) + length, reads=self.wire.reads - reads)
        if re.search(rb"(?:^|\r\n)\.[^.]", content):
            self.violation("a line that begins with a dot was not stuffed")
        content = content.replace(b"\r\n.", b"\r\n")
        return content[1:] if content.startswith(b".") else content

    def maybe_break(self, received):
        """Whether the fault in the middle of the content has acted; its index is the number of bytes it waits for."""
        for fault in self.faults.faults:
            if fault.matches("body-middle", fault.index, self.number, self.transaction):
                if received < (fault.index or 1):
                    return False
                self.silent_step("body-middle", fault.index)
                return True
        return False

    def do_bdat(self, argument):
        words = argument.split()
        if not words or not words[0].isdigit() or (len(words) > 1 and words[1].upper() != "LAST"):
            self.violation(f"malformed BDAT {argument!r}")
            self.reply("bdat", 501, "5.5.4", "Syntax: BDAT size [LAST]")
            return
        if self.offer("CHUNKING") is None:
            self.violation("BDAT used but not offered")
        size, last = int(words[0]), len(words) > 1
        self.chunks.append(size)
        content = self.read_chunk(size)
        if not self.rcpt:
            self.reply("bdat", 503, "5.5.1", "No valid recipients", len(self.chunks) - 1)
            return
        self.bdat += content
        if last:
            self.take_content(bytes(self.bdat), ["BDAT"] * (len(self.chunks) - 1) + ["BDAT LAST"])
        elif not self.reply("bdat", 250, "2.0.0", f"{size} bytes received", len(self.chunks) - 1):
            self.forget()

    def read_chunk(self, size):
        reads, middle_done = self.wire.reads, False
        while True:
            arrived = min(size, len(self.wire.buffer))
            middle_done = middle_done or arrived > 0 and self.maybe_break(arrived)
            if arrived == size:
                break
            self.wire.fill()
        content = bytes(self.wire.buffer[:size])
        del self.wire.buffer[:size]
        self.log("body", verb="BDAT", bytes=size, reads=self.wire.reads - reads)
        return content

    def take_content(self, content, verbs):
        """Stores the message, then tells the client. What was planned for the reply stands in the record."""
        limit = int(self.offer("SIZE") or 0)
        if limit and len(content) > limit:
            plan = self.plan("dot", 552, "5.3.4", "Message too big")
        else:
            plan = self.plan("dot", 250, "2.0.0", f"Ok: queued as S{self.number}T{self.transaction}")
        self.inspect(content)
        self.store.add(content, {
            "session": self.number, "transaction": self.transaction, "ehlo": self.ehlo,
            "mail_from": self.mail_from, "mail_options": self.mail_options, "rcpt": self.rcpt,
            "verbs": verbs, "chunks": self.chunks, "auth": self.auth, "tls": contract.tls_facts(self.wire.tls),
            "reply": plan.words, "accepted": plan.is_positive and plan.words.startswith("2"),
            "bare_lf": len(re.findall(rb"(?<!\r)\n", content)), "bare_cr": len(re.findall(rb"\r(?!\n)", content)),
            "nul": content.count(b"\0"), "longest_line": max((len(x) for x in content.split(b"\r\n")), default=0),
        })
        self.forget()
        self.perform(plan, "dot")
        self.silent_step("after-dot")

    def inspect(self, content):
        if not content.isascii() and (self.value_of("BODY") or "").upper() not in ("8BITMIME", "BINARYMIME"):
            self.violation("8-bit content without BODY=8BITMIME")
        if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
            self.violation("bare CR or LF in the content")
        declared = self.value_of("SIZE")
        if declared is not None and int(declared) < len(content):
            self.violation(f"SIZE={declared} declared, {len(content)} sent")
