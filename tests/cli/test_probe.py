#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""probe, against servers of other people: `openssl s_server` and Postfix, with each version of TLS on and off."""
import socket
import subprocess
import time
import unittest

from cli.tool import ToolTest

import peers

VERSIONS = ["1.0", "1.1", "1.2", "1.3"]


class ProbeTest(ToolTest):
    def probe(self, url, *words, ca="ca.pem", expect=0):
        return self.run_tool("probe", url, "--ca-file", peers.ca(ca), "--json", *words, expect=expect).json

    def check(self, url, accepted):
        """The report and the exit code fit what the server was told to accept."""
        old = [version for version in sorted(accepted) if version < "1.2"]
        report = self.probe(url, expect=1 if old or not accepted - set(old) else 0)
        self.assertEqual({one["version"]: one["result"] for one in report["versions"]},
                         {version: "accepted" if version in accepted else "refused" for version in VERSIONS})
        self.assertEqual([one["why"] for one in report["faults"] if one["code"] == "old-tls"], [f"TLS {one} is accepted" for one in old])
        self.assertEqual([one for one in report["versions"] if one["result"] == "accepted" and not one["cipher"]], [])
        self.assertEqual((report["certificate"]["chain"], report["certificate"]["names"]), ("good", ["localhost", "127.0.0.1"]))
        return report


class SServer(ProbeTest):
    def server(self, *words):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", peers.ca("server.pem"), "-key",
                                   peers.ca("server.key"), "-cipher", "ALL:@SECLEVEL=0", "-www", "-quiet", *words],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    return f"https://localhost:{port}"
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_each_version_on_and_off(self):
        for first in range(4):
            for last in range(first, 4):
                off = [word for index, word in enumerate(("-no_tls1", "-no_tls1_1", "-no_tls1_2", "-no_tls1_3")) if not first <= index <= last]
                report = self.check(self.server(*off), set(VERSIONS[first:last + 1]))
                self.assertTrue(report["versions"][last]["group"])

    def test_the_staple(self):
        new = ["-no_tls1", "-no_tls1_1"]
        self.assertFalse(self.probe(self.server(*new))["certificate"]["ocsp_stapled"])
        self.assertTrue(self.probe(self.server(*new, "-status_file", peers.ca("ocsp-good.der")))["certificate"]["ocsp_stapled"])
        report = self.probe(self.server(*new, "-status_file", peers.ca("ocsp-revoked.der")), expect=1)
        self.assertEqual([one["code"] for one in report["faults"]], ["revoked"])

    def test_floor_chain_and_pin(self):
        url = self.server()
        self.assertEqual([one["code"] for one in self.probe(self.server("-no_tls1", "-no_tls1_1"), "--tls-min", "1.3", expect=1)["faults"]],
                         ["old-tls"])
        self.assertIn("chain", [one["code"] for one in self.probe(url, ca="rogue.pem", expect=1)["faults"]])
        self.assertIn("pin", [one["code"] for one in self.probe(url, "--tls-pin", "00" * 32, expect=1)["faults"]])


class Postfix(ProbeTest):
    def test_each_version_on_and_off(self):
        for low, high in (("1.0", "1.3"), ("1.1", "1.1"), ("1.2", "1.2"), ("1.3", "1.3")):
            try:
                server = peers.PostfixServer(tls_min=low, tls_max=high)
                server.start()
            except peers.Skipped as why:
                self.skipTest(str(why))
            self.addCleanup(server.stop)
            accepted = {version for version in VERSIONS if low <= version <= high}
            report = self.check(f"smtp://localhost:{server.port}", accepted)
            self.assertIn("STARTTLS", report["ehlo"]["before_tls"])
            self.assertIn("PIPELINING", report["ehlo"]["after_tls"])
            self.assertEqual(self.check(f"smtps://localhost:{server.smtps_port}", accepted)["ehlo"]["before_tls"], [])


class Ses(ProbeTest):
    def test_a_custom_endpoint_is_probed_alone(self):
        with peers.TlsServer(protocol="https", versions="1.2,1.3") as server:
            self.check(f"ses://eu-central-1?endpoint=https://localhost:{server.port}", {"1.2", "1.3"})
        self.run_tool("probe", "ses://no_region", expect=64)


if __name__ == "__main__":
    unittest.main()
