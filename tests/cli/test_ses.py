#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ses command: mail that SES stored in S3, fetched, decrypted and opened; profiles; traces without secrets."""
import base64
import hashlib
import hmac
import json
import os
import unittest

from cli.tool import CA, ROOT, ToolTest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import peers

KEY, SECRET, REGION = "AKIDTEST", "ses/secret+key", "eu-central-1"
DATA_KEY, IV = bytes(range(32)), bytes(range(12))
VECTORS = os.path.join(ROOT, "testdata", "aws-s3ec")


def b64(octets):
    return base64.b64encode(octets).decode()


def ses_object(plain, description, wrapping="kms"):
    """An object as SES writes it: its octets and metadata."""
    return AESGCM(DATA_KEY).encrypt(IV, plain, None), {
        "x-amz-wrap-alg": wrapping, "x-amz-cek-alg": "AES/GCM/NoPadding", "x-amz-tag-len": "128", "x-amz-iv": b64(IV),
        "x-amz-key-v2": b64(b"wrapped"), "x-amz-unencrypted-content-length": str(len(plain)), "x-amz-matdesc": json.dumps(description)}


def committing_object(plain, context):
    """The third format: HKDF-SHA512 from the data key, with key commitment."""
    message_id, suite = bytes(range(28)), b"\x00\x73"
    prk = hmac.new(message_id, DATA_KEY, hashlib.sha512).digest()
    derived, commitment = (hmac.new(prk, suite + label + b"\x01", hashlib.sha512).digest()[:size]
                           for label, size in ((b"DERIVEKEY", 32), (b"COMMITKEY", 28)))
    return AESGCM(derived).encrypt(b"\x01" * 12, plain, suite), {
        "x-amz-c": "115", "x-amz-w": "12", "x-amz-3": b64(b"wrapped"), "x-amz-i": b64(message_id), "x-amz-d": b64(commitment),
        "x-amz-t": json.dumps(context)}


class SesTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.environment.update({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": REGION, "AWS_MAX_ATTEMPTS": "1",
                                 "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": peers.ca("ca.pem")})

    def ses(self, *words, **more):
        result = self.run_tool("ses", *words, **more)
        self.assertNotIn(SECRET.encode(), result.out + result.err)
        return result


