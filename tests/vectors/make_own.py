#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the own vectors: sealed messages and the manifest that says what a reader must find in them.

    make_own.py OUTDIR [--tool PATH] [--keys DIR] [--jobs N]

The expectations come from what was asked for (RECIPE below), never from what mimeseal answers. Each message is also read by a second
program (openssl, gpg, gpgsm too where it can, own_reader.py where none of them can); only when it found the text and a good signature does `verified_by` name it.
Keys are made once and stay: OUTDIR/keys unless --keys names them. Everything else is fresh: nonces, salts and times are never pinned.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import email
import email.header
import email.policy
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile

import cryptography

import own_keys
import own_reader

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RFC9216 = os.path.join(ROOT, "testdata", "ietf-rfc9216")
SUBJECT, TEXT = "Grüße aus Bielefeld", "Das steht nur drinnen: αβγ.\nZweite Zeile.\n"
HTML = "<p>Das steht <b>nur</b> drinnen: αβγ.</p>\n"
FILE = bytes(range(256)) * 3  #: an attachment that no line end or encoding may change
#: Where the parts of a text with HTML and an attachment are.
PLACES = {"text/plain": "1.1", "text/html": "1.2", "application/octet-stream": "2"}
COMPLEX = [("text/plain", TEXT), ("text/html", HTML), ("application/octet-stream", FILE)]
GCM = ("aes-128-gcm", "aes-192-gcm", "aes-256-gcm")
CBC = ("aes-128-cbc", "aes-192-cbc", "aes-256-cbc")


PYTHON_READER = f"own_reader.py on python3-cryptography {cryptography.__version__}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Person:
    """Who signs with and is read by which keys. PATHS begin with @ for RFC 9216's keys, else they are own ones."""

    def __init__(self, address, identity, trust, certificate, key, passphrase=None, more=()):
        self.address, self.identities, self.trust, self.passphrase = address, [identity, *more], trust, passphrase
        self.certificate, self.key = certificate, key

    @property
    def signs_by(self):
        """The certificate of a writer whose signature openssl cannot verify."""
        return self.identities[0].replace(".p12", ".sign.crt")

    @property
    def mailbox(self):
        name = self.address.split("@")[0].capitalize()
        return f"{name} <{self.address}>"


def _rfc9216(name, authority, kind=""):
    return Person(f"{name}@smime.example", f"@{name}.p12", f"@ca.{authority}.crt", f"@{name}.encrypt.crt",
                  f"@{name}.encrypt{kind}.key", name)


def _own(name):
    return Person(f"{name}@own.example", f"{name}.pem", "ca.crt", f"{name}.crt", f"{name}.key")


def _pgp(name):
    return Person(f"{name}@own.example", f"{name}.sec.asc", f"{name}.pub.asc", f"{name}.pub.asc", f"{name}.sec.asc")


ALICE, BOB = _rfc9216("alice", "rsa"), _rfc9216("bob", "rsa")
CARLOS, DANA = _rfc9216("carlos", "25519", ".25519"), _rfc9216("dana", "25519", ".25519")
P256, P384, P521, CURVE448 = (_own(name) for name in ("p256", "p384", "p521", "curve448"))
SEVERAL = Person("several@own.example", "several.rsa.pem", "ca.crt", None, None, more=("several.p256.pem",))
#: Alice's PKCS#12 file brings a cross certificate that leads gpgsm to an Ed25519 CA, which it does not know.
RSA_ALONE = Person("several@own.example", "several.rsa.pem", "ca.crt", None, None)
PGP_ALICE, PGP_BOB, PGP_CAROL = (_pgp(name) for name in own_keys.PEOPLE)
PGP_SEVERAL = Person("several@own.example", "several.1.sec.asc", "several.1.pub.asc", None, None, more=("several.2.sec.asc",))
PGP_SEVERAL_TRUST = ("several.1.pub.asc", "several.2.pub.asc")


# ---- What is asked for, and what must then be found -----------------------------------------------------------------

