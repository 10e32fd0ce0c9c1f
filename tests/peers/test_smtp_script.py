#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scripted SMTP server, seen by smtplib and by a bare socket."""
import base64
import hashlib
import hmac
import json
import os
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import peers

CONTENT = b"Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n"
PLAIN = {"tls": "none"}


def trusting():
    return ssl.create_default_context(cafile=peers.ca("ca.pem"))


class Bare:
    """A client that sends exactly what it is told and reads lines, or what there is."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.sock.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            lines.append(line)
            if line[3:4] != b"-":
                return b"".join(lines)

    def ask(self, data):
        self.send(data)
        return self.reply()


def whole_transaction(client, recipients=("b@example.org",)):
    client.ehlo()
    client.mail("a@example.org")
    codes = [client.rcpt(r)[0] for r in recipients]
    return codes, client.data(CONTENT)


class Dialogue(unittest.TestCase):
    def test_same_message_in_every_chunking_and_kind_of_tls(self):
        for chunking in ("whole", "line", "byte"):
            for tls in ("none", "starttls", "implicit"):
                with self.subTest(chunking=chunking, tls=tls), peers.SmtpScript(tls=tls, chunking=chunking) as server:
                    connect = smtplib.SMTP_SSL if tls == "implicit" else smtplib.SMTP
                    extra = {"context": trusting()} if tls == "implicit" else {}
                    with connect("localhost", server.port, timeout=20, **extra) as client:
                        if tls == "starttls":
                            client.starttls(context=trusting())
                        self.assertEqual(whole_transaction(client)[1][0], 250)
                    message, = server.messages(1)
                    self.assertEqual(message.content, CONTENT)
                    self.assertTrue(message.facts["accepted"])
                    self.assertEqual(message.facts["tls"] is None, tls == "none")
                    self.assertEqual(server.violations(), [])

    def test_byte_chunking_really_splits_replies(self):
        with peers.SmtpScript(**PLAIN, chunking="byte", chunk_pause_ms=5) as server, Bare(server.port) as client:
            parts = []
            while not b"".join(parts).endswith(b"\n"):
                parts.append(client.sock.recv(100))
        self.assertGreater(len(parts), 10)

    def test_pipelining_and_bdat_in_one_burst(self):
        burst = (b"MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=9\r\nRCPT TO:<b@example.org> NOTIFY=NEVER\r\n"
                 b"BDAT 4\r\nab\r\nBDAT 5 LAST\r\n.\r\nc\n")
        with peers.SmtpScript(**PLAIN) as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            client.send(burst)
            self.assertEqual([client.reply()[:3] for _ in range(4)], [b"250"] * 4)
            message, = server.messages(1)
            entries = [e for e in server.dialogue() if e["event"] == "command"][1:]
            self.assertEqual(server.violations(), ["bare CR or LF in the content"])
        self.assertEqual(message.content, b"ab\r\n.\r\nc\n")
        self.assertEqual(message.facts["verbs"], ["BDAT", "BDAT LAST"])
        self.assertEqual(message.facts["chunks"], [4, 5])
        self.assertEqual(message.facts["rcpt"][0]["options"], ["NOTIFY=NEVER"])
        self.assertEqual([e["outstanding"] for e in entries], [0, 1, 2, 3])
        self.assertEqual(len({e["read"] for e in entries}), 1)

    def test_a_delay_is_paid_once_per_burst(self):
        with peers.SmtpScript(**PLAIN, delay_ms=100) as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            begun = time.monotonic()
            client.send(b"RSET\r\n" * 20)
            for _ in range(20):
                client.reply()
            together = time.monotonic() - begun
            begun = time.monotonic()
            for _ in range(3):
                client.ask(b"RSET\r\n")
            apart = time.monotonic() - begun
        self.assertTrue(0.1 <= together < 0.6, together)  # 2.0 if it were paid twenty times
        self.assertGreaterEqual(apart, 0.3)

    def test_a_large_message_is_kept_whole(self):
        content = os.urandom(3_000_000).replace(b"\n", b" ").replace(b"\r", b"\r\n") + b"\r\n"
        with peers.SmtpScript() as server, smtplib.SMTP("localhost", server.port) as client:
            client.starttls(context=trusting())
            client.ehlo()
            client.mail("a@example.org", ["BODY=8BITMIME"])
            client.rcpt("b@example.org")
            client.data(content)
            self.assertEqual(server.messages(1)[0].content, content)

    def test_openssl_s_client_speaks_starttls(self):
        with peers.SmtpScript() as server:
            result = subprocess.run(
                ["openssl", "s_client", "-quiet", "-starttls", "smtp", "-connect", f"127.0.0.1:{server.port}",
                 "-CAfile", peers.ca("ca.pem"), "-verify_return_error"],
                input=b"EHLO x\r\nQUIT\r\n", capture_output=True, timeout=20, check=False)
        self.assertIn(b"250-REQUIRETLS", result.stdout.replace(b"250 REQ", b"250-REQ"))


class Offers(unittest.TestCase):
    def codes(self, lines, **settings):
        with peers.SmtpScript(**{**PLAIN, **settings}) as server, Bare(server.port) as client:
            client.reply()
            replies = [client.ask(line + b"\r\n")[:3] for line in [b"EHLO me", *lines]]
            return replies[1:], server.violations()

    def test_parameters_need_their_offer(self):
        codes, violations = self.codes(
            [b"MAIL FROM:<a@example.org> RET=HDRS", b"MAIL FROM:<a@example.org> SIZE=5", b"MAIL FROM:<a@example.org>",
             b"RCPT TO:<b@example.org> ORCPT=rfc822;b"], ehlo_plain="8BITMIME")
        self.assertEqual(codes, [b"555", b"555", b"250", b"555"])
        self.assertEqual(len(violations), 3)

    def test_limits_rcptmax_and_size(self):
        codes, _ = self.codes(
            [b"MAIL FROM:<> SIZE=101", b"MAIL FROM:<>", b"RCPT TO:<a@b>", b"RCPT TO:<\"a b\"@b>", b"RCPT TO:<c@b>"],
            ehlo_plain="SIZE 100,LIMITS RCPTMAX=2 MAILMAX=5")
        self.assertEqual(codes, [b"552", b"250", b"250", b"250", b"452"])

    def test_pipelining_without_offer_is_seen(self):
        with peers.SmtpScript(**PLAIN, ehlo_plain="8BITMIME", delay_ms=30) as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n")
            client.reply()
            client.reply()
            self.assertIn("PIPELINING is not offered", server.violations()[0])

    def test_faults_of_the_content_are_seen(self):
        with peers.SmtpScript(**PLAIN) as server, Bare(server.port) as client:
            client.reply()
            for line in (b"EHLO me", b"MAIL FROM:<a@b> SIZE=3", b"RCPT TO:<a@b>", b"DATA"):
                client.ask(line + b"\r\n")
            client.ask(b".single\r\n\xe4\nbare\r\n.\r\n")
            message, = server.messages(1)
        self.assertEqual(message.content, b"single\r\n\xe4\nbare\r\n")
        self.assertEqual(message.facts["bare_lf"], 1)

    def test_command_injection_is_seen(self):
        with peers.SmtpScript(**PLAIN) as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            client.ask(b"MAIL FROM:<a@b\x00>\nRSET\r\n")
            self.assertTrue(any("bare LF" in v for v in server.violations()))
            self.assertTrue(any("control character" in v for v in server.violations()))


class Auth(unittest.TestCase):
    ACCOUNT = {"user": "u,=ser", "password": "p w", "token": "tok.en"}

    def attempt(self, mechanism, respond, *, initial=True, **settings):
        with peers.SmtpScript(**self.ACCOUNT, **settings) as server, \
                smtplib.SMTP("localhost", server.port, timeout=10) as client:
            client.starttls(context=trusting())
            client.ehlo()
            try:
                code = client.auth(mechanism, respond, initial_response_ok=initial)[0]
            except smtplib.SMTPAuthenticationError as error:
                code = error.smtp_code
            client.mail("a@example.org")
            client.rcpt("b@example.org")
            client.data(b"\r\n")
            user = server.messages(1)[0].facts["auth"]
            return code, user and user["user"]

    def test_password_mechanisms_of_smtplib(self):
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            for password, expected in (("p w", (235, "u,=ser")), ("no", (535, None))):
                with self.subTest(mechanism=mechanism, password=password):
                    client = smtplib.SMTP()
                    client.user, client.password = self.ACCOUNT["user"], password
                    respond = getattr(client, "auth_" + mechanism.lower().replace("-", "_"))
                    if mechanism == "LOGIN":
                        answers = iter([client.user, client.password])
                        respond = lambda challenge=None, answers=answers: next(answers)
                    self.assertEqual(self.attempt(mechanism, respond, initial=mechanism != "CRAM-MD5"), expected)

    def test_oauth(self):
        for mechanism, shape in (("XOAUTH2", "user=u,=ser\x01auth=Bearer {}\x01\x01"),
                                 ("OAUTHBEARER", "n,a=u=2C=3Dser,\x01host=localhost\x01auth=Bearer {}\x01\x01")):
            for initial in (True, False):
                for token, expected in (("tok.en", (235, "u,=ser")), ("old", (535, None))):
                    with self.subTest(mechanism=mechanism, token=token, initial=initial):
                        answers = iter([shape.format(token), "\x01"])
                        self.assertEqual(self.attempt(mechanism, lambda challenge=None: next(answers), initial=initial),
                                         expected)

    def test_scram(self):
        def client(password):
            state = {}

            def respond(challenge=None):
                if not challenge:
                    state["bare"] = "n=u=2C=3Dser,r=clientnonce"
                    return "n,," + state["bare"]
                fields = dict(part.split("=", 1) for part in challenge.decode().split(","))
                if "v" in fields:
                    self.assertEqual(fields["v"], state["server"])
                    return ""
                salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(fields["s"]), int(fields["i"]))
                final = "c=biws,r=" + fields["r"]
                text = ",".join([state["bare"], challenge.decode(), final]).encode()
                key = hmac.digest(salted, b"Client Key", "sha256")
                signature = hmac.digest(hashlib.sha256(key).digest(), text, "sha256")
                proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
                state["server"] = base64.b64encode(
                    hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), text, "sha256")).decode()
                return f"{final},p={proof}"
            return respond
        self.assertEqual(self.attempt("SCRAM-SHA-256", client(b"p w")), (235, "u,=ser"))
        self.assertEqual(self.attempt("SCRAM-SHA-256", client(b"no")), (535, None))

    def test_250_instead_of_235_logs_nobody_in(self):
        client = smtplib.SMTP()
        client.user, client.password = self.ACCOUNT["user"], self.ACCOUNT["password"]
        self.assertEqual(self.attempt("PLAIN", client.auth_plain, fault="auth-final:reply:250 fine"), (250, None))
        self.assertEqual(self.attempt("PLAIN", client.auth_plain, fault="auth:reply:454 4.7.0 later"), (454, None))


class Faults(unittest.TestCase):
    STEPS = ("connect", "banner", "ehlo", "mail", "rcpt", "data", "body-middle", "dot")

    def test_breaking_off_at_every_step(self):
        for step in self.STEPS:
            for action in ("hangup", "rst", "cut:1", "close:421 4.3.2 bye"):
                if action == "cut:1" and step in ("connect", "body-middle"):
                    continue
                with self.subTest(step=step, action=action), \
                        peers.SmtpScript(**PLAIN, fault=f"{step}@1:{action}") as server:
                    with self.assertRaises((smtplib.SMTPException, OSError)) as caught:
                        with smtplib.SMTP("localhost", server.port, timeout=10) as client:
                            client.ehlo_or_helo_if_needed()
                            client.sendmail("a@example.org", ["b@example.org"], CONTENT)
                    self.assertNotIsInstance(caught.exception, TimeoutError)
                    with smtplib.SMTP("localhost", server.port) as client:
                        self.assertEqual(whole_transaction(client)[1][0], 250)
                    stored = server.messages(2 if step == "dot" else 1)
                    self.assertEqual([m.facts["accepted"] for m in stored], [False, True] if step == "dot" else [True])

    def test_stalls_until_the_client_gives_up(self):
        for step in ("connect", "mail", "dot"):
            with self.subTest(step=step), peers.SmtpScript(**PLAIN, fault=f"{step}:stall") as server:
                with self.assertRaises((TimeoutError, smtplib.SMTPServerDisconnected)):
                    with smtplib.SMTP("localhost", server.port, timeout=0.3) as client:
                        whole_transaction(client)

    def test_the_server_believes_what_it_says(self):
        faults = ["rcpt[1]:reply:550 5.1.1 unknown", "rcpt[2]*1:reply:450-4.2.1 one\\r\\n450 4.2.1 two"]
        with peers.SmtpScript(**PLAIN, fault=faults) as server, smtplib.SMTP("localhost", server.port) as client:
            codes, _ = whole_transaction(client, ["a@x", "b@x", "c@x", "d@x"])
            self.assertEqual(codes, [250, 550, 450, 250])
            self.assertEqual([r["address"] for r in server.messages(1)[0].facts["rcpt"]], ["a@x", "d@x"])

    def test_strange_replies(self):
        for action, check in (("long:50000", lambda r: len(r) > 50000), ("multi:50", lambda r: r.count(b"\n") == 51),
                              ("garbage", lambda r: r.startswith(b"\x00\xff")), ("extra:250 more", lambda r: True),
                              ("raw:25", None), ("flood:100000", None)):
            with self.subTest(action=action), peers.SmtpScript(**PLAIN, fault="mail:" + action) as server, \
                    Bare(server.port) as client:
                client.reply()
                client.ask(b"EHLO me\r\n")
                client.send(b"MAIL FROM:<a@b>\r\n")
                if check:
                    self.assertTrue(check(client.reply()))
                if action.startswith("extra"):
                    self.assertEqual(client.reply(), b"250 more\r\n")
                if action.startswith("raw"):
                    self.assertEqual(client.sock.recv(10), b"25")
                if action.startswith("flood"):
                    self.assertEqual(len(client.file.read(100004)), 100004)

    def test_starttls_stripped_refused_and_injected(self):
        with peers.SmtpScript(ehlo_plain="8BITMIME") as server, smtplib.SMTP("localhost", server.port) as client:
            with self.assertRaises(smtplib.SMTPNotSupportedError):
                client.starttls(context=trusting())
            self.assertEqual(client.mail("a@b")[0], 530)
        with peers.SmtpScript(fault="starttls:reply:454 4.7.0 no") as server, \
                smtplib.SMTP("localhost", server.port) as client:
            with self.assertRaises(smtplib.SMTPResponseException):
                client.starttls(context=trusting())
        with peers.SmtpScript(fault=r"starttls:extra:250-evil\r\n250 AUTH PLAIN") as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            client.send(b"STARTTLS\r\n")
            time.sleep(0.2)
            self.assertEqual(client.sock.recv(1000), b"220 2.0.0 Go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n")
            inside = trusting().wrap_socket(client.sock, server_hostname="localhost")
            inside.sendall(b"EHLO me\r\n")
            self.assertTrue(inside.recv(1000).startswith(b"250-peer.example\r\n"))
            inside.close()

    def test_handshake_garbage_hangup_and_no_tls_at_all(self):
        for action in ("raw:HTTP/1.1 400 no\\r\\n", "hangup", "rst", "skip"):
            with self.subTest(action=action), peers.SmtpScript(fault="handshake:" + action) as server:
                client = smtplib.SMTP("localhost", server.port, timeout=5)
                with self.assertRaises(OSError):
                    client.starttls(context=trusting())
                client.close()

    def test_plaintext_after_starttls_is_seen(self):
        with peers.SmtpScript() as server, Bare(server.port) as client:
            client.reply()
            client.ask(b"EHLO me\r\n")
            client.ask(b"STARTTLS\r\nRSET\r\n")
            self.assertEqual(server.violations(), ["plaintext sent after STARTTLS"])

    def test_closing_after_a_message_and_when_idle(self):
        for settings in ({"fault": "after-dot:hangup"}, {"fault": "after-dot:close:421 4.4.2 idle"}, {"idle": 0.2}):
            with self.subTest(settings), peers.SmtpScript(**PLAIN, **settings) as server, Bare(server.port) as client:
                client.reply()
                for line in (b"EHLO me", b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA", b"x\r\n."):
                    last = client.ask(line + b"\r\n")
                self.assertTrue(last.startswith(b"250"))
                self.assertIn(client.file.read()[:3], (b"", b"421"))

    def test_an_answer_in_the_middle_of_the_content(self):
        with peers.SmtpScript(**PLAIN, fault="body-middle[5]:reply:552 5.3.4 enough") as server, \
                Bare(server.port) as client:
            client.reply()
            for line in (b"EHLO me", b"MAIL FROM:<a@b>", b"RCPT TO:<a@b>", b"DATA"):
                client.ask(line + b"\r\n")
            self.assertEqual(client.ask(b"12345678\r\n"), b"552 5.3.4 enough\r\n")
            self.assertTrue(client.ask(b".\r\n").startswith(b"250"))

    def test_scenario_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"tls": "none", "fault": ["mail*1:reply:451 4.3.0 later"], "chunking": "line"}, file)
            file.flush()
            with peers.SmtpScript(scenario=file.name) as server, smtplib.SMTP("localhost", server.port) as client:
                client.ehlo()
                self.assertEqual(client.mail("a@b")[0], 451)
                self.assertEqual(client.mail("a@b")[0], 250)

    def test_a_fault_that_cannot_be_is_refused(self):
        with self.assertRaises(peers.DidNotStart):
            peers.SmtpScript(fault="nowhere:hangup").start()


if __name__ == "__main__":
    unittest.main()