class Fetch(SesTest):
    description = {"aws:ses:message-id": "m1", "aws:ses:rule-name": "r", "kms_cmk_id": f"arn:aws:kms:{REGION}:1:key/k"}

    def put(self, key, octets, metadata=None):
        path = os.path.join(self.path("s3"), "mail-bucket", key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(octets)
        with open(path + ".headers.json", "w", encoding="ascii") as file:
            json.dump({"x-amz-meta-" + name: value for name, value in (metadata or {}).items()}, file)

    def fetch(self, key, *words, context=None, **more):
        os.makedirs(self.path("s3"), exist_ok=True)
        config = {"region": REGION, "credentials": [{"access_key_id": KEY, "secret_access_key": SECRET}], "s3": {"folder": self.path("s3")},
                  "kms": [{"ciphertext": b64(b"wrapped"), "context": context or self.description, "key_id": "k", "plaintext": b64(DATA_KEY)}]}
        with peers.AwsServices(config=json.dumps(config)) as services:
            self.environment["AWS_ENDPOINT_URL"] = f"https://localhost:{services.port}"
            result = self.ses("fetch", "s3://mail-bucket/" + key, "-o", self.path("out.eml"), *words, **more)
            self.assertNotIn(b64(DATA_KEY).encode(), result.out + result.err)
            return result

    def test_what_ses_stored_is_fetched_and_opened(self):
        with open(self.sealed(), "rb") as file:
            mail = file.read()
        self.put("in/one", *ses_object(mail, self.description))
        report = self.fetch("in/one", "--json", "-v").json
        self.assertEqual((report["authenticated"], report["wrapping"], report["description"]["aws:ses:message-id"]), (True, "kms", "m1"))
        self.assertEqual((self.read("out.eml"), os.stat(self.path("out.eml")).st_mode & 0o777), (mail, 0o600))
        self.run_tool("open", self.path("out.eml"), *self.bob(), "--trust", CA, "--require", "signed,encrypted")

    def test_each_way_of_wrapping(self):
        context = {"aws:x-amz-cek-alg": "AES/GCM/NoPadding"}
        self.put("context", *ses_object(b"one", context, "kms+context"))
        self.assertEqual(self.fetch("context", "--json", context=context).json["wrapping"], "kms+context")
        octets, metadata = ses_object(b"two", self.description)
        self.put("instructed", octets)
        self.put("instructed.instruction", json.dumps(metadata).encode(), {"x-amz-crypto-instr-file": ""})
        self.fetch("instructed")
        self.assertEqual(self.read("out.eml"), b"two")
        context = {"aws:x-amz-cek-alg": "115"}
        self.put("third", *committing_object(b"three", context))
        self.fetch("third", context=context)
        self.assertEqual(self.read("out.eml"), b"three")

    def test_what_was_changed_is_65_and_the_old_file_stays(self):
        context = {"aws:x-amz-cek-alg": "115"}
        made = [(*ses_object(b"plain" * 50_000, self.description), self.description), (*committing_object(b"plain" * 50_000, context), context)]
        octets, metadata, _ = made[1]
        made.append((octets, {**metadata, "x-amz-d": b64(bytes(28))}, context))
        self.write("out.eml", "what was there")
        for number, (octets, metadata, wanted) in enumerate(made):
            changed = octets if number == 2 else octets[:-1] + bytes([octets[-1] ^ 1])
            self.put("changed", changed, metadata)
            self.fetch("changed", context=wanted, expect=65)
            self.put("changed", octets[:-20], metadata)
            self.fetch("changed", context=wanted, expect=65)
            self.assertEqual(self.read("out.eml"), b"what was there")
            self.assertEqual([name for name in os.listdir(self.folder) if name.startswith((".out", "out.eml."))], [])

    def test_what_fails_has_its_exit_code(self):
        self.put("one", *ses_object(b"x", self.description))
        self.fetch("missing", expect=66)
        self.fetch("one", context={"another": "context"}, expect=77)
        self.ses("fetch", "http://bucket/key", expect=64)
        self.ses("fetch", "s3://bucket/", expect=64)
        self.ses("fetch", "s3://mail-bucket/a\r\nb", expect=64)
        self.assertFalse(os.path.exists(self.path("out.eml")))

    def test_without_a_network(self):
        with open(os.path.join(VECTORS, "s3ec-vectors.json"), encoding="utf-8") as file:
            cases = json.load(file)
        for case in cases:
            stem = os.path.join(VECTORS, "objects", case["name"])
            words = [stem + ".bin", "--metadata", stem + ".metadata.json", "--data-key", stem + ".key", "-o", self.path("out.eml")]
            if "cbc" in case["name"]:
                self.ses("fetch", *words, expect=65)
                self.assertFalse(os.path.exists(self.path("out.eml")))
                words.append("--allow-cbc")
            self.ses("fetch", *words)
            wanted = case["expected_plaintext"].encode() if "expected_plaintext" in case else bytes.fromhex(case["expected_plaintext_hex"])
            self.assertEqual(self.read("out.eml"), wanted, case["name"])
            os.unlink(self.path("out.eml"))


class Account(SesTest):
    def server(self, **settings):
        server = peers.SesServer(**{"credentials": f"{KEY}:{SECRET}", "region": REGION, **settings})
        server.start()
        self.addCleanup(server.stop)
        self.environment["AWS_ENDPOINT_URL"] = f"https://localhost:{server.port}"
        return server

    def test_both_versions_of_the_api(self):
        self.server(config_set=["strict=REQUIRE", "loose=OPTIONAL"], quota="200,1,7")
        for api in ("v1", "v2"):
            self.assertEqual(self.ses("quota", "--api", api, "--json").json["max_24_hour"], 200)
            self.assertEqual(self.ses("tls-policy", "strict", "--api", api).text, "REQUIRE\n")
            self.assertEqual(self.ses("tls-policy", "loose", "REQUIRE", "--api", api).text, "REQUIRE\n")
            self.assertEqual(self.ses("tls-policy", "loose", "OPTIONAL", "--api", api).text, "OPTIONAL\n")
            self.ses("tls-policy", "nowhere", "--api", api, expect=78)
        self.ses("tls-policy", "loose", "MAYBE", expect=64)
        self.ses("tls-policy", "a\r\nb", expect=64)
        self.ses("quota", "--api", "v3", expect=64)

    def test_a_profile_that_is_named_turns_the_environment_off(self):
        server = self.server()
        self.environment["AWS_ACCESS_KEY_ID"] = "AKIDWRONG"
        self.write("credentials", f"[mail]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
        self.environment["AWS_SHARED_CREDENTIALS_FILE"] = self.path("credentials")
        self.ses("quota", expect=77)
        self.ses("quota", "--aws-profile", "mail")
        self.assertIn("nobody", self.ses("quota", "--aws-profile", "nobody", expect=77).errors)
        via = ["send", "--via", f"ses://{REGION}", *self.draft(), *self.sealing()]
        self.run_tool(*via, expect=77)
        self.run_tool(*via, "--aws-profile", "mail")
        self.assertEqual(len(server.messages(1)), 1)

    def test_verbose_shows_the_calls_and_no_secret(self):
        self.server()
        self.environment["AWS_SESSION_TOKEN"] = "session-token-of-the-test"
        result = self.ses("quota", "-v", expect=77)
        self.assertIn("GET https://localhost", result.errors)
        for secret in ("session-token-of-the-test", "AWS4-HMAC", "Signature="):
            self.assertNotIn(secret, result.errors)

    def test_a_silent_service_ends_in_time(self):
        self.server(stall="before-body:9", fates_for="all")
        self.ses("quota", "--timeout", "1", expect=75)

    def test_smtp_passwords(self):
        for region, secret, password in (("eu-central-1", "some+secret+key", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
                                         ("us-west-1", "another+secret+key", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF")):
            self.assertEqual(self.ses("smtp-password", "--region", region, stdin=secret.encode()).text, password + "\n")
            self.environment["AWS_SECRET_ACCESS_KEY"] = secret
            self.assertEqual(self.ses("smtp-password", "--region", region).text, password + "\n")
        self.ses("smtp-password", "--region", "no region", stdin=b"x", expect=64)
        self.environment["AWS_SESSION_TOKEN"] = "temporary"
        self.ses("smtp-password", "--region", "us-west-1", expect=77)


if __name__ == "__main__":
    unittest.main()