class Case:
    """A message: its maker's words, its reader, and what the reader must find."""

    def __init__(self, name, comment, writer, reader, words, layers, **more):
        self.id, self.comment, self.writer, self.reader, self.words, self.layers = name, comment, writer, reader, words, layers
        self.protocol = "pgp" if layers[0][0].startswith("pgp") else "smime"
        self.policy = more.get("policy", "baseline")
        self.legacy_display = more.get("legacy_display", True)
        self.signers = more.get("signers", 1)
        self.to = more.get("to", [reader])
        self.bcc = more.get("bcc", [])
        self.trust = more.get("trust", (writer.trust,))
        self.answers = more.get("answers")
        self.hidden = more.get("hidden")
        self.options = more.get("options")  #: what the reader is allowed
        self.withheld = more.get("withheld", False)  #: nothing inside may be shown
        self.facts = more.get("facts", {})  #: of the outermost layer
        self.parts = more.get("parts", [("text/plain", TEXT)])  #: leaf parts: type and content, None where it is not known
        self.passphrase = more.get("passphrase")  #: instead of the reader's key
        self.gpgsm = more.get("gpgsm", False)  #: gpgsm must be able to read it too

    @property
    def subject(self):
        return ("Re: " if self.answers else "") + SUBJECT

    @property
    def kinds(self):
        return [layer[0] for layer in self.layers]

    @property
    def encrypted(self):
        return any("envelope" in kind or kind == "pgp-encrypted" for kind in self.kinds)

    @property
    def signed(self):
        return any(layer[1].get("signed") for layer in self.layers)

    @property
    def confidential(self):
        """RFC 9788, section 3.2: what the policy hides outside. The date is written in UTC and so needs no change."""
        if self.hidden is not None:
            return self.hidden
        if not self.encrypted or self.policy == "off":
            return []
        return {"baseline": ["Subject"], "shy": ["From", "To", "Subject"], "no-confidentiality": []}[self.policy]

    def expectation(self):
        layers = []
        for depth, (kind, facts) in enumerate(self.layers):
            layer = {"path": "1" + ".1" * depth, "type": kind, "errant": False}
            if kind in ("smime-auth-enveloped", "pgp-encrypted"):
                layer.update(result="good", authenticated=True)
            elif kind == "smime-enveloped":
                layer.update(result="unauthenticated", authenticated=False)
            else:
                layer["result"] = "good"
            if "cipher" in facts:
                layer["cipher"] = facts["cipher"]
            signer = {"verdict": "good", "integrity": "good", "trust": "trusted", "validity": "valid", "from": "match", "algorithm": "ok",
                      "usage": "ok"}
            if "digest" in facts:
                signer["digest"] = facts["digest"]
            layer["signers"] = [signer] * (self.signers if facts.get("signed") else 0)
            layers.append(layer)
        layers[0].update(self.facts)
        state = {(True, True): "confidential", (True, False): "encrypted-unverified", (False, True): "verified"}
        shown = self.encrypted and self.legacy_display and "Subject" in self.confidential
        protection = "none" if self.policy == "off" else "cipher" if self.encrypted else "clear"
        if self.withheld:
            return {"summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"},
                    "headers": {"subject": "[...]", "protection": "none", "confidential": []},
                    "layers": layers, "parts": [{"path": "1", "type": "application/pkcs7-mime"}], "released": False,
                    "problems": ["withheld"]}
        return {"summary": {"state": state[self.encrypted, self.signed], "encrypted": self.encrypted,
                            "signed": "good" if self.signed else "none"},
                "headers": {"subject": self.subject, "from": [mailbox(self.writer)], "to": [mailbox(one) for one in self.to],
                            "message_id": f"<{self.id}@own.example>", "protection": protection,
                            "confidential": self.confidential, "mismatch": []},
                "layers": layers, "parts": self.part_facts(shown), "released": True,
                "problems": ["unauthenticated"] if self.options else []}

    def part_facts(self, shown):
        """Leaf parts. What is not text is as it was; text has CRLF, and only without a legacy display element it is known octet by octet."""
        found = []
        top = "1" + ".1" * len(self.layers)
        for number, (kind, content) in enumerate(self.parts, 1):
            text = kind.startswith("text/")
            path = top if len(self.parts) == 1 else f"{top}.{PLACES[kind] if len(self.parts) == 3 else number}"
            part = {"path": path, "type": kind, "encrypted": self.encrypted, "signed": self.signed, "legacy_display": shown and text}
            if content is not None and not part["legacy_display"]:
                octets = content.replace("\n", "\r\n").encode() if text else content
                part.update(size=len(octets), sha256=hashlib.sha256(octets).hexdigest())
            found.append(part)
        return found


def mailbox(person):
    return {"name": person.address.split("@")[0].capitalize(), "address": person.address}


