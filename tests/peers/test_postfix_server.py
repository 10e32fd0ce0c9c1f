#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The private Postfix, seen by smtplib and a bare BDAT."""
import smtplib
import ssl
import subprocess
import time
import unittest
import warnings

import peers

MESSAGE = ("From: a@example.org\r\nBcc: kept@example.org\r\nSubject: grüße\r\n\r\n.\r\n..two\r\n".encode() + b"x" * 998
           + b"\r\n\xc3\xa4\r\nend\r\n")


def trusting():
    return ssl.create_default_context(cafile=peers.ca("ca.pem"))


class Postfix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = peers.PostfixServer(refuse_rcpt="no@example.org=550 5.1.1 nobody", defer_rcpt="later@example.org")
        try:
            cls.server.start()
        except peers.Skipped as why:
            raise unittest.SkipTest(str(why)) from None
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.before = len(self.server.messages())

    def arrived(self, count=1):
        return self.server.messages(self.before + count)[self.before:]

    def starttls(self):
        client = smtplib.SMTP("localhost", self.server.port, timeout=20)
        self.addCleanup(client.close)
        client.starttls(context=trusting())
        client.ehlo()
        return client

    def test_offers(self):
        offers = self.starttls().esmtp_features
        for name in ("pipelining", "size", "dsn", "smtputf8", "chunking", "8bitmime", "enhancedstatuscodes"):
            self.assertIn(name, offers)

    def test_starttls_bytes_envelope_and_dsn(self):
        client = self.starttls()
        client.mail("a@example.org", ["BODY=8BITMIME", "RET=HDRS", "ENVID=e1"])
        client.rcpt("b@example.org", ["NOTIFY=NEVER", "ORCPT=rfc822;b@example.org"])
        code, words = client.data(MESSAGE)
        self.assertEqual(code, 250)
        message, = self.arrived()
        self.assertEqual(message.content, MESSAGE)
        self.assertIn(message.facts["queue_id"], words.decode())
        self.assertEqual(message.facts["tls"]["version"], "TLSv1.3")
        self.assertIn("ENVID=e1", message.facts["mail_options"])
        recipient, = message.facts["rcpt"]
        self.assertEqual(recipient["address"], "b@example.org")
        self.assertEqual(sorted(recipient["options"]), ["NOTIFY=NEVER", "ORCPT=rfc822;b@example.org"])

    def test_wrapper_and_smtputf8(self):
        with smtplib.SMTP_SSL("localhost", self.server.smtps_port, context=trusting(), timeout=20) as client:
            client.sendmail("jürgen@example.org", ["b@example.org"], MESSAGE, ["SMTPUTF8", "BODY=8BITMIME"])
        message, = self.arrived()
        self.assertEqual(message.content, MESSAGE)
        self.assertEqual(message.facts["mail_from"], "jürgen@example.org")

    def test_chunking(self):
        client = self.starttls()
        client.mail("a@example.org", ["BODY=8BITMIME"])
        client.rcpt("b@example.org")
        client.send(b"BDAT %d\r\n" % 100 + MESSAGE[:100] + b"BDAT %d LAST\r\n" % (len(MESSAGE) - 100) + MESSAGE[100:])
        self.assertEqual([client.getreply()[0] for _ in range(2)], [250, 250])
        self.assertEqual(self.arrived()[0].content, MESSAGE)

    def test_refusals(self):
        client = self.starttls()
        client.mail("a@example.org")
        self.assertEqual(client.rcpt("no@example.org")[0], 550)
        self.assertEqual(client.rcpt("later@example.org")[0], 450)

    def test_no_mail_in_the_clear(self):
        with smtplib.SMTP("localhost", self.server.port, timeout=20) as client:
            client.ehlo()
            self.assertEqual(client.mail("a@example.org")[0], 530)


class Options(unittest.TestCase):
    def test_old_tls_discarded_offers_and_nothing_left_behind(self):
        try:
            with peers.PostfixServer(tls_min="1.0", tls_max="1.0", discard="pipelining,chunking") as server:
                home = server.log_path
                context = trusting()
                context.set_ciphers("ALL:@SECLEVEL=0")
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
                with smtplib.SMTP("localhost", server.port, timeout=20) as client:
                    client.starttls(context=context)
                    client.ehlo()
                    self.assertEqual(client.sock.version(), "TLSv1")
                    self.assertNotIn("chunking", client.esmtp_features)
                with self.assertRaises(ssl.SSLError), smtplib.SMTP("localhost", server.port, timeout=20) as client:
                    client.starttls(context=trusting())
        except peers.Skipped as why:
            self.skipTest(str(why))
        time.sleep(0.5)
        self.assertEqual(subprocess.run(["pgrep", "-f", home.rpartition("/")[0]], capture_output=True,
                                        check=False).stdout, b"")


if __name__ == "__main__":
    unittest.main()
