#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`open --fetch-revocation`: what CAs' servers are asked, when they are asked at all, and which of their answers count.

A CA of openssl's with two levels; a server on loopback gives its lists, and has openssl answer OCSP questions."""
import datetime
import http.server
import os
import socket
import subprocess
import threading
import unittest

from cli.tool import ToolTest

CNF = """
[ca]
default_ca = c
[c]
database = {name}.index
default_md = sha256
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[sub]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
{places}
[leaf]
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
subjectAltName = email:leaf@smime.test
{places}
[responder]
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
{places}
[secretive]
keyUsage = critical, keyEncipherment
extendedKeyUsage = OCSPSigning
[nocheck]
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
noCheck = ignored
crlDistributionPoints = URI:http://127.0.0.1:1/never
[mailer]
keyUsage = critical, digitalSignature
extendedKeyUsage = emailProtection
"""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, body):
        self.server.seen.append((self.command, self.path))
        status, headers, content = self.server.pages.get(self.path, lambda _: (404, {}, b""))(body)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that has seen enough of a list hangs up


def gives(content, status=200, **headers):
    return lambda _: (status, headers, content)


class Revocation(ToolTest):
    def setUp(self):
        super().setUp()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.seen, self.server.pages = [], {}
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.serial = 16
        self.certify("root", "root")
        self.certify("sub", "sub", "root", f"crlDistributionPoints = URI:{self.url}/root.crl")
        self.publish("root")

    # ---- The CA ----------------------------------------------------------------------------------------------------

    def openssl(self, *words, stdin=b""):
        done = subprocess.run(["openssl", *words], input=stdin, capture_output=True, cwd=self.folder, check=False, timeout=60)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stderr.decode()}")
        return done.stdout

    def certify(self, name, extensions, by=None, places="", days=300, key=("EC", "ec_paramgen_curve:P-256")):
        """NAME.key, and NAME.crt by another one; gives its serial number in hex."""
        self.serial += 1
        self.write(f"{name}.cnf", CNF.format(name=name, places=places))
        self.openssl("genpkey", "-algorithm", key[0], "-pkeyopt", key[1], "-out", f"{name}.key")
        self.openssl("req", "-new", "-config", "/dev/null", "-key", f"{name}.key", "-subj", f"/O=revocation/CN={name}", "-out",
                     f"{name}.csr")
        issuer = ["-CA", f"{by}.crt", "-CAkey", f"{by}.key"] if by else ["-signkey", f"{name}.key"]
        self.openssl("x509", "-req", "-in", f"{name}.csr", *issuer, "-days", str(days), "-set_serial", str(self.serial), "-extfile",
                     f"{name}.cnf", "-extensions", extensions, "-out", f"{name}.crt")
        return f"{self.serial:02X}"

    def index(self, ca, *revoked):
        lines = [f"R\t350101000000Z\t{at}\t{serial}\tunknown\t/CN={serial}\n" for serial, at in revoked]
        lines += [f"V\t350101000000Z\t\t{n:02X}\tunknown\t/CN={n:02X}\n" for n in range(17, 40)
                  if f"{n:02X}" not in [serial for serial, _ in revoked]]
        self.write(f"{ca}.index", "".join(lines))

    def list_of(self, ca, *revoked, words=("-crldays", "30")):
        self.index(ca, *revoked)
        self.openssl("ca", "-config", f"{ca}.cnf", "-gencrl", *words, "-cert", f"{ca}.crt", "-keyfile", f"{ca}.key", "-out", "crl.pem")
        return self.openssl("crl", "-in", "crl.pem", "-outform", "DER")

    def publish(self, ca, *revoked, words=("-crldays", "30")):
        content = self.list_of(ca, *revoked, words=words)
        self.server.pages[f"/{ca}.crl"] = gives(content)

    def leaf(self, places):
        """A message signed by a leaf of this kind; its serial number."""
        serial = self.certify("leaf", "leaf", "sub", places)
        self.write("leaf.pem", self.read("leaf.key") + self.read("leaf.crt") + self.read("sub.crt"))
        self.run_tool("seal", "--from", "leaf@smime.test", "--to", "bob@smime.test", "--subject", "s", "--text", "t\n", "--sign",
                      "--identity", self.path("leaf.pem"), "-o", self.path("signed.eml"))
        return serial

    def respond(self, request, *revoked, signer="sub", words=("-ndays", "1")):
        """openssl's answer to an OCSP request."""
        self.index("sub", *revoked)
        self.write("request.der", request)
        self.openssl("ocsp", "-index", "sub.index", "-CA", "sub.crt", "-rsigner", f"{signer}.crt", "-rkey", f"{signer}.key",
                     "-reqin", "request.der", "-respout", "response.der", *words)
        return self.read("response.der")

    def responder(self, *revoked, signer="sub", words=("-ndays", "1"), change=None):
        def page(body):
            content = self.respond(body, *revoked, signer=signer, words=words)
            return 200, {"Content-Type": "application/ocsp-response"}, change(content) if change else content
        self.server.pages["/ocsp"] = page

    # ---- The answer ------------------------------------------------------------------------------------------------

    def judged(self, *words, trust="root.crt", fetch=True, name="signed.eml"):
        self.server.seen.clear()
        option = ["--fetch-revocation"] if fetch else []
        result = self.run_tool("open", self.path(name), "--trust", self.path(trust), "--json", *option, *words, expect=None)
        self.assertIn(result.code, (0, 1), result.errors)
        signer = result.json["layers"][0]["signers"][0]
        self.assertEqual(signer["verdict"] == "good", signer["trust"] == "trusted" and signer["validity"] == "valid" and
                         signer["integrity"] == "good", signer)
        return signer

    def assert_unclear(self, signer, *words):
        self.assertEqual((signer["trust"], signer["verdict"]), ("unknown", "unverified"), signer)
        self.assertIn("cannot be told", signer["why"])
        for word in words:
            self.assertIn(word, signer["why"])

    def lists(self):
        return self.leaf(f"crlDistributionPoints = URI:{self.url}/sub.crl")

    def ocsp(self):
        return self.leaf(f"authorityInfoAccess = OCSP;URI:{self.url}/ocsp")

    @staticmethod
    def days(number):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def stamp(number):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=number)).strftime("%y%m%d%H%M%SZ")

    # ---- When somebody is asked ------------------------------------------------------------------------------------

    def test_nobody_is_asked_by_default(self):
        serial = self.lists()
        self.publish("sub", (serial, "261001000000Z"))
        self.assertEqual(self.judged(fetch=False)["trust"], "trusted")
        self.assertEqual(self.server.seen, [])

    def test_nobody_is_asked_about_whom_no_anchor_vouches_for(self):
        self.lists()
        self.publish("sub")
        self.certify("other", "root")
        self.assertEqual(self.judged(trust="other.crt")["trust"], "untrusted")
        result = self.run_tool("open", self.path("signed.eml"), "--json", "--fetch-revocation", expect=None)
        self.assertEqual(result.json["layers"][0]["signers"][0]["trust"], "unknown")
        self.assertEqual(self.server.seen, [])

    def test_nobody_is_asked_about_a_signature_that_does_not_fit(self):
        self.lists()
        self.publish("sub")
        self.write("changed.eml", self.read("signed.eml").replace(b"\r\nt\r\n", b"\r\nu\r\n"))
        self.assertEqual(self.judged(name="changed.eml")["integrity"], "bad")
        self.assertEqual(self.server.seen, [])

    def test_what_an_anchor_says_of_itself_is_not_asked(self):
        self.lists()
        self.publish("sub")
        self.assertEqual(self.judged(trust="sub.crt")["trust"], "trusted")
        self.assertEqual(self.server.seen, [("GET", "/sub.crl")])

    def test_only_http_is_spoken(self):
        self.write("here.crl", self.list_of("sub"))
        self.leaf(f"crlDistributionPoints = URI:file://{self.path('here.crl')}, URI:ldap://127.0.0.1/cn=x")
        self.assert_unclear(self.judged(), "names no server")

    def test_ports_of_other_services_and_odd_urls_are_left_alone(self):
        port = self.url.rsplit(":", 1)[1]
        for url, why in (("http://127.0.0.1:25/x", "not one that is asked"), (f"http://user@127.0.0.1:{port}/sub.crl", "not one that is asked"),
                         ("http://127.0.0.1:80:80/x", "not one that is asked"), ("http://169.254.169.254/x", "not contacted"),
                         (f"http://2130706433:{port}/sub.crl", "not contacted")):
            with self.subTest(url):
                self.leaf(f"crlDistributionPoints = URI:{url}")
                self.publish("sub")
                self.assert_unclear(self.judged(), why)
                self.assertNotIn(("GET", "/sub.crl"), self.server.seen)

    # ---- Revocation lists ------------------------------------------------------------------------------------------

    def test_a_list_clears_or_condemns(self):
        serial = self.lists()
        self.publish("sub")
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assertEqual(sorted(self.server.seen), [("GET", "/root.crl"), ("GET", "/sub.crl")])
        self.publish("sub", (serial, "261001000000Z"))
        signer = self.judged()
        self.assertEqual((signer["trust"], signer["verdict"]), ("revoked", "unverified"))
        self.assertIn("CN=leaf", signer["why"])

    def test_the_issuer_is_asked_about_too(self):
        self.lists()
        self.publish("sub")
        self.publish("root", ("12", "261001000000Z"))
        signer = self.judged()
        self.assertEqual(signer["trust"], "revoked")
        self.assertIn("CN=sub", signer["why"])
        self.server.pages.pop("/root.crl")
        self.assert_unclear(self.judged(), "CN=sub", "404")

    def test_a_list_that_cannot_be_had_leaves_it_open(self):
        self.lists()
        self.assert_unclear(self.judged(), "CN=leaf", "404")
        self.server.pages["/sub.crl"] = gives(b"<html>captive portal</html>")
        self.assert_unclear(self.judged(), "no revocation list")
        self.server.pages["/sub.crl"] = gives(b"\x30" + bytes(17 << 20))
        self.assert_unclear(self.judged(), "larger")
        self.publish("sub", words=("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z"))
        self.assert_unclear(self.judged(), "expired")
        self.publish("sub", words=("-crldays", "9", "-md", "sha1"))
        self.assert_unclear(self.judged(), "weak digest")

    def test_a_list_by_somebody_else_leaves_it_open(self):
        serial = self.lists()
        os.rename(self.path("sub.key"), self.path("real.key"))
        real = self.read("sub.crt")
        self.certify("sub", "sub", "root")
        for revoked in ((), ((serial, "261001000000Z"),)):
            forged = self.list_of("sub", *revoked)
            self.server.pages["/sub.crl"] = gives(forged)
            self.assert_unclear(self.judged())
        forged = self.list_of("sub", (serial, "200101000000Z"),
                              words=("-crl_lastupdate", "20200101000000Z", "-crl_nextupdate", "20200201000000Z"))
        self.server.pages["/sub.crl"] = gives(forged)
        self.assert_unclear(self.judged())
        self.write("sub.crt", real)

    def test_the_time_judged_at_counts(self):
        serial = self.lists()
        self.publish("sub", (serial, self.stamp(2)))
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assertEqual(self.judged("--at", self.days(3))["trust"], "revoked")
        self.publish("sub", words=("-crldays", "5"))
        self.publish("root", words=("-crldays", "30"))
        self.assert_unclear(self.judged("--at", self.days(9)), "expired")

    def test_a_given_list_counts_beside_what_is_fetched(self):
        serial = self.lists()
        self.write("given.crl", self.list_of("sub", (serial, "261001000000Z")))
        self.publish("sub")
        self.assertEqual(self.judged("--crl", self.path("given.crl"))["trust"], "revoked")
        self.assertEqual(self.server.seen, [])
        self.write("given.crl", self.list_of("sub"))
        self.server.pages.pop("/sub.crl")
        self.assertEqual(self.judged("--crl", self.path("given.crl"))["trust"], "trusted")

    def test_the_next_place_is_asked_when_one_fails(self):
        self.leaf(f"crlDistributionPoints = URI:{self.url}/gone.crl, URI:{self.url}/sub.crl")
        self.publish("sub")
        self.assertEqual(self.judged()["trust"], "trusted")

    def test_redirects_are_few_and_stay_on_the_same_rules(self):
        self.lists()
        content = self.list_of("sub")
        self.server.pages["/moved"] = gives(content)
        self.server.pages["/sub.crl"] = gives(b"", 302, Location="/moved")
        self.assertEqual(self.judged()["trust"], "trusted")
        for place in (f"file://{self.path('crl.pem')}", "http://127.0.0.1:25/", "//127.0.0.1/x", "gopher://127.0.0.1/"):
            self.server.pages["/sub.crl"] = gives(b"", 302, Location=place)
            self.assert_unclear(self.judged(), "sends us")
        self.server.pages["/sub.crl"] = gives(b"", 302, Location="/sub.crl")
        self.assert_unclear(self.judged(), "one place to another")
        self.assertEqual(self.server.seen.count(("GET", "/sub.crl")), 4)

    def test_a_certificate_that_names_nobody_stays_open(self):
        self.leaf("")
        self.assert_unclear(self.judged(), "names no server")
        self.leaf("2.5.29.56 = ASN1:NULL")  # RFC 9608: the CA says that it will never revoke it
        self.assertEqual(self.judged()["trust"], "trusted")
        self.certify("sub", "sub", "root", "2.5.29.56 = ASN1:NULL")  # which nobody can say of a CA
        self.leaf("2.5.29.56 = ASN1:NULL")
        self.assert_unclear(self.judged(), "CN=sub", "names no server")

    def test_a_certificate_does_not_make_many_fetches(self):
        lists = ", ".join(f"URI:{self.url}/sub.crl?{n}" for n in range(9))
        self.leaf(f"crlDistributionPoints = {lists}\nauthorityInfoAccess = "
                  + ",".join(f"OCSP;URI:{self.url}/{n}" for n in range(9)))
        for n in range(9):
            self.server.pages[f"/{n}"] = gives(b"", 307, Location=f"/{n}")
        self.assert_unclear(self.judged(), "more than 16 fetches")
        self.assertEqual(len(self.server.seen), 16)

    # ---- OCSP ------------------------------------------------------------------------------------------------------

    def test_a_response_clears_or_condemns(self):
        serial = self.ocsp()
        self.responder()
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assertEqual(self.server.seen, [("POST", "/ocsp"), ("GET", "/root.crl")])
        self.responder((serial, "261001000000Z"))
        signer = self.judged()
        self.assertEqual((signer["trust"], signer["verdict"]), ("revoked", "unverified"))
        self.responder((serial, self.stamp(2)), words=("-ndays", "9"))
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assertEqual(self.judged("--at", self.days(3))["trust"], "revoked")

    def test_a_response_does_not_make_up_for_a_list_that_was_tampered_with(self):
        self.ocsp()
        self.responder()
        genuine = bytearray(self.list_of("sub"))
        self.write("given.crl", genuine)
        self.assertEqual(self.judged("--crl", self.path("given.crl"))["trust"], "trusted")
        genuine[-1] ^= 1  # in the signature
        self.write("given.crl", genuine)
        self.assert_unclear(self.judged("--crl", self.path("given.crl")))

    def test_openssl_s_own_responder_is_understood(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serial = self.leaf(f"authorityInfoAccess = OCSP;URI:http://localhost:{port}")
        for revoked, trust in (((), "trusted"), (((serial, "261001000000Z"),), "revoked")):
            self.index("sub", *revoked)
            # It serves one at a time, and waits for good on a connection that says nothing: so nobody tries whether it is there.
            with subprocess.Popen(["openssl", "ocsp", "-index", "sub.index", "-port", str(port), "-rsigner", "sub.crt", "-rkey", "sub.key",
                                   "-CA", "sub.crt"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
                try:
                    self.assertTrue(any(line.startswith(b"ACCEPT") for line in server.stdout))
                    signer = self.judged()
                    self.assertEqual(signer["trust"], trust, signer["why"])
                finally:
                    server.terminate()

    def test_a_response_that_proves_nothing_leaves_it_open(self):
        self.ocsp()
        self.assert_unclear(self.judged(), "404")
        self.server.pages["/ocsp"] = gives(b"")
        self.assert_unclear(self.judged(), "no OCSP response")
        self.server.pages["/ocsp"] = gives(b"\x30\x03\x0a\x01\x03")  # tryLater, which nobody signs
        self.assert_unclear(self.judged(), "trylater")
        self.responder(change=lambda content: content[:-1] + bytes([content[-1] ^ 1]), words=("-ndays", "1", "-resp_no_certs"))
        self.assert_unclear(self.judged(), "not signed by the CA")
        self.responder(change=lambda content: content + b"\0")
        self.assert_unclear(self.judged(), "no OCSP response")

    def test_an_old_response_does_not_count(self):
        self.ocsp()
        self.responder(words=("-ndays", "1"))
        self.assert_unclear(self.judged("--at", self.days(3)), "out of date")
        self.responder(words=())  # no nextUpdate, but our nonce: an answer of this moment
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assert_unclear(self.judged("--at", self.days(3)), "out of date")

    def test_an_answer_to_another_question_does_not_count(self):
        self.ocsp()
        ask = ["ocsp", "-issuer", "sub.crt", "-cert", "leaf.crt", "-reqout", "asked.der"]
        self.openssl(*ask)
        self.server.pages["/ocsp"] = gives(self.respond(self.read("asked.der")))
        self.assert_unclear(self.judged(), "nonce")
        self.openssl(*ask, "-no_nonce")
        self.server.pages["/ocsp"] = gives(self.respond(self.read("asked.der")))  # from stock, with dates
        self.assertEqual(self.judged()["trust"], "trusted")
        self.server.pages["/ocsp"] = gives(self.respond(self.read("asked.der"), words=()))
        self.assert_unclear(self.judged(), "may be an old one")
        self.openssl("ocsp", "-issuer", "root.crt", "-cert", "sub.crt", "-no_nonce", "-reqout", "asked.der")
        self.server.pages["/ocsp"] = gives(self.respond(self.read("asked.der")))
        self.assert_unclear(self.judged(), "another certificate")

    def test_who_may_answer(self):
        serial = self.ocsp()
        self.certify("named", "responder", "sub")
        self.responder(signer="named")
        self.assertEqual(self.judged()["trust"], "trusted")
        self.certify("free", "nocheck", "sub")
        self.responder((serial, "261001000000Z"), signer="free")
        self.assertEqual(self.judged()["trust"], "revoked")
        for name, extensions, by in (("mailer", "mailer", "sub"), ("foreign", "responder", "root"), ("self", "responder", None)):
            with self.subTest(name):
                self.certify(name, extensions, by)
                self.responder(signer=name)
                self.assert_unclear(self.judged(), "responder's certificate")
        self.responder((serial, "261001000000Z"), signer="mailer")
        self.assert_unclear(self.judged(), "not for signing OCSP")
        self.certify("secretive", "secretive", "sub")
        self.responder(signer="secretive")
        self.assert_unclear(self.judged(), "not for signing")
        self.certify("weak", "responder", "sub", key=("RSA", "rsa_keygen_bits:1024"))
        self.responder(signer="weak")
        self.assert_unclear(self.judged(), "weak")

    def test_a_responder_is_valid_when_it_answers(self):
        self.ocsp()
        self.certify("brief", "responder", "sub", days=1)
        self.responder(signer="brief", words=("-ndays", "9"))
        self.assertEqual(self.judged()["trust"], "trusted")
        self.assert_unclear(self.judged("--at", self.days(2)), "responder's certificate is not valid")

    def test_a_responder_whose_certificate_is_revoked_has_nothing_to_say(self):
        leaf = self.ocsp()
        serial = self.certify("named", "responder", "sub", f"crlDistributionPoints = URI:{self.url}/sub.crl")
        self.responder(signer="named")
        self.assert_unclear(self.judged(), "responder's own")
        self.publish("sub")
        self.assertEqual(self.judged()["trust"], "trusted")
        self.responder((leaf, "261001000000Z"), signer="named")
        self.assertEqual(self.judged()["trust"], "revoked")
        self.publish("sub", (serial, "261001000000Z"))
        self.assertEqual(self.judged()["trust"], "trusted")  # by the list, which is about the leaf too

    def test_a_weak_response_does_not_count(self):
        self.ocsp()
        self.responder(words=("-ndays", "1", "-rmd", "sha1"))
        self.assert_unclear(self.judged(), "weak digest")

    def test_a_list_answers_where_a_responder_does_not(self):
        serial = self.leaf(f"authorityInfoAccess = OCSP;URI:{self.url}/ocsp\ncrlDistributionPoints = URI:{self.url}/sub.crl")
        self.publish("sub")
        self.assertEqual(self.judged()["trust"], "trusted")
        self.publish("sub", (serial, "261001000000Z"))
        self.assertEqual(self.judged()["trust"], "revoked")


if __name__ == "__main__":
    unittest.main()