def recipe():
    """Every case. Those that answer another one come after it."""
    gcm = ("smime-auth-enveloped", {"cipher": "aes-256-gcm"})
    signature, pgp = ("smime-signed", {"signed": True}), ("pgp-encrypted", {})
    pgp_both = ("pgp-encrypted", {"signed": True})
    for kind, reader in (("rsa-oaep", BOB), ("rsa-pkcs1", BOB), ("p256", P256), ("p384", P384), ("p521", P521), ("x25519", DANA), ("x448", CURVE448)):
        for cipher in GCM:
            yield Case(f"{kind}-{cipher}", f"AuthEnvelopedData (RFC 5083), {cipher}, for a key of kind {kind}; not signed", ALICE, reader,
                       ["--encrypt", "--cipher", cipher, "--no-encrypt-to-self", *(["--key-transport", "pkcs1"] if "pkcs1" in kind else [])],
                       [("smime-auth-enveloped", {"cipher": cipher})])
    yield Case("rsa-oaep-sha1", "RSA-OAEP with SHA-1, which older readers know alone", ALICE, BOB,
               ["--encrypt", "--cipher", "aes-256-gcm", "--oaep-sha1", "--no-encrypt-to-self"], [gcm])
    yield Case("several-kinds", "one message to RSA, ECDH and X25519 at once; ECDH reads it", ALICE, P256,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature], to=[BOB, P256, DANA])
    for cipher in CBC:
        yield Case(f"{cipher}-pkcs1", f"EnvelopedData with {cipher} and PKCS #1 v1.5, signed inside: what every reader knows", RSA_ALONE, BOB,
                   ["--sign", "--encrypt", "--no-encrypt-to-self", "--cipher", cipher, "--key-transport", "pkcs1", "--rsa-signature", "pkcs1"],
                   [("smime-enveloped", {"cipher": cipher}), signature], gpgsm=True)
    for name, options in (("withheld", None), ("released", {"allow_unauthenticated": True})):
        yield Case(f"cbc-{name}", f"EnvelopedData with AES-CBC and no signature proves nothing: {name}", ALICE, BOB,
                   ["--encrypt", "--cipher", "aes-256-cbc", "--key-transport", "pkcs1", "--no-encrypt-to-self"],
                   [("smime-enveloped", {"cipher": "aes-256-cbc"})], withheld=options is None, options=options, gpgsm=True)
    yield Case("legacy-types", "application/x-pkcs7-*, as before RFC 5751", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--legacy-types"], [gcm, signature])
    yield Case("cbc-signed", "EnvelopedData with AES-CBC: released because the signature inside covers it", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-cbc"], [("smime-enveloped", {"cipher": "aes-256-cbc"}), signature])
    yield Case("gcm-signed", "signed, then encrypted as AuthEnvelopedData", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature])
    yield Case("p384-sealed", "signed with ECDSA and encrypted by ECDH, one certificate for both", P384, P256,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature])
    yield Case("ed448-x448-sealed", "signed with Ed448 and encrypted for X25519 (and for X448: the author reads it too)", CURVE448, DANA,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature])
    for name, writer, words, digest in (
            ("rsa-pkcs1", ALICE, ["--rsa-signature", "pkcs1", "--digest", "sha256"], "sha256"),
            ("rsa-pss", ALICE, ["--rsa-signature", "pss", "--digest", "sha384"], "sha384"),
            ("ecdsa-p256", P256, ["--digest", "sha256"], "sha256"), ("ecdsa-p384", P384, ["--digest", "sha384"], "sha384"),
            ("ecdsa-p521", P521, ["--digest", "sha512"], "sha512"), ("ed25519", CARLOS, [], "sha512"), ("ed448", CURVE448, [], None)):
        facts = {"signed": True, **({"digest": digest} if digest else {})}
        for form in ("detached", "opaque"):
            yield Case(f"{name}-{form}", f"a {form} signature, {name}", writer, BOB, ["--sign", "--signature", form, *words],
                       [("smime-signed", facts)], gpgsm=name in ("ecdsa-p256", "ecdsa-p384"))
    for form in ("detached", "opaque"):
        yield Case(f"rsa-pkcs1-alone-{form}", f"a {form} signature by RSA, whose certificate comes alone", RSA_ALONE, BOB,
                   ["--sign", "--signature", form, "--rsa-signature", "pkcs1"], [("smime-signed", {"signed": True, "digest": "sha256"})],
                   gpgsm=True)
    yield Case("compressed-signed", "compressed-data (RFC 3274) inside a signature", ALICE, BOB, ["--sign", "--compress"],
               [signature, ("smime-compressed", {})])
    yield Case("compressed-sealed", "compressed, signed and encrypted", ALICE, BOB,
               ["--sign", "--encrypt", "--compress", "--cipher", "aes-256-gcm"], [gcm, signature, ("smime-compressed", {})])
    yield Case("triple-wrapped", "signed, encrypted and signed again (RFC 2634, section 1.1)", ALICE, BOB,
               ["--sign", "--encrypt", "--triple-wrap", "--cipher", "aes-256-gcm"], [signature, gcm, signature])
    yield Case("smime-unprotected-headers-signed", "signed without header protection: the header outside is all there is", ALICE, BOB,
               ["--sign", "--protect-headers", "off"], [signature], policy="off")
    yield Case("smime-unprotected-headers", "signed and encrypted without header protection", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--protect-headers", "off"], [gcm, signature], policy="off")
    yield Case("smime-protected-headers-v1", "RFC 9788 with protected-headers=v1 beside hp, for readers of before", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--compat-protected-headers"], [gcm, signature])
    yield Case("smime-complex", "a legacy display element in both texts of a message with an attachment", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature], parts=COMPLEX)
    yield Case("smime-complex-signed", "text, HTML and an attachment, signed", ALICE, BOB, ["--sign"], [signature], parts=COMPLEX)
    for policy in ("shy", "no-confidentiality"):
        yield Case(f"smime-{policy}", f"RFC 9788 with the policy hcp_{policy.replace('-', '_')}", ALICE, BOB,
                   ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--protect-headers", policy], [gcm, signature], policy=policy)
    yield Case("smime-no-legacy-display", "a hidden subject without the legacy display element (RFC 9788, section 5.2)", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--no-legacy-display"], [gcm, signature], legacy_display=False)
    yield Case("smime-several", "two signers in one SignedData: RSA and ECDSA", SEVERAL, BOB, ["--sign"], [signature], signers=2)
    yield Case("smime-several-opaque", "two signers in one SignedData with the content inside", SEVERAL, BOB,
               ["--sign", "--signature", "opaque"], [signature], signers=2)
    yield Case("smime-several-sealed", "two signers, then encrypted", SEVERAL, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--no-encrypt-to-self"], [gcm, signature], signers=2)
    yield Case("smime-bcc", "two copies (RFC 9787, section 9.4.1): the Bcc recipient stands in neither's header", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm"], [gcm, signature], bcc=[P256])
    yield Case("pgp-signed", "PGP/MIME, multipart/signed (RFC 3156, section 5)", PGP_ALICE, PGP_BOB, ["--sign"],
               [("pgp-signed", {"signed": True})])
    yield Case("pgp-encrypted", "PGP/MIME, multipart/encrypted without a signature", PGP_ALICE, PGP_BOB,
               ["--encrypt", "--no-encrypt-to-self"], [pgp])
    for policy in ("baseline", "shy", "no-confidentiality"):
        yield Case(f"pgp-{policy}", f"PGP/MIME, signed and encrypted in one; RFC 9788 with hcp_{policy.replace('-', '_')}",
                   PGP_ALICE, PGP_BOB, ["--sign", "--encrypt", "--protect-headers", policy], [pgp_both], policy=policy)
    yield Case("pgp-no-legacy-display", "PGP/MIME with a hidden subject, without the legacy display element", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--no-legacy-display"], [pgp_both], legacy_display=False)
    yield Case("pgp-unprotected-headers-signed", "PGP/MIME signed without header protection", PGP_ALICE, PGP_BOB,
               ["--sign", "--protect-headers", "off"], [("pgp-signed", {"signed": True})], policy="off")
    yield Case("pgp-unprotected-headers", "PGP/MIME without header protection", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--protect-headers", "off"], [pgp_both], policy="off")
    yield Case("pgp-protected-headers-v1", "PGP/MIME with protected-headers=v1 beside hp, for readers of before", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--compat-protected-headers"], [pgp_both])
    yield Case("pgp-complex", "a legacy display element in both texts of a message with an attachment", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt"], [pgp_both], parts=COMPLEX)
    yield Case("pgp-hidden-recipients", "the key ids of the recipients are zero (RFC 4880, section 5.1)", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--hidden-recipients"], [pgp_both], facts={"recipients": ["0000000000000000"] * 2})
    yield Case("pgp-symmetric", "encrypted with a passphrase, for nobody's key", PGP_ALICE, PGP_BOB,
               ["--encrypt", "--symmetric", "--no-encrypt-to-self"], [pgp], facts={"decrypted_by": None}, passphrase="sesame open")
    yield Case("pgp-attached-key", "with the author's key, which nobody believes for that", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--attach-key"], [pgp_both], parts=[("text/plain", TEXT), ("application/pgp-keys", None)])
    yield Case("pgp-nested", "PGP/MIME, signed, then encrypted in a layer of its own (RFC 3156, section 6.1)", PGP_ALICE, PGP_BOB,
               ["--sign", "--encrypt", "--nested"], [pgp, ("pgp-signed", {"signed": True})])
    yield Case("pgp-several", "two signatures by two keys of the author, both made by gpg", PGP_SEVERAL, PGP_BOB, ["--sign"],
               [("pgp-signed", {"signed": True})],
               signers=2, trust=PGP_SEVERAL_TRUST)
    yield Case("pgp-bcc", "two copies: the Bcc recipient stands in neither's header", PGP_ALICE, PGP_BOB, ["--sign", "--encrypt"],
               [pgp_both], bcc=[PGP_CAROL])
    for name, first, writer, reader, layers, words in (
            ("smime", "gcm-signed", BOB, ALICE, [gcm, signature], ["--cipher", "aes-256-gcm"]),
            ("pgp", "pgp-baseline", PGP_BOB, PGP_ALICE, [pgp_both], [])):
        yield Case(f"{name}-reply", "an answer by no policy keeps hidden what was hidden (RFC 9788, section 6.1)", writer, reader,
                   ["--sign", "--encrypt", "--protect-headers", "no-confidentiality", *words], layers, answers=first, hidden=["Subject"], policy="no-confidentiality")
        yield Case(f"{name}-reply-shy", "an answer by the policy hcp_shy, with a legacy display element", writer, reader,
                   ["--sign", "--encrypt", "--protect-headers", "shy", *words], layers, answers=first, hidden=["From", "To", "Subject"], policy="shy")
        yield Case(f"{name}-reply-to-shy", "the names that were hidden stay hidden in the answer (RFC 9788, section 6.1)", writer, reader,
                   ["--sign", "--encrypt", "--protect-headers", "no-confidentiality", *words], layers, answers=f"{name}-shy",
                   hidden=["From", "To", "Subject"], policy="no-confidentiality")


# ---- Making the messages ----------------------------------------------------------------------------------------------

class Maker:
    def __init__(self, folder, keys, tool, scratch):
        self.folder, self.keys, self.tool, self.scratch = folder, keys, tool, scratch
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.at = (self.now + datetime.timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")
        self.environment = {"PATH": os.environ["PATH"], "HOME": scratch, "LANG": "C.UTF-8", "TMPDIR": scratch}
        self.openssl = "OpenSSL " + self.run("openssl", "version").stdout.decode().split()[1]
        self.gpg = "GnuPG " + self.run("gpg", "--version").stdout.decode().split("\n", 1)[0].split()[-1]
        self.gpgsm = "gpgsm " + self.run("gpgsm", "--version").stdout.decode().split("\n", 1)[0].split()[-1]
        for name, content in (("part.html", HTML.encode()), ("part.bin", FILE)):
            with open(os.path.join(scratch, name), "wb") as file:
                file.write(content)

    def run(self, *words, check=True, said=b"", **more):
        done = subprocess.run(words, input=said, capture_output=True, env=self.environment, check=False, timeout=60, **more)
        if check and done.returncode != 0:
            raise SystemExit(f"make_own: {' '.join(words)}\n{done.stderr.decode(errors='replace')}")
        return done

    def place(self, name):
        return os.path.join(RFC9216, name[1:]) if name.startswith("@") else os.path.join(self.keys, name)

    def seal(self, case):
        """The files of the case: one, or the copy of the named recipients and one a Bcc recipient."""
        words = [self.tool, "seal", "--no-config", "--from", case.writer.mailbox, "--subject", case.subject, "--text", TEXT, "--date",
                 self.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "--message-id", f"<{case.id}@own.example>", "--protocol", case.protocol,
                 *case.words]
        if case.parts == COMPLEX:
            words += ["--html-file", os.path.join(self.scratch, "part.html"), "--attach", os.path.join(self.scratch, "part.bin")]
        if case.passphrase:
            words += ["--passphrase-file", self.secret(case.passphrase)]
        if "--sign" in case.words:
            signing = case.writer.identities if case.protocol == "smime" else case.writer.identities[:1]
            words += [word for one in signing for word in ("--identity", self.place(one))]
        for option, people in (("--to", case.to), ("--bcc", case.bcc)):
            for one in people:
                words += [option, one.mailbox]
                if case.encrypted and not case.passphrase:
                    words += ["--recipient-key", self.place(one.certificate)]
        if case.encrypted and "--no-encrypt-to-self" not in case.words:
            words += ["--recipient-key", self.place(case.writer.certificate)]
        if case.answers:
            words += ["--in-reply-to", os.path.join(self.folder, case.answers + ".eml"), "--trust", self.place(case.reader.trust)]
        if case.writer.passphrase and "--sign" in case.words:
            words += ["--passphrase-file", self.secret(case.writer.passphrase)]
        target = os.path.join(self.folder, case.id + ".eml")
        if not case.bcc:
            self.run(*words, "-o", target)
            if case.signers > 1 and case.protocol == "pgp":
                self.add_signer(case, target)
            return [(case.id, case.reader)]
        copies = os.path.join(self.scratch, case.id)
        os.mkdir(copies)
        self.run(*words, "-o", copies)
        return self.tell_copies_apart(case, sorted(glob.glob(os.path.join(copies, "*"))))

    def secret(self, passphrase):
        """A new file that holds it."""
        descriptor, path = tempfile.mkstemp(dir=self.scratch)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(passphrase + "\n")
        return path

    def add_signer(self, case, path):
        """Of two keys of one algorithm mimeseal signs with one, so gpg makes both signatures."""
        message = read(path)
        with self.gpg_home([self.place(one) for one in case.writer.identities]) as (gpg, folder):
            content = os.path.join(folder, "content")
            with open(content, "wb") as file:
                file.write(self.parts_of(message)[0])
            users = [word for one in ("1", "2") for word in ("--local-user", self.fingerprint(f"several.{one}.pub.asc"))]
            made = self.run(*gpg, "--digest-algo", "SHA512", *users, "--armor", "--output", "-", "--detach-sign", content).stdout
        armour = re.compile(rb"-----BEGIN PGP SIGNATURE-----.*?-----END PGP SIGNATURE-----\r?\n", re.S)
        message = armour.sub(lambda _: re.sub(rb"\r?\n", b"\r\n", made[made.index(b"-----BEGIN"):]), message)
        with open(path, "wb") as file:
            file.write(message)

    def fingerprint(self, name):
        listed = self.run("gpg", "--homedir", self.scratch, "--batch", "--with-colons", "--show-keys", self.place(name)).stdout.decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    @contextlib.contextmanager
    def gpg_home(self, keys):
        """gpg with a keyring of its own, and a folder for its files."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            home = os.path.join(folder, "h")
            os.mkdir(home, 0o700)
            gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model",
                   "always", "--status-fd", "1")
            try:
                self.run(*gpg, "--import", *keys)
                yield gpg, folder
            finally:
                self.run("gpgconf", "--homedir", home, "--kill", "all", check=False)

    def tell_copies_apart(self, case, paths):
        """Which copy is whose: the file of a Bcc recipient's copy is named after the address."""
        if len(paths) != 1 + len(case.bcc):
            raise SystemExit(f"make_own: {case.id}: {len(paths)} copies for {len(case.bcc)} Bcc recipients")
        paths.sort(key=lambda path: case.bcc[0].address in path)
        found = []
        for path, reader, name in zip(paths, [case.reader, *case.bcc], [case.id + "-named", case.id + "-hidden"]):
            if case.bcc[0].address.encode() in open(path, "rb").read():
                raise SystemExit(f"make_own: {case.id}: {path} names the Bcc recipient")
            shutil.copyfile(path, os.path.join(self.folder, name + ".eml"))
            found.append((name, reader))
        return found

    def entry(self, case, name, reader):
        keys = {"protocol": case.protocol, "trust": [self.relative(one) for one in case.trust]}
        if case.passphrase:
            keys["passphrase"] = case.passphrase
        elif case.encrypted:
            keys["identities"] = [self.relative(one) for one in reader.identities]
            if reader.passphrase:
                keys["passphrase"] = reader.passphrase
        path = os.path.join(self.folder, name + ".eml")
        self.look_outside(case, path)
        entry = {"id": name, "comment": case.comment, "do": "open", "input": name + ".eml", "keys": keys, "at": self.at}
        if case.options:
            entry["options"] = case.options
        return {**entry, "verified_by": self.second_reader(case, path, reader), "expect": case.expectation()}

    def relative(self, name):
        return os.path.relpath(self.place(name), self.folder)

    def look_outside(self, case, path):
        """Python's email reads the header: what is to be hidden is not there."""
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        outside = {"Subject": str(message["Subject"]), "From": str(message["From"]), "To": str(message["To"])}
        inside = {"Subject": case.subject, "From": case.writer.mailbox, "To": ", ".join(one.mailbox for one in case.to)}
        hidden = [field for field in outside if outside[field] != inside[field]]
        if sorted(hidden) != sorted(case.confidential) or message["Bcc"]:
            raise SystemExit(f"make_own: {case.id}: outside {outside} hides {hidden}, not {case.confidential}")
        # What the policy hides itself is as the policy has it, the rest as the header of the message that is answered had it.
        if "Subject" in hidden and outside["Subject"] != ("Re: [...]" if case.policy == "no-confidentiality" else "[...]"):
            raise SystemExit(f"make_own: {case.id}: the subject outside is {outside['Subject']}")

    # ---- Second readers

    def second_reader(self, case, path, reader):
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            reading = self.read_pgp if case.protocol == "pgp" else self.read_smime
            found = [reading(case, path, reader, folder)]
            if case.gpgsm:
                found.append(self.read_gpgsm(case, path, reader, folder))
            for content, around, _ in found:
                self.look_inside(case, content, around)
            return sorted({name for _, _, names in found for name in names})

    @staticmethod
    def look_inside(case, content, around):
        """The parts, and the protected subject: compression is no protection, so that stands on the part around it."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        around = email.message_from_bytes(around, policy=email.policy.default)
        leaves = [part for part in message.walk() if not part.is_multipart()]

        def must(holds, what):
            if not holds:
                raise SystemExit(f"make_own: {case.id}: the second reader found {what}")
        must(around["Subject"] is None if case.policy == "off" else str(around["Subject"]) == case.subject, "another subject")
        must([leaf.get_content_type() for leaf in leaves] == [kind for kind, _ in case.parts], "other parts")
        for leaf, (kind, wanted) in zip(leaves, case.parts):
            if kind.startswith("text/"):
                must(wanted.strip() in leaf.get_content().replace("\r\n", "\n"), "another text")
            elif wanted is not None:
                must(leaf.get_content() == wanted, "another attachment")
        version = around.get_param("protected-headers")
        must(version == ("v1" if "--compat-protected-headers" in case.words else None), f"protected-headers={version}")

    def read_smime(self, case, path, reader, folder):
        """Layer by layer, by openssl or by own_reader; the names of those that read it."""
        names = []
        for depth, (kind, _) in enumerate(case.layers):
            made = os.path.join(folder, str(depth))
            if "enveloped" in kind:
                words = ["-decrypt", "-inkey", self.place(reader.key), "-recip", self.place(reader.certificate)]
            elif kind == "smime-signed":
                trust = os.path.join(folder, "trust.pem")
                with open(trust, "wb") as file:
                    file.writelines(read(self.place(one)) for one in case.trust)
                words = ["-verify", "-CAfile", trust]
            else:
                words = ["-uncompress"]
            done = self.run("openssl", "cms", *words, "-in", path, "-out", made, check=False)
            if done.returncode == 0:
                names.append(self.openssl)
            else:
                self.must_be_a_limit(case, done)
                with open(made, "wb") as file:
                    file.write(self.read_ourselves(case, kind, read(path), reader))
                names.append(PYTHON_READER)
            above, path = path, made
        return read(path), read(above if kind == "smime-compressed" else path), sorted(set(names))

    def read_gpgsm(self, case, path, reader, folder):
        """Layer by layer, by gpgsm with a keyring of its own that trusts the case's CA."""
        home = os.path.join(folder, "g")
        os.mkdir(home, 0o700)
        for name, content in (("gpgsm.conf", "disable-crl-checks\ndisable-policy-checks\n"), ("gpg-agent.conf", "allow-loopback-pinentry\n")):
            with open(os.path.join(home, name), "w", encoding="ascii") as file:
                file.write(content)
        with open(os.path.join(home, "trustlist.txt"), "w", encoding="ascii") as file:
            for one in case.trust:
                print_ = self.run("openssl", "x509", "-in", self.place(one), "-noout", "-fingerprint", "-sha1").stdout.decode()
                file.write(print_.strip().partition("=")[2] + " S relax\n")
        gpgsm = ("gpgsm", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--status-fd", "1", "--yes")
        try:
            # gpgsm 2.2 stumbles over a recipient whose certificate it does not have.
            self.run(*gpgsm, "--import", *(self.place(one) for one in (*case.trust, case.writer.certificate) if one))
            if case.encrypted:
                bag = os.path.join(folder, "bag.p12")
                self.run("openssl", "pkcs12", "-export", "-legacy", "-in", self.place(reader.certificate), "-inkey", self.place(reader.key),
                         "-passout", "pass:secret", "-out", bag)
                self.run(*gpgsm, "--import", bag, said=b"secret\n")
            content = read(path)
            for kind, _ in case.layers:
                content = self.peel_gpgsm(gpgsm, kind, content, folder)
        finally:
            self.run("gpgconf", "--homedir", home, "--kill", "all", check=False)
        return content, content, [self.gpgsm]

    def peel_gpgsm(self, gpgsm, kind, content, folder):
        made, object_, signed = (os.path.join(folder, name) for name in ("sm.out", "sm.der", "sm.in"))
        entity = email.message_from_bytes(content)
        parts = self.parts_of(content) if entity.is_multipart() else []
        with open(object_, "wb") as file:
            file.write((entity.get_payload()[1] if parts else entity).get_payload(decode=True))
        if kind == "smime-enveloped":
            # Its exit code is another one when a further recipient's key is not there.
            done = self.run(*gpgsm, "--output", made, "--decrypt", object_, said=b"secret\n", check=False)
            if b"DECRYPTION_OKAY" not in done.stdout:
                raise SystemExit(f"make_own: gpgsm: {done.stderr.decode(errors='replace')}")
            return read(made)
        if parts:
            with open(signed, "wb") as file:
                file.write(parts[0])
            said = self.run(*gpgsm, "--verify", object_, signed).stdout.decode()
        else:
            said = self.run(*gpgsm, "--output", made, "--verify", object_).stdout.decode()
        if "GOODSIG" not in said or "TRUST_FULLY" not in said:
            raise SystemExit(f"make_own: gpgsm: {said}")
        return parts[0] if parts else read(made)

    def read_ourselves(self, case, kind, message, reader):
        if kind == "smime-compressed":
            return own_reader.uncompress(message)
        if kind == "smime-signed":
            detached = self.parts_of(message)[0] if b"multipart/signed" in message.partition(b"\r\n\r\n")[0] else None
            return own_reader.verify(message, detached, read(self.place(case.writer.signs_by)))
        return own_reader.decrypt(message, read(self.place(reader.certificate)), read(self.place(reader.key)))

    #: What openssl 3.0 as Debian builds it says of kinds it does not know; anything else is a fault of the message.
    LIMITS = ("unsupported compression algorithm", "no matching recipient", "invalid digest", "unknown digest algorithm")

    def must_be_a_limit(self, case, done):
        said = done.stderr.decode(errors="replace")
        curve = re.search(r"x448|x25519|ed448|ed25519", case.id)
        if not ("smime-compressed" in case.kinds or curve) or not any(limit in said for limit in self.LIMITS):
            raise SystemExit(f"make_own: {case.id}: openssl: {said}")

    def read_pgp(self, case, path, reader, _):
        with open(path, "rb") as file:
            content = file.read()
        keys = [self.place(one) for one in case.trust] + ([self.place(reader.key)] if case.encrypted and not case.passphrase else [])
        with self.gpg_home(keys) as (gpg, folder):
            for kind, facts in case.layers:
                if case.passphrase:
                    gpg = ["--passphrase-fd=0" if word == "--passphrase" else word for word in gpg if word]
                content, said = self.peel_pgp(gpg, kind, content, folder, (case.passphrase or "").encode())
                if "--hidden-recipients" in case.words and re.search(r"ENC_TO (?!0{16} )", said):
                    raise SystemExit(f"make_own: {case.id}: gpg sees a key id: {said}")
                if said.count("GOODSIG ") != (case.signers if facts.get("signed") else 0) or "BADSIG" in said:
                    raise SystemExit(f"make_own: {case.id}: gpg: {said}")
        return content, content, [self.gpg]

    @staticmethod
    def parts_of(content):
        """The octets of a multipart's parts."""
        boundary = re.escape(email.message_from_bytes(content).get_boundary().encode())
        body = b"\r\n" + content.partition(b"\r\n\r\n")[2] + b"\r\n"
        return re.split(rb"\r?\n--" + boundary + rb"(?:--)?[ \t]*\r?\n", body)[1:]

    def peel_pgp(self, gpg, kind, content, folder, passphrase=b""):
        parts = self.parts_of(content)
        armour, made = os.path.join(folder, "armour"), os.path.join(folder, "content")
        with open(armour, "wb") as file:
            file.write(parts[1].partition(b"\r\n\r\n")[2])
        if kind == "pgp-signed":
            with open(made, "wb") as file:
                file.write(parts[0])
            return parts[0], self.run(*gpg, "--verify", armour, made).stdout.decode()
        done = self.run(*gpg, "--yes", "--output", made, "--decrypt", armour, said=passphrase)
        with open(made, "rb") as file:
            return file.read(), done.stdout.decode()


README = """# Own vectors

Sealed messages of kinds that nobody else publishes, made by `tests/vectors/make_own.py` with mimeseal and the keys in `keys`. What each
is to show stands in `manifest.json`; its expectations are the recipe's intent. `verified_by` names the programs that
read the message too: openssl, gpg, gpgsm; or `own_reader.py`, written from the RFCs, for layers that openssl of Debian 12 cannot read. Licence: MIT, as mimeseal.
"""


def main():
    arguments = argparse.ArgumentParser(description="makes the own vectors")
    arguments.add_argument("folder")
    arguments.add_argument("--tool", default=os.path.join(ROOT, "build", "dev", "bin", "mimeseal"))
    arguments.add_argument("--keys", help="where the keys are; OUTDIR/keys unless given")
    arguments.add_argument("--jobs", type=int, default=4)
    given = arguments.parse_args()
    folder = os.path.abspath(given.folder)
    keys = os.path.abspath(given.keys or os.path.join(folder, "keys"))
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(keys):
        own_keys.make_keys(keys)
    scratch = tempfile.mkdtemp(prefix="ms-", dir="/tmp")
    try:
        maker = Maker(folder, keys, os.path.abspath(given.tool), scratch)
        def work(case):
            return [maker.entry(case, *copy) for copy in maker.seal(case)]
        cases = list(recipe())
        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            made = list(pool.map(work, [case for case in cases if not case.answers]))
            made += list(pool.map(work, [case for case in cases if case.answers]))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    entries = [entry for group in made for entry in group]
    manifest = {"format": 1, "name": "own vectors", "description": "What nobody else publishes, made by tests/vectors/make_own.py",
                "source": "mimeseal", "licence": "MIT", "cases": entries}
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
        file.write(README)
    print(f"{len(entries)} cases, each read by a second program")


if __name__ == "__main__":
    main()
