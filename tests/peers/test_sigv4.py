#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The SigV4 verifier against AWS's own test cases, and against each of them changed by a little."""
import datetime
import json
import os
import unittest

import sigv4

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = os.path.join(HERE, "..", "..", "testdata", "aws-sigv4")


def read(case, name):
    with open(os.path.join(SUITE, case, name), "rb") as source:
        return source.read()


def split_request(raw):
    """The suite's requests use LF and may hold raw spaces and UTF-8 in the target."""
    head, _, body = raw.partition(b"\n\n")
    lines = head.decode().split("\n")
    method, _, rest = lines[0].partition(" ")
    target = rest.rpartition(" ")[0].encode()
    headers = []
    for line in lines[1:]:
        if line:
            name, _, value = line.partition(":")
            headers.append((name, value))
    return method, target, headers, body


def verifier_for(context, **changes):
    credentials = context["credentials"]
    when = datetime.datetime.fromisoformat(context["timestamp"].replace("Z", "+00:00"))
    settings = {"strict": False, "normalize": context["normalize"], "clock": lambda: when, **changes}
    return sigv4.Verifier(
        [sigv4.Credential(credentials["access_key_id"], credentials["secret_access_key"], credentials.get("token"))],
        [context["service"]], [context["region"]], **settings)


@unittest.skipUnless(os.path.isdir(SUITE), "testdata/aws-sigv4 is not here")
class Suite(unittest.TestCase):
    def cases(self):
        names = sorted(n for n in os.listdir(SUITE) if os.path.isdir(os.path.join(SUITE, n)))
        self.assertGreaterEqual(len(names), 14)
        for name in names:
            with self.subTest(case=name):
                yield name, json.loads(read(name, "context.json"))

    def test_every_case_verifies_with_the_published_intermediates(self):
        for name, context in self.cases():
            request = split_request(read(name, "header-signed-request.txt"))
            found = verifier_for(context).verify(*request)
            self.assertEqual(found["canonical_request"], read(name, "header-canonical-request.txt").decode())
            self.assertEqual(found["string_to_sign"], read(name, "header-string-to-sign.txt").decode())
            self.assertEqual(found["signature"], read(name, "header-signature.txt").decode())

    def test_any_change_is_refused(self):
        def refused(verifier, *request):
            with self.assertRaises(sigv4.Refused) as caught:
                verifier.verify(*request)
            return caught.exception

        for name, context in self.cases():
            method, target, headers, body = split_request(read(name, "header-signed-request.txt"))
            verifier = verifier_for(context)
            refused(verifier, "PUT", target, headers, body)
            refused(verifier, method, target + b"x", headers, body)
            refused(verifier, method, target, headers, body + b"x")
            for i, (key, value) in enumerate(headers):
                if key.lower() != "authorization":
                    changed = headers[:i] + [(key, value + "x")] + headers[i + 1:]
                    refused(verifier, method, target, changed, body)
                refused(verifier, method, target, headers[:i] + headers[i + 1:], body)
            late = datetime.datetime(2015, 8, 30, 12, 51, 1, tzinfo=datetime.timezone.utc)
            self.assertIn("expired", refused(verifier_for(context, clock=lambda: late),
                                             method, target, headers, body).why)
            context["credentials"]["secret_access_key"] += "x"
            self.assertEqual(refused(verifier_for(context), method, target, headers, body).code,
                             "SignatureDoesNotMatch")


class Paths(unittest.TestCase):
    def test_encoded_twice_except_for_s3(self):
        self.assertEqual(sigv4.canonical_path(b"/a%20b/c"), "/a%2520b/c")
        self.assertEqual(sigv4.canonical_path(b"/a%20b/c", s3=True), "/a%20b/c")

    def test_dots_and_slashes_count_as_written_for_s3_only(self):
        self.assertEqual(sigv4.canonical_path(b"//a/./b/../c//"), "/a/c/")
        self.assertEqual(sigv4.canonical_path(b"/.."), "/")
        self.assertEqual(sigv4.canonical_path(b"//a/../c", s3=True), "//a/../c")

    def test_query_is_sorted_by_name_then_value_after_encoding(self):
        self.assertEqual(sigv4.canonical_query(b"b=2&a=%7e&a=&\xe1\x88\xb4=1&B"), "%E1%88%B4=1&B=&a=&a=~&b=2")


if __name__ == "__main__":
    unittest.main()
