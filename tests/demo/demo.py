# SPDX-License-Identifier: MIT
"""mimeseal's main job, end to end: compose, seal both ways, submit three ways, open what arrived.

    demo.py PATH-OF-MIMESEAL

Prints what happens, then one line per way, ok or not; the exit status says the same.
"""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "peers"))

import peers  # noqa: E402
from people import PgpKeys, SmimeKeys, address  # noqa: E402

SUBJECT = "Prüfbericht für März 🔐 bitte nur selbst lesen"
TEXT = "Hallo Bob,\n\nanbei der Bericht. Die Zahlen bleiben unter uns.\n\nGrüße\nAlice\n"
HTML = ('<html><body><p>Hallo Bob,</p><p>anbei der Bericht. Die <b>Zahlen</b> bleiben unter uns.</p>'
        '<p><img src="cid:logo@demo.example" alt="Logo"></p><p>Grüße<br>Alice</p></body></html>\n')
PDF_NAME = "Prüfbericht – März €.pdf"
PNG_NAME = "logo.png"
USER, PASSWORD = "submitter", "correct horse battery staple"
ACCESS_KEY, SECRET_KEY, REGION = "AKIDDEMO", "demo/secret+key", "eu-central-1"


def png():
    """A picture of 32x32 pixels, made by hand."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    rows = b"".join(b"\0" + bytes((x * 8 ^ y * 8) & 255 for x in range(32)) for y in range(32))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def pdf():
    """A page with a line of text."""
    stream = b"BT /F1 24 Tf 72 720 Td (Confidential report) Tj ET"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
               b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (b"xref\n0 6\n0000000000 65535 f \n%s" % table) + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def say(text=""):
    print(text, flush=True)


class Demo:
    def __init__(self, tool, folder):
        self.tool = tool
        self.folder = folder
        self.files = {PDF_NAME: pdf(), PNG_NAME: png()}
        for name, content in self.files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        for name, secret in (("password", PASSWORD), ("empty", "")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(secret + "\n")
        self.keys = {"smime": SmimeKeys(os.path.join(folder, "smime")), "pgp": PgpKeys(os.path.join(folder, "pgp"))}

    def path(self, name):
        return os.path.join(self.folder, name)

    def mimeseal(self, *words, expect=0):
        environment = {"PATH": os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8",
                       "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                       "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run([self.tool, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False)
        if done.returncode != expect:
            raise AssertionError(f"mimeseal {words[0]} exited {done.returncode}: {done.stderr.strip()}{done.stdout[-500:]}")
        return done.stdout

    def draft(self, protocol):
        def who(name, shown):
            return f"{shown} <{address(name, protocol)}>"
        return ["--from", who("alice", "Alice Müller"), "--to", who("bob", "Bob"), "--cc", who("carol", "Carol"),
                "--bcc", who("dave", "Dave"), "--subject", SUBJECT, "--text", TEXT, "--html", HTML,
                "--inline", f"logo@demo.example={self.path(PNG_NAME)}", "--attach", self.path(PDF_NAME)]

    def send(self, protocol, url, *network):
        keys = self.keys[protocol]
        out = self.mimeseal("send", "--via", url, "--ca-file", peers.ca("ca.pem"), *network, *self.draft(protocol),
                            "--protocol", protocol, "--sign", "--encrypt", *keys.identity("alice"), *keys.sealing())
        for line in out.splitlines():
            say("    " + line)

    def check_arrived(self, protocol, messages):
        """Bob and Carol read the first copy, Dave his own; nobody else's copy names Dave."""
        assert len(messages) == 2, f"{len(messages)} messages arrived instead of 2"
        dave = address("dave", protocol)
        named = next(one for one in messages if dave not in one["recipients"])
        hidden = next(one for one in messages if dave in one["recipients"])
        assert sorted(named["recipients"]) == sorted(address(name, protocol) for name in ("bob", "carol")), named["recipients"]
        assert dave.encode() not in named["content"] + hidden["content"], "an arrived message names the Bcc recipient"
        for message in (named, hidden):
            assert SUBJECT.split()[0].encode() not in message["content"] and b"Zahlen" not in message["content"], "plaintext outside"
        for name, message in (("bob", named), ("carol", named), ("dave", hidden)):
            self.read(protocol, name, message["content"], show=name == "bob")

    def read(self, protocol, name, content, show):
        file = self.path("arrived.eml")
        with open(file, "wb") as out:
            out.write(content)
        parts_folder = self.path("parts")
        shutil.rmtree(parts_folder, ignore_errors=True)
        keys = self.keys[protocol]
        report = json.loads(self.mimeseal("open", file, "--json", "--extract", parts_folder, *keys.identity(name),
                                          *keys.opening(), "--require", "signed,encrypted,authenticated",
                                          "--require-signer", address("alice", protocol)))
        headers = report["headers"]
        signers = [signer for layer in report["layers"] for signer in layer["signers"]]
        outer_subject = next(field["value"] for field in headers["outer"] if field["name"].lower() == "subject")
        assert report["summary"] == {"state": "confidential", "encrypted": True, "signed": "good"}, report["summary"]
        assert headers["subject"] == SUBJECT and outer_subject == "[...]" and "Subject" in headers["confidential"], headers
        digests = {part["filename"]: part["sha256"] for part in report["parts"] if part["filename"]}
        extracted = {}
        for entry in os.listdir(parts_folder):
            with open(os.path.join(parts_folder, entry), "rb") as part:
                extracted[entry] = part.read()
        for wanted, original in self.files.items():
            assert digests.get(wanted) == hashlib.sha256(original).hexdigest(), f"{wanted} differs: {digests}"
            assert extracted.get(wanted) == original, f"{wanted} was not extracted as it was"
        if show:
            say("  Bob opens what arrived:")
            say("    outside:")
            for line in self.mimeseal("inspect", file).splitlines():
                say("      " + line)
            say("    layers:")
            for layer in report["layers"]:
                cipher = f", {layer['cipher']}" if layer["cipher"] else ""
                say(f"      {layer['path']:8} {layer['type']}: {layer['result']}{cipher}")
            say("    parts:")
            for part in report["parts"]:
                say(f"      {part['path']:14} {part['type']}, {part['size']} octets" +
                    (f", \"{part['filename']}\"" if part["filename"] else ""))
            for signer in signers:
                say(f"    signed by {signer['who']} ({signer['verdict']}: trust {signer['trust']}, From {signer['from']})")
            say(f"    Subject outside: {outer_subject}")
            say(f"    Subject inside:  {headers['subject']}")
            for wanted in self.files:
                say(f"    \"{wanted}\" is byte-identical")
        else:
            say(f"  {name.capitalize()} opens {'the copy of his own' if name == 'dave' else 'it'} too, every attachment byte-identical")


