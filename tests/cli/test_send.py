#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Submission from the command line: what arrives, what is said of each recipient, and the exit codes of the contract."""
import os
import unittest

from cli.tool import CA, RFC9216, ToolTest

import peers

USER = ["--user", "u"]


class Send(ToolTest):
    def setUp(self):
        super().setUp()
        self.write("password", "secret-password\n")
        self.environment["AWS_EC2_METADATA_DISABLED"] = "true"

    def send(self, url, *words, expect=0, ca="ca.pem", user=True, draft=None):
        sign_in = ["--user", "u", "--password-file", self.path("password")] if user else []
        result = self.run_tool("send", "--via", url, "--ca-file", peers.ca(ca), *sign_in, *(draft or self.draft()), *self.sealing(),
                               *words, expect=expect)
        self.assertNotIn("secret-password", result.errors + result.text)
        return result

    def script(self, **settings):
        peer = peers.SmtpScript(**{"user": "u", "password": "secret-password", **settings})
        peer.start()
        self.addCleanup(peer.stop)
        return peer

    def url(self, peer, host="localhost", tls="starttls"):
        return f"{'smtps' if tls == 'implicit' else 'smtp'}://{host}:{peer.port}"

    def two(self):
        return [*self.draft(), "--cc", "Alice <alice@smime.example>"]

    def test_accepted_with_a_receipt(self):
        for tls in ("starttls", "implicit"):
            with peers.SmtpServer(tls=tls, require_auth=True, user="u", password="secret-password") as server:
                result = self.send(self.url(server, tls=tls), "--json", "--save-sent", self.path("sent.eml"))
                report = result.json
                self.assertEqual([(one["address"], one["result"], one["code"]) for one in report["recipients"]],
                                 [("bob@smime.example", "accepted", 250)])
                self.assertIn(report["tls"]["version"], ("1.2", "1.3"))
                message = server.messages(1)[0]
                self.assertEqual(message.content, self.read("sent.eml"))
                self.assertEqual(report["bytes"], len(message.content))
                self.write("arrived.eml", message.content)
                self.run_tool("open", self.path("arrived.eml"), *self.bob(), "--trust", CA, "--require", "signed,encrypted")

    def test_what_does_not_go_together_is_64(self):
        sealed = self.sealed()
        for words in (["--bcc", "z@x.example"], ["--to", "z@x.example"], ["--subject", "x"], ["--sign"], ["--eml", sealed]):
            with self.subTest(words=words):
                self.run_tool("send", "--raw", sealed, "--via", "file:" + self.path("out.eml"), *words, expect=64)
        self.run_tool("send", "--raw", sealed, "--via", "file:" + self.path("out.eml"), "--tag", "a=b", expect=64)
        self.run_tool("send", "--raw", sealed, "--via", "file:-", "--json", expect=64)
        self.run_tool("send", "--raw", sealed, "--via", "file:" + self.path("out.eml"), "--json", "--save-sent", "-", expect=64)
        self.assertFalse(os.path.exists(self.path("out.eml")))

    def test_a_mere_name_is_no_seal(self):
        head = "From: alice@smime.example\r\nTo: bob@smime.example\r\nMIME-Version: 1.0\r\n"
        for content_type in ("application/pkcs7-mime; smime-type=enveloped-data", "application/pkcs7-mime; smime-type=signed-data",
                             "application/pkcs7-mime", "application/pkcs7-mime; smime-type=certs-only",
                             "multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"; micalg=sha-256"):
            with self.subTest(content_type=content_type):
                self.write("fake.eml", f"{head}Content-Type: {content_type}\r\n\r\nnot really\r\n")
                self.run_tool("send", "--raw", self.path("fake.eml"), "--via", "file:" + self.path("out.eml"), expect=64)

    def test_refused_bcc_means_that_nobody_gets_it(self):
        words = ["--bcc", "dana@smime.example", "--recipient-key", os.path.join(RFC9216, "dana.encrypt.crt")]
        for reply, code, result in (("550 5.1.1 unknown", 2, "refused"), ("450 4.2.1 later", 75, "deferred")):
            for offers in ("AUTH PLAIN", "PIPELINING,AUTH PLAIN", "PIPELINING,CHUNKING,AUTH PLAIN"):
                with self.subTest(reply=reply, offers=offers):
                    server = self.script(ehlo_tls=offers, fault=f"rcpt@1/1:reply:{reply}")
                    report = self.send(self.url(server), *words, "--json", expect=code).json
                    self.assertEqual([(one["address"], one["result"]) for one in report["recipients"]],
                                     [("bob@smime.example", result), ("dana@smime.example", result)])
                    self.assertEqual(report["recipients"][1]["reply"], reply.split(" ", 2)[2])
                    commands = [line.upper() for line in server.commands()]
                    self.assertEqual([line for line in commands if line.startswith("RCPT")], ["RCPT TO:<DANA@SMIME.EXAMPLE>"])
                    self.assertFalse([line for line in commands if line.startswith(("DATA", "BDAT"))])
        server = self.script(fault="rcpt@1/3:reply:550 5.1.1 changed its mind")  # asked before, and yet refused: it is said
        report = self.send(self.url(server), *words, "--json", expect=3).json
        self.assertEqual([one["result"] for one in report["recipients"]], ["accepted", "refused"])

    def test_a_file_takes_no_two_copies(self):
        words = ["--bcc", "dana@smime.example", "--recipient-key", os.path.join(RFC9216, "dana.encrypt.crt")]
        for url in ("file:" + self.path("out.eml"), "file:-"):
            result = self.run_tool("send", "--via", url, *self.draft(), *self.sealing(), *words, expect=64)
            self.assertEqual(result.out, b"")
            self.assertIn("maildir:", result.errors)
        self.assertFalse(os.path.exists(self.path("out.eml")))
        self.run_tool("send", "--via", "maildir:" + self.path("box"), *self.draft(), *self.sealing(), *words)
        self.assertEqual(len(os.listdir(os.path.join(self.path("box"), "new"))), 2)

    def test_no_starttls_is_76_and_nothing_is_sent(self):
        server = self.script(ehlo_plain="SIZE 1000000,AUTH PLAIN")
        self.send(self.url(server), expect=76)
        self.assertFalse([line for line in server.commands() if line.upper().startswith(("AUTH", "MAIL"))])

    def test_certificate_of_another_name_is_76(self):
        server = self.script(cert=peers.ca("other.pem"), key=peers.ca("other.key"))
        self.assertIn("localhost", self.send(self.url(server), expect=76).errors)

    def test_unknown_ca_is_76(self):
        server = self.script(cert=peers.ca("selfsigned.pem"), key=peers.ca("selfsigned.key"))
        self.send(self.url(server), expect=76)

    def test_refused_password_is_77(self):
        server = self.script(password="another")
        self.send(self.url(server), expect=77)
        self.assertFalse([line for line in server.commands() if line.upper().startswith("MAIL")])

    def test_user_without_auth_offered_never_sends(self):
        server = self.script(ehlo_tls="SIZE 1000000,PIPELINING")
        self.assertIn(self.send(self.url(server), expect=None).code, (76, 77))
        self.assertFalse([line for line in server.commands() if line.upper().startswith("MAIL")])

    def test_no_server_is_69(self):
        import socket
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.send(f"smtp://127.0.0.1:{taken.getsockname()[1]}", expect=69)

    def test_one_refused_recipient_stops_all(self):
        server = self.script(fault="rcpt[1]:reply:550 5.1.1 no such user")
        result = self.send(self.url(server), draft=self.two(), expect=2)
        self.assertIn("refused alice@smime.example 550", result.text)
        self.assertNotIn("accepted", result.text)
        self.assertFalse([one for one in server.messages() if one.facts.get("accepted")])

    def test_partial_sends_to_the_others(self):
        server = self.script(fault="rcpt[1]:reply:550 5.1.1 no such user")
        result = self.send(self.url(server), "--partial", draft=self.two(), expect=3)
        self.assertIn("accepted bob@smime.example", result.text)
        self.assertIn("refused alice@smime.example", result.text)

    def test_deferred_is_75(self):
        server = self.script(fault="rcpt:reply:450 4.2.1 later")
        self.assertIn("deferred", self.send(self.url(server), expect=75).text)

    def test_break_before_the_final_dot_is_no_unknown(self):
        server = self.script(fault="data:hangup", ehlo_tls="SIZE 1000000,PIPELINING,AUTH PLAIN")
        self.assertIn(self.send(self.url(server), expect=None).code, (69, 75, 76))

    def test_break_after_the_final_dot_is_unknown_and_not_repeated(self):
        server = self.script(fault="dot:hangup")
        result = self.send(self.url(server), "--json", expect=4)
        self.assertEqual(result.json["recipients"][0]["result"], "unknown")
        self.assertEqual(len([line for line in server.commands() if line.upper().startswith("MAIL")]), 1)

    def test_dry_run_contacts_nobody(self):
        server = self.script()
        result = self.send(self.url(server), "--dry-run")
        self.assertIn("not sent", result.text)
        self.assertEqual(server.dialogue(), [])

    def test_bcc_gets_a_copy_of_its_own(self):
        with peers.SmtpServer(tls="starttls", require_auth=True, user="u", password="secret-password") as server:
            self.send(self.url(server), "--bcc", "alice@smime.example", "--no-encrypt-to-self")
            messages = server.messages(2)
            self.assertEqual([[rcpt["address"] for rcpt in one.facts["rcpt"]] for one in messages],
                             [["bob@smime.example"], ["alice@smime.example"]])
            for one in messages:
                self.assertNotIn(b"\nbcc:", one.content.lower())
            # The named recipient's copy cannot be read by the Bcc recipient.
            self.write("first.eml", messages[0].content)
            self.run_tool("open", self.path("first.eml"), *self.alice(), expect=77)
            self.write("second.eml", messages[1].content)
            self.run_tool("open", self.path("second.eml"), *self.alice())

    def test_raw_arrives_byte_identical(self):
        sealed = self.sealed()
        with peers.SmtpServer(tls="starttls", require_auth=True, user="u", password="secret-password") as server:
            self.run_tool("send", "--via", self.url(server), "--ca-file", peers.ca("ca.pem"), *USER, "--password-file",
                          self.path("password"), "--raw", sealed)
            self.assertEqual(server.messages(1)[0].content, self.read("sealed.eml"))

    def test_a_password_in_the_url_is_refused_and_not_shown(self):
        result = self.run_tool("send", "--via", "smtp://me:hunter2@mail.example", *self.draft(), *self.sealing(), expect=64)
        self.assertNotIn("hunter2", result.errors)

    def test_verbose_masks_the_credentials(self):
        import base64
        server = self.script()
        result = self.send(self.url(server), "--verbose")
        self.assertIn("MAIL FROM", result.errors)
        for secret in (b"secret-password", base64.b64encode(b"\0u\0secret-password"), base64.b64encode(b"secret-password")):
            self.assertNotIn(secret, result.err + result.out)

    def test_delivery_notifications_and_what_they_are_about(self):
        server = self.script()
        sender = ["--dsn", "success,failure,delay,hdrs", "--envid", "a+b=c d"]
        self.send(self.url(server), *sender)
        self.send(self.url(server), "--dsn", "never,full", expect=0)
        self.send(self.url(server), "--dsn", "never,success", expect=64)
        self.send(self.url(server), "--dsn", "often", expect=64)
        said = [line for line in server.commands() if line.startswith(("MAIL", "RCPT"))]
        self.assertTrue(said[0].endswith(" RET=HDRS ENVID=a+2Bb+3Dc+20d"), said[0])
        self.assertEqual(said[1], "RCPT TO:<bob@smime.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;bob@smime.example")
        self.assertTrue(said[2].endswith(" RET=FULL"), said[2])
        self.assertEqual(said[3], "RCPT TO:<bob@smime.example> NOTIFY=NEVER")
        self.assertEqual(server.violations(), [])

    def test_the_copy_that_is_kept_has_no_wishes_of_the_submission(self):
        server = self.script(ehlo_tls="PIPELINING,SIZE 1000000,AUTH PLAIN,REQUIRETLS,DSN")
        self.send(self.url(server), "--require-tls", "--dsn", "success,full", "--save-sent", "maildir:" + self.path("sent"))
        [name] = os.listdir(self.path("sent/new"))
        self.assertEqual(self.read("sent/new/" + name), server.messages(1)[0].content)

    def test_a_wish_that_nobody_can_meet_is_refused(self):
        server = self.script()
        program = self.write("sendmail", "#!/bin/sh\nexit 1\n")
        for via in ("file:" + self.path("out"), "maildir:" + self.path("box"), "exec:" + program):
            self.run_tool("send", "--via", via, *self.draft(), *self.sealing(), "--require-tls", expect=76)
            self.run_tool("send", "--via", via, *self.draft(), *self.sealing(), "--dsn", "success", expect=64)
            self.run_tool("send", "--via", via, *self.draft(), *self.sealing(), "--tag", "a=b", expect=64)
        self.assertIn("X-SES-MESSAGE-TAGS", self.send(self.url(server), "--tag", "a=b", expect=64).errors)
        self.assertEqual((server.dialogue(), os.path.exists(self.path("out")), os.path.exists(self.path("box"))), ([], False, False))

    def test_maildir_and_exec(self):
        self.run_tool("send", "--via", "maildir:" + self.path("box"), *self.draft(), *self.sealing())
        self.assertEqual(len(os.listdir(self.path("box/new"))), 1)
        program = self.write("sendmail", "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$HOME/args\"\ncat > \"$HOME/message\"\nexit ${CODE:-0}\n")
        os.chmod(program, 0o700)
        self.run_tool("send", "--via", "exec:" + program, *self.draft(), *self.sealing())
        self.assertEqual(self.read("args").decode().split("\n")[:-1], ["-i", "-f", "alice@smime.example", "--", "bob@smime.example"])
        self.assertTrue(self.read("message").startswith(b"From: "))
        self.environment["CODE"] = "75"
        self.run_tool("send", "--via", "exec:" + program, *self.draft(), *self.sealing(), expect=75)
        self.environment["CODE"] = "1"
        self.run_tool("send", "--via", "exec:" + program, *self.draft(), *self.sealing(), expect=2)
        self.run_tool("send", "--via", "exec:/nowhere/sendmail", *self.draft(), *self.sealing(), expect=69)


class Ses(ToolTest):
    KEY, SECRET, REGION = "AKIDTEST", "ses/secret+key", "eu-central-1"

    def server(self, **settings):
        peer = peers.SesServer(**{"credentials": f"{self.KEY}:{self.SECRET}", "region": self.REGION, **settings})
        peer.start()
        self.addCleanup(peer.stop)
        self.environment.update({"AWS_ACCESS_KEY_ID": self.KEY, "AWS_SECRET_ACCESS_KEY": self.SECRET, "AWS_EC2_METADATA_DISABLED": "true",
                                 "AWS_MAX_ATTEMPTS": "2", "AWS_REGION": self.REGION, "AWS_CA_BUNDLE": peers.ca("ca.pem")})
        return peer

    def send(self, peer, *words, query="", expect=0):
        url = f"ses://{self.REGION}?endpoint=https://localhost:{peer.port}{query}"
        result = self.run_tool("send", "--via", url, *self.draft(), *self.sealing(), *words, expect=expect)
        self.assertNotIn(self.SECRET, result.errors + result.text)
        return result

    def test_both_apis_take_it(self):
        for query in ("", "&api=v1"):
            server = self.server()
            result = self.send(server, "--json", "--save-sent", self.path("sent.eml"), query=query)
            recipient = result.json["recipients"][0]
            self.assertEqual((recipient["result"], recipient["address"]), ("accepted", "bob@smime.example"))
            self.assertTrue(recipient["id"])
            self.assertEqual(server.messages(1)[0].content, self.read("sent.eml"))

    def test_wrong_secret_is_77(self):
        server = self.server()
        self.environment["AWS_SECRET_ACCESS_KEY"] = "another"
        self.send(server, expect=77)

    def test_no_credentials_is_77_and_tells_what_was_tried(self):
        server = self.server()
        del self.environment["AWS_ACCESS_KEY_ID"], self.environment["AWS_SECRET_ACCESS_KEY"]
        self.assertIn("environment", self.send(server, expect=77).errors)

    def test_rejected_is_2_throttled_is_75_unknown_is_4(self):
        self.assertIn("refused", self.send(self.server(fail="1:400:MessageRejected"), expect=2).text)
        self.send(self.server(fail="9:429:TooManyRequestsException"), expect=75)
        server = self.server(hangup="after-body:1")
        self.assertIn("unknown", self.send(server, expect=4).text)
        self.assertEqual(server.messages(), [])  # it would have been taken had it been sent again

    def test_throttled_once_is_sent(self):
        self.assertIn("accepted", self.send(self.server(fail="1:429:TooManyRequestsException")).text)

    def test_an_address_in_a_tag_is_64(self):
        self.assertIn("an address in a tag", self.send(self.server(), "--tag", "who=bob@x.example", expect=64).errors)

    def test_quota_policy_and_password(self):
        server = self.server(config_set=["strict=REQUIRE", "loose=OPTIONAL"], quota="200,1,7")
        words = ["--endpoint", f"https://localhost:{server.port}"]
        self.assertIn("200", self.run_tool("ses", "quota", *words).text)
        self.assertEqual(self.run_tool("ses", "tls-policy", "strict", *words).text, "REQUIRE\n")
        self.assertEqual(self.run_tool("ses", "tls-policy", "loose", "REQUIRE", *words).text, "REQUIRE\n")
        self.assertEqual(self.run_tool("ses", "smtp-password", "--region", "eu-central-1", stdin=b"some+secret+key\n").text,
                         "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2\n")

    def test_require_tls_asks_the_configuration_set(self):
        server = self.server(config_set=["strict=REQUIRE", "loose=OPTIONAL"])
        self.send(server, "--require-tls", query="&configuration-set=strict")
        self.send(server, "--require-tls", query="&configuration-set=loose", expect=76)
        self.assertEqual(len(server.messages()), 1)


if __name__ == "__main__":
    unittest.main()
