#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Through a proxy: HTTP CONNECT and SOCKS5, for SMTP with STARTTLS, SMTP over TLS, HTTPS and probes. TLS goes to the server, the
proxy sees octets; its password stands in a file or the environment, never in an argument."""
import json
import unittest

from cli.tool import ToolTest

import peers

SECRET = "proxy secret/+%"


class ProxyTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.write("password", "secret-password\n")
        self.write("proxy-password", SECRET + "\n")
        self.environment.update({"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"})

    def peer(self, kind, **settings):
        peer = kind(**settings)
        peer.start()
        self.addCleanup(peer.stop)
        return peer

    def smtp(self, tls="starttls"):
        server = self.peer(peers.SmtpScript, tls=tls, user="u", password="secret-password", require_auth=True)
        return server, f"{'smtps' if tls == 'implicit' else 'smtp'}://localhost:{server.port}"

    def send(self, url, *words, expect=0):
        result = self.run_tool("send", "--via", url, "--ca-file", peers.ca("ca.pem"), "--user", "u", "--password-file",
                               self.path("password"), "--verbose", *self.draft(), *self.sealing(), *words, expect=expect)
        for secret in ("secret-password", SECRET):
            self.assertNotIn(secret, result.errors + result.text)
        return result

    def signed_in(self):
        return ["--proxy-user", "me", "--proxy-password-file", self.path("proxy-password")]

    def proxies(self, **settings):
        http = self.peer(peers.ProxyServer, protocol="http", **settings)
        socks = self.peer(peers.ProxyServer, protocol="socks5", **settings)
        return [(http, f"http://localhost:{http.port}"), (socks, f"socks5://localhost:{socks.port}"), (socks, f"socks5h://localhost:{socks.port}")]


class Smtp(ProxyTest):
    def test_each_proxy_carries_both_kinds_of_tls(self):
        for proxy, url in self.proxies():
            for tls in ("starttls", "implicit"):
                server, via = self.smtp(tls)
                before = len(proxy.connections())
                result = self.send(via, "--proxy", url, "--json")
                self.assertEqual(result.json["recipients"][0]["result"], "accepted")
                self.assertIn(result.json["tls"]["version"], ("1.2", "1.3"))
                self.assertIn("localhost", result.json["tls"]["peer"])
                self.assertEqual((server.violations(), len(server.messages(1))), ([], 1))
                [connection] = proxy.connections()[before:]
                self.assertEqual((connection["port"], connection["outcome"]), (server.port, "connected"))
                self.assertEqual(connection["by_name"], not url.startswith("socks5:"))

    def test_signs_in_at_the_proxy(self):
        for proxy, url in self.proxies(user="me", password=SECRET):
            _, via = self.smtp()
            self.send(via, "--proxy", url, *self.signed_in())
            self.assertEqual((proxy.connections()[-1]["user"], proxy.connections()[-1]["password"]), ("me", SECRET))

    def test_a_proxy_that_refuses_the_password_is_77(self):
        for _, url in self.proxies(user="me", password="another"):
            server, via = self.smtp()
            self.assertIn("proxy", self.send(via, "--proxy", url, *self.signed_in(), expect=77).errors)
            self.assertIn("proxy", self.send(via, "--proxy", url, expect=77).errors)
            self.assertEqual(server.dialogue(), [])

    def test_a_proxy_that_does_not_connect_is_69(self):
        for proxy, url in ((self.peer(peers.ProxyServer, answer=503), "http"),
                           (self.peer(peers.ProxyServer, protocol="socks5", answer=5), "socks5h"),
                           (self.peer(peers.ProxyServer, hangup=True), "http"),
                           (self.peer(peers.ProxyServer, protocol="socks5", hangup=True), "socks5h")):
            server, via = self.smtp()
            self.send(via, "--proxy", f"{url}://localhost:{proxy.port}", expect=69)
            self.assertEqual(server.dialogue(), [])

    def test_nobody_there_and_silence_are_69(self):
        _, via = self.smtp()
        self.send(via, "--proxy", "http://localhost:1", expect=69)
        for _, url in self.proxies(stall=True):
            self.send(via, "--proxy", url, "--timeout", "1", expect=69)

    def test_the_servers_certificate_is_checked_through_it(self):
        server = self.peer(peers.SmtpScript, cert=peers.ca("other.pem"), key=peers.ca("other.key"))
        for _, url in self.proxies():
            self.send(f"smtp://localhost:{server.port}", "--proxy", url, expect=76)

    def test_the_environment_names_one(self):
        for proxy, url in self.proxies(user="me", password=SECRET):
            server, via = self.smtp()
            for variable in ("ALL_PROXY", "all_proxy", "smtp_proxy"):
                self.environment[variable] = url.replace("://", "://me:proxy%20secret%2F%2B%25@")
                before = len(proxy.connections())
                self.send(via)
                self.assertEqual(len(proxy.connections()), before + 1, variable)
                # What NO_PROXY names is reached directly, unless a proxy was named here and now.
                self.environment["NO_PROXY"] = "localhost"
                self.send(via)
                self.assertEqual(len(proxy.connections()), before + 1)
                self.send(via, "--proxy", url, *self.signed_in())
                self.assertEqual(len(proxy.connections()), before + 2)
                del self.environment[variable], self.environment["NO_PROXY"]
            self.environment["https_proxy"] = "http://localhost:1"  # not for SMTP
            self.send(via)
            del self.environment["https_proxy"]

    def test_what_cannot_be_used_is_told_before_anything_is_sent(self):
        via = "smtp://localhost:1"
        for words in (["--proxy", "http://me:hunter2@localhost:8080"], ["--proxy", "https://localhost:8080"],
                      ["--proxy", "ftp://localhost:8080"], ["--proxy", "http://localhost"], ["--proxy", "http://local host:1"],
                      ["--proxy", "http://localhost:1\r\nX: y"], ["--proxy", "http://localhost:1/path"],
                      ["--proxy", "http://localhost:1", "--proxy-user", "me"], self.signed_in(),
                      ["--proxy", "http://localhost:1", "--proxy-user", "a:b", "--proxy-password-file", self.path("proxy-password")],
                      ["--proxy", "http://localhost:1", "--proxy-user", "a\nb", "--proxy-password-file", self.path("proxy-password")]):
            self.assertNotIn("hunter2", self.send(via, *words, "--dry-run", expect=64).errors)
            self.send("ses://eu-central-1?endpoint=https://localhost:1", *words, "--dry-run", expect=64)
        self.environment["ALL_PROXY"] = "https://me:hunter2@localhost:1"
        result = self.send(via, "--dry-run", expect=78)
        self.assertIn("ALL_PROXY", result.errors)
        self.assertNotIn("hunter2", result.errors)


class Https(ProxyTest):
    KEY, SIGNING = "AKIDTEST", "ses/secret+key"

    def server(self, **settings):
        server = self.peer(peers.SesServer, credentials=f"{self.KEY}:{self.SIGNING}", region="eu-central-1", **settings)
        self.environment.update({"AWS_ACCESS_KEY_ID": self.KEY, "AWS_SECRET_ACCESS_KEY": self.SIGNING})
        return server, f"ses://eu-central-1?endpoint=https://localhost:{server.port}"

    def test_each_proxy_carries_ses_and_sees_no_header_of_it(self):
        for proxy, url in self.proxies(user="me", password=SECRET):
            server, via = self.server()
            self.send(via, "--proxy", url, *self.signed_in())
            self.assertEqual(len(server.messages(1)), 1)
            connection = proxy.connections()[-1]
            self.assertEqual((connection["port"], connection["password"]), (server.port, SECRET))
            self.assertNotIn("AWS4", connection.get("head", ""))
            words = ["--endpoint", f"https://localhost:{server.port}", "--region", "eu-central-1", "--ca-file", peers.ca("ca.pem")]
            before = len(proxy.connections())
            self.run_tool("ses", "quota", *words, "--proxy", url, *self.signed_in())
            self.assertEqual(len(proxy.connections()), before + 1)

    def test_a_refusing_proxy_is_77_or_69_and_not_asked_again(self):
        self.environment["AWS_MAX_ATTEMPTS"] = "3"
        for proxy, url in self.proxies(user="me", password="another"):
            server, via = self.server()
            before = len(proxy.connections())
            self.send(via, "--proxy", url, *self.signed_in(), expect=77)
            self.assertEqual((len(proxy.connections()), server.requests()), (before + 1, []))

    def test_the_environment_names_one(self):
        proxy = self.peer(peers.ProxyServer)
        _, via = self.server()
        for count, variable in enumerate(("https_proxy", "HTTPS_PROXY", "ALL_PROXY"), 1):
            self.environment[variable] = f"http://localhost:{proxy.port}"
            self.send(via)
            self.assertEqual(len(proxy.connections()), count)
            del self.environment[variable]
        self.environment["smtp_proxy"] = "http://localhost:1"
        self.send(via)


    def test_a_metadata_service_is_never_asked_through_one(self):
        issue = [{"access_key_id": self.KEY, "secret_access_key": self.SIGNING, "token": "t", "expires_in": 3600}]
        metadata = self.peer(peers.AwsServices, config=json.dumps({"region": "eu-central-1", "container": {"path": "/creds", "issue": issue}}))
        server = self.peer(peers.SesServer, credentials=f"{self.KEY}:{self.SIGNING}:t", region="eu-central-1")
        proxy = self.peer(peers.ProxyServer)
        self.environment.update({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://localhost:{metadata.http_port}/creds", "AWS_MAX_ATTEMPTS": "5",
                                 "HTTP_PROXY": "http://localhost:1", "http_proxy": "http://localhost:1",
                                 "ALL_PROXY": f"http://localhost:{proxy.port}"})
        words = ["--endpoint", f"https://localhost:{server.port}", "--region", "eu-central-1", "--ca-file", peers.ca("ca.pem")]
        self.run_tool("ses", "quota", *words)
        self.run_tool("ses", "quota", *words, "--proxy", f"http://localhost:{proxy.port}")
        self.assertEqual([one["port"] for one in proxy.connections()], [server.port, server.port])


class Probe(ProxyTest):
    def test_each_version_is_tried_through_it(self):
        for proxy, url in self.proxies():
            for protocol in ("https", "smtp", "smtps"):
                server = self.peer(peers.TlsServer, protocol=protocol, versions="1.2,1.3")
                before = len(proxy.connections())
                report = self.run_tool("probe", f"{protocol}://localhost:{server.port}", "--ca-file", peers.ca("ca.pem"), "--proxy", url,
                                       "--json").json
                self.assertEqual([one["result"] for one in report["versions"]], ["refused", "refused", "accepted", "accepted"])
                self.assertEqual(len(proxy.connections()), before + 4)

    def test_a_refusing_proxy_is_77_or_69(self):
        for _, url in self.proxies(user="me", password=SECRET):
            self.run_tool("probe", "https://localhost:1", "--proxy", url, expect=77)
            self.run_tool("probe", "https://localhost:1", "--proxy", url, *self.signed_in(), expect=69)

    def test_a_proxy_that_cannot_be_is_64(self):
        for url in ("ftp://localhost:1", "http://me:hunter2@localhost:1", "https://localhost:1"):
            self.assertNotIn("hunter2", self.run_tool("probe", "https://localhost:1", "--proxy", url, expect=64).errors)
            self.run_tool("ses", "quota", "--region", "eu-central-1", "--proxy", url, expect=64)


if __name__ == "__main__":
    unittest.main()
