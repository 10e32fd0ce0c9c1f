#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The TLS servers to be probed, seen by `openssl s_client` with each version alone."""
import itertools
import smtplib
import subprocess
import unittest

import peers
import signing

FLAGS = {"1.0": "-tls1", "1.1": "-tls1_1", "1.2": "-tls1_2", "1.3": "-tls1_3"}


def s_client(server, *arguments):
    """What `openssl s_client` says of the connection."""
    starttls = ["-starttls", "smtp"] if server.protocol == "smtp" else []
    result = subprocess.run(
        ["openssl", "s_client", "-connect", f"localhost:{server.port}", "-servername", "localhost", "-CAfile",
         peers.ca("ca.pem"), "-cipher", "ALL:@SECLEVEL=0", *starttls, *arguments],
        input=b"Q\n", capture_output=True, timeout=20, check=False)
    return result.stdout.decode(errors="replace")


def accepted(server):
    return [v for v, flag in FLAGS.items()
            if "Verify return code: 0 (ok)" in (said := s_client(server, flag)) and "Cipher is (NONE)" not in said]


class Versions(unittest.TestCase):
    def test_exactly_the_given_versions_are_accepted(self):
        choices = [list(c) for n in (1, 2, 4) for c in itertools.combinations(FLAGS, n)]
        for versions in choices:
            with self.subTest(versions), peers.TlsServer(versions=",".join(versions)) as server:
                self.assertEqual(accepted(server), versions)

    def test_in_every_protocol(self):
        for protocol in ("https", "smtp", "smtps", "tls"):
            for versions in (["1.0", "1.2"], ["1.1", "1.3"]):
                with self.subTest(protocol=protocol, versions=versions), \
                        peers.TlsServer(protocol=protocol, versions=",".join(versions)) as server:
                    self.assertEqual(accepted(server), versions)

    def test_what_the_client_offered_is_noted(self):
        with peers.TlsServer(versions="1.3") as server:
            s_client(server, "-tls1_3", "-alpn", "h2,http/1.1", "-status")
            s_client(server, "-tls1")
            first, second = server.log("hellos.jsonl")
        self.assertEqual(first["versions"], ["1.3"])
        self.assertEqual((first["name"], first["alpn"], first["asks_for_ocsp"]), ("localhost", ["h2", "http/1.1"], True))
        self.assertEqual(second["legacy_version"], "1.0")
        self.assertEqual(second["versions"], ["up to 1.0"])


class Facts(unittest.TestCase):
    def test_ocsp_is_stapled(self):
        for name, status in (("ocsp-good.der", "good"), ("ocsp-revoked.der", "revoked")):
            with self.subTest(name), peers.TlsServer(ocsp=peers.ca(name)) as server:
                said = s_client(server, "-status")
                self.assertIn(f"Cert Status: {status}", said)

    def test_chains(self):
        for name, code in (("server", 0), ("chain", 0), ("short", 20), ("expired", 10), ("selfsigned", 18)):
            for protocol in ("https", "tls"):
                with self.subTest(name=name, protocol=protocol), \
                        peers.TlsServer(cert=peers.ca(name + ".pem"), key=peers.ca(name + ".key"),
                                        protocol=protocol) as server:
                    self.assertRegex(s_client(server), rf"Verify return code: {code if code != 20 else '2[01]'} ")

    def test_ehlo_before_and_after(self):
        with peers.TlsServer(protocol="smtp", ehlo_plain="STARTTLS,AUTH PLAIN", ehlo_tls="SIZE 5") as server:
            with smtplib.SMTP("localhost", server.port) as client:
                client.ehlo()
                self.assertEqual(client.esmtp_features["auth"].strip(), "PLAIN")

    def test_https_answers(self):
        with peers.TlsServer() as server:
            self.assertEqual(signing.fetch(server.port, "GET", "/")[2], b"probed\n")


if __name__ == "__main__":
    unittest.main()
