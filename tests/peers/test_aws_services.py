#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stand-ins for S3, KMS, STS, SSO, IMDSv2 and the container endpoint."""
import base64
import json
import os
import re
import tempfile
import unittest
from urllib.parse import urlencode

import peers
import signing

ROLE = "arn:aws:iam::123456789012:role/mail"
FIXED = {"access_key_id": "AKID", "secret_access_key": "secret"}
KEYS = {"key_id": "AKID", "secret": "secret", "region": "us-east-1"}


def issued(name, seconds=3600):
    return {"access_key_id": "ASIA" + name, "secret_access_key": "s" + name, "token": "t/" + name, "expires_in": seconds}


def base64_of(text):
    return base64.b64encode(text).decode()


class Services(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.makedirs(os.path.join(self.folder.name, "bucket", "in box"))
        self.put("in box/mail", b"cipher\x00text", {"x-amz-meta-x-amz-iv": "aXY="})
        self.put("in box/mail.instruction", b"{}")
        self.config = {
            "region": "us-east-1", "credentials": [FIXED], "s3": {"folder": self.folder.name, "host": "s3.localhost"},
            "kms": [{"ciphertext": base64_of(b"wrapped"), "context": {"a": "b", "kms_cmk_id": "k"}, "key_id": "arn:k",
                     "plaintext": base64_of(b"0" * 32)}],
            "roles": {ROLE: {"issue": [issued("ONE", 1), issued("TWO")], "external_id": "ext"},
                      ROLE + "-web": {"issue": [issued("WEB")], "web_identity_token": "jwt"}},
            "imds": {"role": "instance", "issue": [issued("IMDS")], "region": "us-east-1"},
            "container": {"path": "/creds", "token": "Bearer x", "issue": [issued("BOX")]},
            "sso": {"token": "sso", "account": "1", "role": "r", "issue": [issued("SSO")]}}

    def put(self, key, body, headers=None):
        path = os.path.join(self.folder.name, "bucket", key)
        with open(path, "wb") as out:
            out.write(body)
        if headers:
            with open(path + ".headers.json", "w", encoding="ascii") as out:
                json.dump(headers, out)

    def peer(self, **settings):
        return peers.AwsServices(config=json.dumps(self.config), **settings)

    def test_s3_by_path_and_by_host(self):
        with self.peer() as server:
            status, headers, body = signing.signed_fetch(server.port, "GET", "/bucket/in%20box/mail", service="s3",
                                                         **KEYS)
            self.assertEqual((status, body), (200, b"cipher\x00text"))
            self.assertEqual(headers["x-amz-meta-x-amz-iv"], "aXY=")
            status, _, body = signing.signed_fetch(server.port, "GET", "/in%20box/mail.instruction", service="s3",
                                                   host=f"bucket.s3.localhost:{server.port}", **KEYS)
            self.assertEqual((status, body), (200, b"{}"))
            for path, code in (("/bucket/none", "NoSuchKey"), ("/none/x", "NoSuchBucket"),
                               ("/bucket/../../x", "NoSuchKey")):
                status, _, body = signing.signed_fetch(server.port, "GET", path, service="s3", **KEYS)
                self.assertEqual(status, 404)
                self.assertIn(f"<Code>{code}</Code>".encode(), body)

    def test_s3_refuses_bad_signatures_and_a_missing_hash(self):
        with self.peer() as server:
            path = "/bucket/in%20box/mail"
            bad = signing.signed_fetch(server.port, "GET", path, service="s3", **{**KEYS, "secret": "x"})
            self.assertEqual(bad[0], 403)
            headers = signing.sign("GET", f"https://localhost:{server.port}{path}", {}, b"", service="s3", **KEYS)
            del headers["X-Amz-Content-Sha256"]
            self.assertEqual(signing.fetch(server.port, "GET", path, headers)[0], 400)
            twice = signing.signed_fetch(server.port, "GET", path, service="ses", **KEYS)
            self.assertEqual(twice[0], 403)

    def decrypt(self, server, context, **call):
        status, _, body = signing.signed_fetch(
            server.port, "POST", "/", {"Content-Type": "application/x-amz-json-1.1",
                                       "X-Amz-Target": "TrentService.Decrypt"},
            json.dumps({"CiphertextBlob": base64_of(b"wrapped"), "EncryptionContext": context, **call}).encode(),
            service="kms", **KEYS)
        return status, json.loads(body)

    def test_kms_wants_the_exact_context(self):
        context = self.config["kms"][0]["context"]
        with self.peer() as server:
            self.assertEqual(self.decrypt(server, context)[1]["Plaintext"], base64_of(b"0" * 32))
            for wrong in ({}, {"a": "b"}, {**context, "c": "d"}, {**context, "a": "B"}):
                self.assertEqual(self.decrypt(server, wrong), (400, {"__type": "InvalidCiphertextException",
                                                                     "message": ""}))
            self.assertEqual(self.decrypt(server, context, KeyId="other")[1]["__type"], "IncorrectKeyException")

    def assume(self, server, action="AssumeRole", **form):
        body = urlencode({"Action": action, "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "me",
                          **form}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if action == "AssumeRole":
            return signing.signed_fetch(server.port, "POST", "/", headers, body, service="sts", **KEYS)
        return signing.fetch(server.port, "POST", "/", headers, body)

    def test_sts_issues_in_turn_and_the_issued_may_sign(self):
        with self.peer() as server:
            keys = []
            for _ in range(3):
                status, _, body = self.assume(server, ExternalId="ext")
                self.assertEqual(status, 200)
                keys.append(re.search("<AccessKeyId>(.*)</AccessKeyId>", body.decode())[1])
            self.assertEqual(keys, ["ASIAONE", "ASIATWO", "ASIATWO"])
            self.assertIn(b"<SessionToken>t/TWO</SessionToken>", body)
            with_token = signing.signed_fetch(server.port, "GET", "/bucket/in%20box/mail", service="s3",
                                              key_id="ASIATWO", secret="sTWO", token="t/TWO", region="us-east-1")
            self.assertEqual(with_token[0], 200)
            self.assertEqual(self.assume(server)[0], 403)

    def test_web_identity_is_unsigned_and_needs_the_token(self):
        with self.peer() as server:
            action = "AssumeRoleWithWebIdentity"
            self.assertEqual(self.assume(server, action, RoleArn=ROLE + "-web", WebIdentityToken="jwt")[0], 200)
            self.assertEqual(self.assume(server, action, RoleArn=ROLE + "-web", WebIdentityToken="no")[0], 400)

    def test_imds_wants_a_token_first(self):
        base = "/latest/meta-data/iam/security-credentials/"
        with self.peer() as server:
            self.assertEqual(signing.fetch(server.http_port, "GET", base, tls=False)[0], 401)
            status, _, token = signing.fetch(server.http_port, "PUT", "/latest/api/token",
                                             {"X-aws-ec2-metadata-token-ttl-seconds": "60"}, tls=False)
            self.assertEqual(status, 200)
            headers = {"X-aws-ec2-metadata-token": token.decode()}
            self.assertEqual(signing.fetch(server.http_port, "GET", base, headers, tls=False)[2], b"instance")
            given = json.loads(signing.fetch(server.http_port, "GET", base + "instance", headers, tls=False)[2])
            self.assertEqual((given["AccessKeyId"], given["Token"]), ("ASIAIMDS", "t/IMDS"))
            self.assertEqual(signing.fetch(server.http_port, "PUT", "/latest/api/token", tls=False)[0], 400)

    def test_container_and_sso_want_their_tokens(self):
        with self.peer() as server:
            self.assertEqual(signing.fetch(server.http_port, "GET", "/creds", tls=False)[0], 401)
            _, _, body = signing.fetch(server.http_port, "GET", "/creds", {"Authorization": "Bearer x"}, tls=False)
            self.assertEqual(json.loads(body)["AccessKeyId"], "ASIABOX")
            path = "/federation/credentials?account_id=1&role_name=r"
            self.assertEqual(signing.fetch(server.port, "GET", path)[0], 401)
            _, _, body = signing.fetch(server.port, "GET", path, {"x-amz-sso_bearer_token": "sso"})
            self.assertEqual(json.loads(body)["roleCredentials"]["accessKeyId"], "ASIASSO")

    def test_fates(self):
        with self.peer(fail="1:503:SlowDown", hangup="mid-answer:1") as server:
            def get():
                return signing.signed_fetch(server.port, "GET", "/bucket/in%20box/mail", service="s3", **KEYS)
            self.assertEqual(get()[0], 503)
            with self.assertRaises(Exception):
                get()
            self.assertEqual(get()[0], 200)


if __name__ == "__main__":
    unittest.main()
