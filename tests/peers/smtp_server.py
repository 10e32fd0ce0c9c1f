#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An honest SMTP server on aiosmtpd: STARTTLS or implicit TLS, AUTH PLAIN and LOGIN; --ses makes it speak as Amazon SES."""
import asyncio
import itertools
import logging

from aiosmtpd.smtp import SMTP, AuthResult

import contract

SES_HOST = "email-smtp.amazonaws.com"
SES_CODES = {"auth ok": "235 Authentication successful.", "auth bad": "535 Authentication Credentials Invalid",
             "throttled": "454 Throttling failure: Maximum sending rate exceeded."}
PLAIN_CODES = {"auth ok": "235 2.7.0 Authentication successful", "auth bad": "535 5.7.8 Authentication credentials invalid",
               "throttled": "451 4.7.1 Try again later"}


class Server(SMTP):
    """aiosmtpd's server, noting what the handler cannot see: raw parameters, and TLS from the first byte."""

    def __init__(self, handler, options, number, **settings):
        super().__init__(handler, **settings)
        self.options = options
        self.number = number
        self.transactions = 0
        self.line_length_limit = options.line_limit
        self.raw_mail = None
        self.raw_rcpt = []
        if options.ses:
            self.AuthLoginUsernameChallenge = "Username:"
            self.AuthLoginPasswordChallenge = "Password:"

    def _create_session(self):
        session = super()._create_session()
        session.number = self.number
        return session

    def connection_made(self, transport):
        super().connection_made(transport)
        self._reader._limit = self.options.line_limit  # aiosmtpd sets it before a subclass can

    def tls_object(self):
        return self.transport.get_extra_info("ssl_object") if self.transport else None

    def is_inside_tls(self):
        return self.tls_object() is not None

    async def smtp_MAIL(self, arg):
        if self.options.tls != "none" and not self.is_inside_tls():
            return await self.push("530 Must issue a STARTTLS command first")
        self.raw_mail, self.raw_rcpt = arg, []
        return await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        accepted = len(self.envelope.rcpt_tos)
        await super().smtp_RCPT(arg)
        if len(self.envelope.rcpt_tos) > accepted:
            self.raw_rcpt.append(arg)


def options_of(raw):
    """The ESMTP parameters of a MAIL or RCPT argument, as written."""
    return raw.rpartition(">")[2].split() if raw else []


class Handler:
    def __init__(self, options, store):
        self.options = options
        self.store = store
        self.codes = SES_CODES if options.ses else PLAIN_CODES
        self.throttled_left = options.throttle
        self.answers = {}
        for address in options.refuse_rcpt:
            name, _, reply = address.partition("=")
            self.answers[name] = reply or "550 5.1.1 No such user here"
        for address in options.defer_rcpt:
            name, _, reply = address.partition("=")
            self.answers[name] = reply or "450 4.2.1 Mailbox busy, try again later"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        offers = [line[4:] for line in responses[1:-1]]
        if self.options.ses:
            offers = [o for o in offers if o.split()[0] in ("8BITMIME", "STARTTLS", "AUTH")]
        offers = [o for o in offers if not o.startswith("AUTH")]
        if self.options.user and (server.is_inside_tls() or self.options.tls == "none" or self.options.auth_in_clear):
            offers.append("AUTH PLAIN LOGIN")
        if server.is_inside_tls():
            offers = [o for o in offers if o != "STARTTLS"]
        lines = [server.hostname, *offers] + (["Ok"] if self.options.ses else [])
        return [f"250{'-' if i + 1 < len(lines) else ' '}{line}" for i, line in enumerate(lines)]

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        if self.options.ses and len(envelope.rcpt_tos) >= 50:
            return "452 Too many recipients received this hour"
        envelope.rcpt_tos.append(address)
        return "250 Ok" if self.options.ses else "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        if self.throttled_left > 0:
            self.throttled_left -= 1
            return self.codes["throttled"]
        server.transactions += 1
        number = self.store.add(envelope.original_content, {
            "session": session.number, "transaction": server.transactions, "ehlo": session.host_name,
            "mail_from": envelope.mail_from, "mail_options": options_of(server.raw_mail),
            "rcpt": [{"address": a, "options": options_of(raw)} for a, raw in zip(envelope.rcpt_tos, server.raw_rcpt)],
            "verbs": ["DATA"], "accepted": True,
            "auth": getattr(session, "auth_facts", None), "tls": contract.tls_facts(server.tls_object()),
        })
        if self.options.ses:
            return f"250 Ok 0102019{number:09x}-00000000-0000-4000-8000-{number:012x}-000000"
        return f"250 2.0.0 Ok: queued as {number:03d}"

    def authenticate(self, server, session, envelope, mechanism, data):
        user, password = data.login.decode("utf-8", "replace"), data.password.decode("utf-8", "replace")
        good = user == self.options.user and password == self.options.password
        if good:
            session.auth_facts = {"mechanism": mechanism, "user": user}
        return AuthResult(success=good, handled=False, auth_data=data,
                          message=self.codes["auth ok" if good else "auth bad"])


def parse():
    options = contract.parser(__doc__)
    contract.add_tls_options(options)
    options.add_argument("--tls", choices=("starttls", "implicit", "none"), default="starttls")
    options.add_argument("--user")
    options.add_argument("--password")
    options.add_argument("--require-auth", action="store_true")
    options.add_argument("--auth-in-clear", action="store_true", help="offer AUTH before TLS too (a fault)")
    options.add_argument("--ses", action="store_true", help="speak as Amazon SES")
    options.add_argument("--throttle", type=int, default=0, metavar="N", help="answer the first N messages 454 (SES) or 451")
    options.add_argument("--refuse-rcpt", action="append", default=[], metavar="ADDR[=REPLY]")
    options.add_argument("--defer-rcpt", action="append", default=[], metavar="ADDR[=REPLY]")
    options.add_argument("--size", type=int, default=100_000_000)
    options.add_argument("--smtputf8", action="store_true")
    options.add_argument("--line-limit", type=int, default=1001)
    return options.parse_args()


logging.getLogger("mail.log").setLevel(logging.CRITICAL)


async def serve(options, stop):
    context = contract.context_from(options) if options.tls != "none" else None
    handler = Handler(options, contract.Store(options.store))
    numbers = itertools.count(1)
    loop = asyncio.get_running_loop()

    def protocol():
        return Server(handler, options, next(numbers), loop=loop,
                      hostname=SES_HOST if options.ses else "peer.example",
                      ident="ESMTP SimpleEmailService-d-TEST" if options.ses else "ESMTP test peer",
                      data_size_limit=options.size, enable_SMTPUTF8=options.smtputf8,
                      tls_context=context if options.tls == "starttls" else None,
                      auth_required=options.require_auth, auth_require_tls=options.tls == "starttls",
                      authenticator=handler.authenticate)

    sock = contract.listener(options.port)
    await loop.create_server(protocol, sock=sock, ssl=context if options.tls == "implicit" else None)
    contract.say_ready(port=sock.getsockname()[1], tls=options.tls)
    await loop.run_in_executor(None, stop.until_closed)


def main():
    asyncio.run(serve(parse(), contract.Stop()))
    contract.finish()


if __name__ == "__main__":
    main()
