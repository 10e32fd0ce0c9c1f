#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The honest SMTP server, seen by smtplib."""
import smtplib
import ssl
import unittest

import peers

MESSAGE = (b"Subject: dots\r\n\r\n.\r\n..two\r\n" + "grüße\r\n".encode() + b"x" * 998 + b"\r\n\x00\x01\x7f\r\nend\r\n")
SES = {"ses": True, "user": "AKID", "password": "pw", "require_auth": True}


def trusting():
    return ssl.create_default_context(cafile=peers.ca("ca.pem"))


class Sending(unittest.TestCase):
    def test_starttls_keeps_the_bytes_and_tells_the_envelope(self):
        with peers.SmtpServer(**SES) as server, smtplib.SMTP("localhost", server.port) as client:
            client.starttls(context=trusting())
            client.login("AKID", "pw")
            client.ehlo()
            self.assertEqual(sorted(client.esmtp_features), ["8bitmime", "auth", "ok"])
            client.mail("from@example.org", ["BODY=8BITMIME"])
            client.rcpt("to@example.org")
            code, words = client.data(MESSAGE)
            self.assertEqual(code, 250)
            self.assertRegex(words.decode(), r"^Ok [0-9a-f-]+-000000$")
            message, = server.messages(1)
        self.assertEqual(message.content, MESSAGE)
        self.assertEqual(message.facts["mail_from"], "from@example.org")
        self.assertEqual(message.facts["mail_options"], ["BODY=8BITMIME"])
        self.assertEqual(message.facts["rcpt"], [{"address": "to@example.org", "options": []}])
        self.assertEqual(message.facts["auth"], {"mechanism": "PLAIN", "user": "AKID"})
        self.assertEqual(message.facts["tls"]["version"], "TLSv1.3")

    def test_tls_wrapper_and_two_messages_on_one_connection(self):
        with peers.SmtpServer(tls="implicit", user="u", password="p", tls_max="1.2") as server:
            with smtplib.SMTP_SSL("localhost", server.port, context=trusting()) as client:
                client.login("u", "p")
                for _ in range(2):
                    client.sendmail("a@example.org", ["b@example.org", "c@example.org"], MESSAGE)
            first, second = server.messages(2)
        self.assertEqual(first.content, second.content)
        self.assertEqual([m.facts["transaction"] for m in (first, second)], [1, 2])
        self.assertEqual(first.facts["tls"]["version"], "TLSv1.2")

    def test_smtputf8_is_an_offer_of_its_own(self):
        with peers.SmtpServer(tls="none", smtputf8=True) as server, smtplib.SMTP("localhost", server.port) as client:
            client.sendmail("jürgen@example.org", ["to@example.org"], b"\r\nx\r\n", ["SMTPUTF8", "BODY=8BITMIME"])
            self.assertEqual(server.messages(1)[0].facts["mail_from"], "jürgen@example.org")


class Refusing(unittest.TestCase):
    def test_mail_before_starttls_is_530(self):
        with peers.SmtpServer(**SES) as server, smtplib.SMTP("localhost", server.port) as client:
            client.ehlo()
            self.assertIn("starttls", client.esmtp_features)
            self.assertNotIn("auth", client.esmtp_features)
            self.assertEqual(client.mail("a@example.org")[0], 530)

    def test_wrong_password_is_535_and_no_password_530(self):
        with peers.SmtpServer(**SES) as server, smtplib.SMTP("localhost", server.port) as client:
            client.starttls(context=trusting())
            client.ehlo()
            self.assertEqual(client.mail("a@example.org")[0], 530)
            with self.assertRaises(smtplib.SMTPAuthenticationError) as caught:
                client.login("AKID", "wrong")
            self.assertEqual(caught.exception.smtp_code, 535)

    def test_recipients_as_told_and_throttling(self):
        with peers.SmtpServer(**SES, refuse_rcpt="no@example.org", throttle=1,
                              defer_rcpt="later@example.org=451 4.7.1 Greylisted") as server:
            with smtplib.SMTP("localhost", server.port) as client:
                client.starttls(context=trusting())
                client.login("AKID", "pw")
                client.mail("a@example.org")
                self.assertEqual(client.rcpt("no@example.org")[0], 550)
                self.assertEqual(client.rcpt("later@example.org"), (451, b"4.7.1 Greylisted"))
                self.assertEqual(client.rcpt("yes@example.org")[0], 250)
                self.assertEqual(client.data(b"\r\n")[0], 454)
                self.assertEqual(server.messages(), [])

    def test_size_is_enforced(self):
        with peers.SmtpServer(tls="none", size=100) as server, smtplib.SMTP("localhost", server.port) as client:
            client.ehlo()
            self.assertEqual(client.mail("a@example.org", ["SIZE=101"])[0], 552)

    def test_client_certificate_is_demanded(self):
        with peers.SmtpServer(tls="implicit", client_ca=peers.ca("ca.pem")) as server:
            context = trusting()
            with self.assertRaises((ssl.SSLError, OSError, smtplib.SMTPServerDisconnected)):
                smtplib.SMTP_SSL("localhost", server.port, context=context, timeout=5)
            context.load_cert_chain(peers.ca("client.pem"), peers.ca("client.key"))
            with smtplib.SMTP_SSL("localhost", server.port, context=context) as client:
                client.sendmail("a@example.org", ["b@example.org"], b"\r\n")
            self.assertIn("mimeseal test client", server.messages(1)[0].facts["tls"]["client"])

    def test_bad_certificates_are_bad_for_the_client(self):
        for name in ("other", "expired", "early", "selfsigned", "rogue", "short"):
            with self.subTest(name), peers.SmtpServer(
                    tls="implicit", cert=peers.ca(name + ".pem"), key=peers.ca(name + ".key")) as server:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    smtplib.SMTP_SSL("localhost", server.port, context=trusting())

    def test_a_chain_with_its_intermediate_is_good(self):
        with peers.SmtpServer(tls="implicit", cert=peers.ca("chain.pem"), key=peers.ca("chain.key")) as server:
            smtplib.SMTP_SSL("localhost", server.port, context=trusting()).quit()


class Life(unittest.TestCase):
    def test_exits_0_when_stdin_ends_and_on_sigterm(self):
        server = peers.SmtpServer(tls="none")
        server.start()
        self.assertEqual(server.stop(), 0)
        with peers.SmtpServer(tls="none") as server:
            server.process.terminate()
            self.assertEqual(server.process.wait(5), 0)

    def test_a_bad_certificate_path_is_told(self):
        with self.assertRaises(peers.DidNotStart):
            peers.SmtpServer(cert="/nonexistent").start()


if __name__ == "__main__":
    unittest.main()
