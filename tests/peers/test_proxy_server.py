#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""proxy_server.py, called by curl."""
import subprocess
import unittest

import peers


def curl(url, *words):
    done = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "", "--max-time", "20", "--cacert", peers.ca("ca.pem"),
                           "--write-out", "%{http_connect} %{http_code}", "--output", "/dev/null", *words, url],
                          capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout.decode()


class Proxy(unittest.TestCase):
    def test_carries_tls(self):
        for protocol, scheme, answered in (("http", "http", "200 200"), ("socks5", "socks5", "000 200"), ("socks5", "socks5h", "000 200")):
            with peers.TlsServer(protocol="https") as server, peers.ProxyServer(protocol=protocol, user="u", password="p:q") as proxy:
                way = f"{scheme}://localhost:{proxy.port}"
                self.assertEqual(curl(f"https://localhost:{server.port}/", "--proxy", way, "--proxy-user", "u:p:q"), (0, answered))
                [connection] = proxy.connections()
                self.assertEqual((connection["port"], connection["outcome"], connection["user"], connection["password"]),
                                 (server.port, "connected", "u", "p:q"))
                self.assertEqual(connection["by_name"], scheme != "socks5")

    def test_refuses(self):
        with peers.ProxyServer(user="u", password="p") as proxy:
            code, answer = curl("https://localhost:1/", "--proxy", f"http://localhost:{proxy.port}", "--proxy-user", "u:x")
            self.assertEqual((code != 0, answer, proxy.connections()[0]["outcome"]), (True, "407 000", "407 Who are you"))
        for settings in ({"user": "u", "password": "p"}, {"answer": 2}, {"hangup": True}):
            with peers.ProxyServer(protocol="socks5", **settings) as proxy:
                self.assertEqual(curl("https://localhost:1/", "--proxy", f"socks5h://localhost:{proxy.port}", "--proxy-user", "u:x")[0], 97)


if __name__ == "__main__":
    unittest.main()