def smtp_messages(server, count):
    return [{"content": one.content, "recipients": [rcpt["address"] for rcpt in one.facts["rcpt"]]}
            for one in server.messages(count)]


def ses_messages(server, count):
    return [{"content": one.content, "recipients": [who for kind in one.facts["destination"].values() for who in kind]}
            for one in server.messages(count)]


def smtp_way(demo, protocol, tls):
    with peers.SmtpServer(tls=tls, require_auth=True, user=USER, password=PASSWORD) as server:
        scheme = "smtps" if tls == "implicit" else "smtp"
        demo.send(protocol, f"{scheme}://localhost:{server.port}", "--user", USER, "--password-file", demo.path("password"))
        demo.check_arrived(protocol, smtp_messages(server, 2))


def ses_way(demo, protocol):
    with peers.SesServer(credentials=f"{ACCESS_KEY}:{SECRET_KEY}", region=REGION) as server:
        demo.send(protocol, f"ses://{REGION}?endpoint=https://localhost:{server.port}")
        demo.check_arrived(protocol, ses_messages(server, 2))


WAYS = [("SMTP with STARTTLS", lambda demo, protocol: smtp_way(demo, protocol, "starttls")),
        ("SMTP in TLS Wrapper", lambda demo, protocol: smtp_way(demo, protocol, "implicit")),
        ("SES v2 HTTPS API", ses_way)]


def main():
    tool = os.path.abspath(sys.argv[1])
    folder = tempfile.mkdtemp(prefix="mimeseal-demo-")
    results = []
    try:
        say("Making keys and certificates for the demo …")
        demo = Demo(tool, folder)
        for protocol, title in (("smime", "S/MIME"), ("pgp", "PGP/MIME")):
            for way, go in WAYS:
                say(f"\n{title} through {way}")
                why = ""
                try:
                    go(demo, protocol)
                except (AssertionError, OSError, peers.DidNotStart, KeyError, StopIteration, subprocess.SubprocessError) as error:
                    why = f"{type(error).__name__}: {error}"
                    say(f"  failed: {why}")
                results.append((f"{title} through {way}", why))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say()
    for name, why in results:
        say(f"{'not ok' if why else 'ok'}: {name}")
    return 1 if any(why for _, why in results) else 0


if __name__ == "__main__":
    sys.exit(main())
