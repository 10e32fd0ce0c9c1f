#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stand-in for Amazon SES, called by a signer of its own."""
import base64
import datetime
import http.client
import json
import os
import shutil
import subprocess
import unittest
from urllib.parse import urlencode

import peers
import signing

MESSAGE = (b"From: a@example.org\r\nMessage-ID: <mine@example.org>\r\nDate: then\r\nX-SES-MESSAGE-TAGS: a=b\r\n\r\n"
           b".\r\n\xc3\xa4\r\n")
KEYS = {"key_id": "AKIDEXAMPLE", "secret": "SECRETEXAMPLE"}


def v2_call(content=MESSAGE, to=("b@example.org",), **more):
    return {"FromEmailAddress": "a@example.org", "Destination": {"ToAddresses": list(to)},
            "Content": {"Raw": {"Data": base64.b64encode(content).decode()}}, **more}


def send_v2(server, call=None, **signer):
    status, headers, body = signing.signed_fetch(
        server.port, "POST", "/v2/email/outbound-emails", {"Content-Type": "application/json"},
        json.dumps(call or v2_call()).encode(), **{**KEYS, **signer})
    return status, headers.get("x-amzn-ErrorType"), json.loads(body)


def call_v1(server, action, **form):
    body = urlencode({"Action": action, "Version": "2010-12-01", **form}).encode()
    status, _, answer = signing.signed_fetch(
        server.port, "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, body, **KEYS)
    return status, answer.decode()


def v1_message(content=MESSAGE):
    return {"RawMessage.Data": base64.b64encode(content).decode(), "Source": "a@example.org",
            "Destinations.member.1": "b@example.org", "Destinations.member.2": "c@example.org"}


class Sending(unittest.TestCase):
    def test_v2_keeps_the_bytes_and_the_call(self):
        with peers.SesServer(config_set="set") as server:
            status, _, answer = send_v2(server, v2_call(
                Destination={"CcAddresses": ["c@example.org"], "BccAddresses": ["d@example.org"]},
                EmailTags=[{"Name": "n", "Value": "v"}], ConfigurationSetName="set", TenantName="t"))
            message, = server.messages(1)
        self.assertEqual(status, 200)
        self.assertEqual(message.content, MESSAGE)
        self.assertEqual(message.facts["message_id"], answer["MessageId"])
        self.assertEqual([r["address"] for r in message.facts["rcpt"]], ["c@example.org", "d@example.org"])
        self.assertEqual(message.facts["tags"], [["n", "v"]])
        self.assertEqual((message.facts["configuration_set"], message.facts["tenant"]), ("set", "t"))
        self.assertEqual(message.facts["signer"]["region"], "eu-central-1")

    def test_v1_keeps_the_bytes(self):
        with peers.SesServer() as server:
            status, answer = call_v1(server, "SendRawEmail", **v1_message())
            message, = server.messages(1)
        self.assertEqual(status, 200)
        self.assertIn(f"<MessageId>{message.facts['message_id']}</MessageId>", answer)
        self.assertEqual(message.content, MESSAGE)
        self.assertEqual(message.facts["destination"], {"Destinations": ["b@example.org", "c@example.org"]})

    @unittest.skipUnless(shutil.which("curl"), "curl is not here")
    def test_curl_signs_and_is_understood(self):
        with peers.SesServer() as server:
            result = subprocess.run(
                ["curl", "-sS", "--cacert", peers.ca("ca.pem"), "--aws-sigv4", "aws:amz:eu-central-1:ses",
                 "--user", "AKIDEXAMPLE:SECRETEXAMPLE", "-H", "Content-Type: application/json",
                 "--data-binary", "@-", f"https://localhost:{server.port}/v2/email/outbound-emails"],
                input=json.dumps(v2_call(b"From: a@b\r\n\r\n" + b"x" * 70 + b"\r\n" * 900_000)).encode(),
                capture_output=True, timeout=20, check=True)
            self.assertIn(b"MessageId", result.stdout)

    def test_rewrite_shows_what_would_arrive(self):
        with peers.SesServer(rewrite=True, region="us-east-1") as server:
            _, _, answer = send_v2(server, region="us-east-1")
            with open(os.path.join(server.store, "001.delivered.eml"), "rb") as source:
                delivered = source.read()
            self.assertEqual(server.messages()[0].content, MESSAGE)
        self.assertIn(f"Message-ID: <{answer['MessageId']}@email.amazonses.com>\r\n".encode(), delivered)
        self.assertNotIn(b"Date: then", delivered)
        self.assertNotIn(b"X-SES-", delivered)
        self.assertEqual(delivered.partition(b"\r\n\r\n")[2], MESSAGE.partition(b"\r\n\r\n")[2])


class Signatures(unittest.TestCase):
    def test_wrong_ones_are_403_with_the_reason(self):
        old = datetime.datetime.utcnow() - datetime.timedelta(minutes=16)
        cases = {"SignatureDoesNotMatch": [{"secret": "wrong"}, {"service": "s3"}, {"when": old},
                                           {"unsigned": ("content-type",)}, {"region": "xx-1"}],
                 "UnrecognizedClientException": [{"key_id": "NOBODY"}, {"token": "unexpected"}]}
        with peers.SesServer(region="eu-central-1") as server:
            for code, changes in cases.items():
                for change in changes:
                    with self.subTest(change):
                        status, found, body = send_v2(server, **change)
                        self.assertEqual((status, found), (403, code))
                        self.assertTrue(body["message"])
            self.assertEqual(server.messages(), [])
            self.assertIn("POST\n/v2/email/outbound-emails\n\ncontent-type:application/json\n",
                          server.requests()[0]["error"]["canonical_request"])

    def test_without_signature_and_with_a_changed_body(self):
        with peers.SesServer() as server:
            body = json.dumps(v2_call()).encode()
            path = "/v2/email/outbound-emails"
            self.assertEqual(signing.fetch(server.port, "POST", path, {}, body)[0], 403)
            headers = signing.sign("POST", f"https://localhost:{server.port}{path}",
                                   {"Content-Type": "application/json"}, body, **KEYS)
            self.assertEqual(signing.fetch(server.port, "POST", path, headers, body + b" ")[0], 403)
            self.assertEqual(signing.fetch(server.port, "POST", path, headers, body)[0], 200)

    def test_temporary_credentials_need_their_token(self):
        with peers.SesServer(credentials=["A:s:to:ken", "B:t"]) as server:
            self.assertEqual(send_v2(server, key_id="A", secret="s", token="to:ken")[0], 200)
            self.assertEqual(send_v2(server, key_id="A", secret="s")[0], 403)
            self.assertEqual(send_v2(server, key_id="A", secret="s", token="to:ken",
                                     unsigned=("x-amz-security-token",))[0], 403)
            self.assertEqual(send_v2(server, key_id="B", secret="t")[0], 200)

    def test_a_fixed_clock(self):
        then = datetime.datetime(2020, 1, 2, 3, 4, 5)
        with peers.SesServer(clock="2020-01-02T03:10:00Z") as server:
            self.assertEqual(send_v2(server, when=then)[0], 200)
            self.assertEqual(send_v2(server)[0], 403)

    def test_v1_errors_are_xml(self):
        with peers.SesServer(credentials="AKIDEXAMPLE:other") as server:
            status, answer = call_v1(server, "GetSendQuota")
        self.assertEqual(status, 403)
        self.assertIn("<Code>SignatureDoesNotMatch</Code>", answer)


class Limits(unittest.TestCase):
    def test_what_ses_refuses(self):
        many = [f"r{i}@example.org" for i in range(51)]
        attachment = b"From: a@b\r\nContent-Disposition: attachment; filename=x.crt\r\n\r\n"
        bad = {"recipients": v2_call(to=many), "address": v2_call(to=["b@example.org", "no at sign"]),
               "utf-8 address": v2_call(to=["jürgen@example.org"]), "long line": v2_call(b"From: a\r\n\r\n" + b"x" * 999),
               "attachment": v2_call(attachment), "tag": v2_call(EmailTags=[{"Name": "a b", "Value": "c"}]),
               "no base64": {**v2_call(), "Content": {"Raw": {"Data": "%%"}}}, "member": v2_call(Nonsense=1),
               "no From": v2_call(b"Subject: x\r\n\r\n"), "unverified": v2_call(FromEmailAddress="X <no@example.org>")}
        with peers.SesServer(unverified="no@example.org") as server:
            for name, call in bad.items():
                with self.subTest(name):
                    self.assertEqual(send_v2(server, call)[0], 400)
            self.assertEqual(send_v2(server, v2_call(ConfigurationSetName="none"))[:2], (404, "NotFoundException"))
            self.assertEqual(send_v2(server, v2_call(to=many[:50]))[0], 200)
            self.assertEqual(len(server.messages()), 1)

    def test_sizes(self):
        big = b"From: a@b\r\n\r\n" + (b"x" * 78 + b"\r\n") * 105_000
        with peers.SesServer() as server:
            self.assertEqual(call_v1(server, "SendRawEmail", **v1_message(big))[0], 400)
            self.assertEqual(send_v2(server, v2_call(big))[0], 200)


class Account(unittest.TestCase):
    def test_quota(self):
        with peers.SesServer(quota="50000,14,7", sandbox=True) as server:
            account = json.loads(signing.signed_fetch(server.port, "GET", "/v2/email/account", **KEYS)[2])
            self.assertEqual(account["SendQuota"], {"Max24HourSend": 50000, "MaxSendRate": 14, "SentLast24Hours": 7})
            self.assertFalse(account["ProductionAccessEnabled"])
            self.assertIn("<MaxSendRate>14.0</MaxSendRate>", call_v1(server, "GetSendQuota")[1])

    def test_tls_policy_both_ways(self):
        path = "/v2/email/configuration-sets/my%20set"
        with peers.SesServer(config_set="my set") as server:
            def policy():
                answer = json.loads(signing.signed_fetch(server.port, "GET", path, **KEYS)[2])
                return answer["DeliveryOptions"]["TlsPolicy"]
            self.assertEqual(policy(), "OPTIONAL")
            put = signing.signed_fetch(server.port, "PUT", path + "/delivery-options",
                                       {"Content-Type": "application/json"}, b'{"TlsPolicy":"REQUIRE"}', **KEYS)
            self.assertEqual((put[0], policy()), (200, "REQUIRE"))
            described = call_v1(server, "DescribeConfigurationSet", ConfigurationSetName="my set",
                                **{"ConfigurationSetAttributeNames.member.1": "deliveryOptions"})
            self.assertIn("<TlsPolicy>Require</TlsPolicy>", described[1])
            status, _ = call_v1(server, "PutConfigurationSetDeliveryOptions", ConfigurationSetName="my set",
                                **{"DeliveryOptions.TlsPolicy": "Optional"})
            self.assertEqual((status, policy()), (200, "OPTIONAL"))
            self.assertEqual(signing.signed_fetch(server.port, "GET", path + "x", **KEYS)[0], 404)


class Fates(unittest.TestCase):
    def test_failures_in_their_order_then_success(self):
        with peers.SesServer(fail=["1:429", "1:500", "1:400:AccountSuspendedException"]) as server:
            answers = [send_v2(server)[:2] for _ in range(4)]
        self.assertEqual(answers, [(429, "TooManyRequestsException"), (500, "InternalServiceErrorException"),
                                   (400, "AccountSuspendedException"), (200, None)])

    def test_v1_throttling_is_400(self):
        with peers.SesServer(fail="1:400:Throttling") as server:
            status, answer = call_v1(server, "SendRawEmail", **v1_message())
            self.assertEqual(status, 400)
            self.assertIn("<Code>Throttling</Code>", answer)
            self.assertEqual(call_v1(server, "SendRawEmail", **v1_message())[0], 200)

    def test_breaking_off(self):
        for kind in ("hangup", "reset"):
            for when in ("connect", "before-body", "mid-body", "after-body", "mid-answer"):
                with self.subTest(kind=kind, when=when), peers.SesServer(**{kind: when + ":1"}) as server:
                    with self.assertRaises((OSError, http.client.HTTPException)):
                        send_v2(server)
                    stored = len(server.messages())
                    self.assertEqual(stored, 1 if when == "mid-answer" else 0)
                    self.assertEqual(send_v2(server)[0], 200)

    def test_stalling(self):
        with peers.SesServer(stall="after-body:1") as server, self.assertRaises(TimeoutError):
            signing.signed_fetch(server.port, "POST", "/v2/email/outbound-emails",
                                 {"Content-Type": "application/json"}, b"{}", timeout=0.3, **KEYS)


if __name__ == "__main__":
    unittest.main()
