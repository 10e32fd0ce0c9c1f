#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the own vectors: sealed messages and the manifest that says what a reader must find in them.

    make_own.py OUTDIR [--tool PATH] [--keys DIR] [--jobs N]

The expectations come from what was asked for (RECIPE below), never from what mimeseal answers. Each message is also read by a second
program where one can (openssl, gpg); only when it found the text and a good signature does `verified_by` name it.
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
import json
import os
import re
import shutil
import subprocess
import tempfile

import own_keys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RFC9216 = os.path.join(ROOT, "testdata", "ietf-rfc9216")
SUBJECT, TEXT = "Grüße aus Bielefeld", "Das steht nur drinnen: αβγ.\nZweite Zeile.\n"
GCM = ("aes-128-gcm", "aes-192-gcm", "aes-256-gcm")


class Person:
    """Who signs with and is read by which keys. PATHS begin with @ for RFC 9216's keys, else they are own ones."""

    def __init__(self, address, identity, trust, certificate, key, passphrase=None, more=()):
        self.address, self.identities, self.trust, self.passphrase = address, [identity, *more], trust, passphrase
        self.certificate, self.key = certificate, key

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
        if not self.encrypted:
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
        state = {(True, True): "confidential", (True, False): "encrypted-unverified", (False, True): "verified"}
        shown = self.encrypted and self.legacy_display and "Subject" in self.confidential
        part = {"path": "1" + ".1" * len(layers), "type": "text/plain", "encrypted": self.encrypted, "signed": self.signed,
                "legacy_display": shown}
        return {"summary": {"state": state[self.encrypted, self.signed], "encrypted": self.encrypted,
                            "signed": "good" if self.signed else "none"},
                "headers": {"subject": self.subject, "from": [mailbox(self.writer)], "to": [mailbox(one) for one in self.to],
                            "message_id": f"<{self.id}@own.example>", "protection": "cipher" if self.encrypted else "clear",
                            "confidential": self.confidential, "mismatch": []},
                "layers": layers, "parts": [part], "released": True, "problems": []}


def mailbox(person):
    return {"name": person.address.split("@")[0].capitalize(), "address": person.address}


def recipe():
    """Every case. Those that answer another one come after it."""
    gcm = ("smime-auth-enveloped", {"cipher": "aes-256-gcm"})
    signature, pgp = ("smime-signed", {"signed": True}), ("pgp-encrypted", {})
    pgp_both = ("pgp-encrypted", {"signed": True})
    for kind, reader in (("rsa-oaep", BOB), ("p256", P256), ("p384", P384), ("p521", P521), ("x25519", DANA), ("x448", CURVE448)):
        for cipher in GCM:
            yield Case(f"{kind}-{cipher}", f"AuthEnvelopedData (RFC 5083), {cipher}, for a key of kind {kind}; not signed", ALICE, reader,
                       ["--encrypt", "--cipher", cipher, "--no-encrypt-to-self"], [("smime-auth-enveloped", {"cipher": cipher})])
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
                       [("smime-signed", facts)])
    yield Case("compressed-signed", "compressed-data (RFC 3274) inside a signature", ALICE, BOB, ["--sign", "--compress"],
               [signature, ("smime-compressed", {})])
    yield Case("compressed-sealed", "compressed, signed and encrypted", ALICE, BOB,
               ["--sign", "--encrypt", "--compress", "--cipher", "aes-256-gcm"], [gcm, signature, ("smime-compressed", {})])
    yield Case("triple-wrapped", "signed, encrypted and signed again (RFC 2634, section 1.1)", ALICE, BOB,
               ["--sign", "--encrypt", "--triple-wrap", "--cipher", "aes-256-gcm"], [signature, gcm, signature])
    for policy in ("shy", "no-confidentiality"):
        yield Case(f"smime-{policy}", f"RFC 9788 with the policy hcp_{policy.replace('-', '_')}", ALICE, BOB,
                   ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--protect-headers", policy], [gcm, signature], policy=policy)
    yield Case("smime-no-legacy-display", "a hidden subject without the legacy display element (RFC 9788, section 5.2)", ALICE, BOB,
               ["--sign", "--encrypt", "--cipher", "aes-256-gcm", "--no-legacy-display"], [gcm, signature], legacy_display=False)
    yield Case("smime-several", "two signers in one SignedData: RSA, and ECDSA that openssl added", SEVERAL, BOB, ["--sign"],
               [signature], signers=2, trust=("ca.crt",))
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
                   ["--sign", "--encrypt", "--protect-headers", "no-confidentiality", *words], layers, answers=first, hidden=["Subject"])


# ---- Making the messages ----------------------------------------------------------------------------------------------

class Maker:
    def __init__(self, folder, keys, tool, scratch):
        self.folder, self.keys, self.tool, self.scratch = folder, keys, tool, scratch
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.at = (self.now + datetime.timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")
        self.environment = {"PATH": os.environ["PATH"], "HOME": scratch, "LANG": "C.UTF-8", "TMPDIR": scratch}
        self.openssl = "OpenSSL " + self.run("openssl", "version").stdout.decode().split()[1]
        self.gpg = "GnuPG " + self.run("gpg", "--version").stdout.decode().split("\n", 1)[0].split()[-1]

    def run(self, *words, check=True, **more):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, env=self.environment, check=False, timeout=60, **more)
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
        if "--sign" in case.words:
            words += ["--identity", self.place(case.writer.identities[0])]
        for option, people in (("--to", case.to), ("--bcc", case.bcc)):
            for one in people:
                words += [option, one.mailbox]
                if case.encrypted:
                    words += ["--recipient-key", self.place(one.certificate)]
        if case.encrypted and "--no-encrypt-to-self" not in case.words:
            words += ["--recipient-key", self.place(case.writer.certificate)]
        if case.answers:
            words += ["--in-reply-to", os.path.join(self.folder, case.answers + ".eml"), "--trust", self.place(case.reader.trust)]
        if case.writer.passphrase and "--sign" in case.words:
            secret = os.path.join(self.scratch, case.writer.passphrase + ".pass")
            words += ["--passphrase-file", secret]
        target = os.path.join(self.folder, case.id + ".eml")
        if not case.bcc:
            self.run(*words, "-o", target)
            if case.signers > 1:
                self.add_signer(case, target)
            return [(case.id, case.reader)]
        copies = os.path.join(self.scratch, case.id)
        os.mkdir(copies)
        self.run(*words, "-o", copies)
        return self.tell_copies_apart(case, sorted(glob.glob(os.path.join(copies, "*"))))

    def add_signer(self, case, path):
        """mimeseal signs with one key, so another program adds the second signature."""
        with open(path, "rb") as file:
            message = file.read()
        if case.protocol == "smime":
            made = os.path.join(self.scratch, case.id)
            self.run("openssl", "cms", "-resign", "-crlfeol", "-in", path, "-signer", self.place(case.writer.identities[1]), "-out", made)
            kept = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
            first = next(i for i, line in enumerate(kept) if line.lower().startswith(b"mime-version:"))
            with open(made, "rb") as file:
                message = b"\r\n".join(kept[:first]) + b"\r\n" + re.sub(rb"\r?\n", b"\r\n", file.read())
        else:
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
        if case.encrypted:
            keys["identities"] = [self.relative(one) for one in reader.identities]
            if reader.passphrase:
                keys["passphrase"] = reader.passphrase
        path = os.path.join(self.folder, name + ".eml")
        self.look_outside(case, path)
        entry = {"id": name, "comment": case.comment, "do": "open", "input": name + ".eml", "keys": keys, "at": self.at}
        seen = self.second_reader(case, path, reader)
        if seen:
            entry["verified_by"] = seen
        return {**entry, "expect": case.expectation()}

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
        if "Subject" in hidden and outside["Subject"] != ("Re: [...]" if case.answers else "[...]"):
            raise SystemExit(f"make_own: {case.id}: the subject outside is {outside['Subject']}")

    # ---- Second readers

    def second_reader(self, case, path, reader):
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            read = self.read_pgp if case.protocol == "pgp" else self.read_smime
            content = read(case, path, reader, folder)
            if content is None:
                return []
            if not self.holds_text(case, content):
                raise SystemExit(f"make_own: {case.id}: the second reader found another text")
            return [self.gpg if case.protocol == "pgp" else self.openssl]

    @staticmethod
    def holds_text(case, content):
        message = email.message_from_bytes(content, policy=email.policy.default)
        return str(message["Subject"]) == case.subject and TEXT.strip() in message.get_content().replace("\r\n", "\n")

    def read_smime(self, case, path, reader, folder):
        """Layer by layer; None when this openssl cannot read one of them."""
        for depth, (kind, _) in enumerate(case.layers):
            made = os.path.join(folder, str(depth))
            if "enveloped" in kind:
                words = ["-decrypt", "-inkey", self.place(reader.key), "-recip", self.place(reader.certificate)]
            elif kind == "smime-signed":
                trust = os.path.join(folder, "trust.pem")
                with open(trust, "wb") as file:
                    file.writelines(open(self.place(one), "rb").read() for one in case.trust)
                words = ["-verify", "-CAfile", trust]
            else:
                words = ["-uncompress"]
            done = self.run("openssl", "cms", *words, "-in", path, "-out", made, check=False)
            if done.returncode != 0:
                self.must_be_a_limit(case, done)
                return None
            path = made
        with open(path, "rb") as file:
            return file.read()

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
        keys = [self.place(one) for one in case.trust] + ([self.place(reader.key)] if case.encrypted else [])
        with self.gpg_home(keys) as (gpg, folder):
            for kind, facts in case.layers:
                content, said = self.peel_pgp(gpg, kind, content, folder)
                if said.count("GOODSIG ") != (case.signers if facts.get("signed") else 0) or "BADSIG" in said:
                    raise SystemExit(f"make_own: {case.id}: gpg: {said}")
        return content

    @staticmethod
    def parts_of(content):
        """The octets of a multipart's parts."""
        boundary = re.escape(email.message_from_bytes(content).get_boundary().encode())
        body = b"\r\n" + content.partition(b"\r\n\r\n")[2] + b"\r\n"
        return re.split(rb"\r?\n--" + boundary + rb"(?:--)?[ \t]*\r?\n", body)[1:]

    def peel_pgp(self, gpg, kind, content, folder):
        parts = self.parts_of(content)
        armour, made = os.path.join(folder, "armour"), os.path.join(folder, "content")
        with open(armour, "wb") as file:
            file.write(parts[1].partition(b"\r\n\r\n")[2])
        if kind == "pgp-signed":
            with open(made, "wb") as file:
                file.write(parts[0])
            return parts[0], self.run(*gpg, "--verify", armour, made).stdout.decode()
        done = self.run(*gpg, "--yes", "--output", made, "--decrypt", armour)
        with open(made, "rb") as file:
            return file.read(), done.stdout.decode()


README = """# Own vectors

Sealed messages of kinds that nobody else publishes, made by `tests/vectors/make_own.py` with mimeseal and the keys in `keys`. What each
is to show stands in `manifest.json`; its expectations are the recipe's intent. `verified_by` names the program that read
the message too: where it is missing, neither openssl nor gpg of Debian 12 can read that kind. Licence: MIT, as mimeseal.
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
        for name in ("alice", "bob", "carlos", "dana"):
            with open(os.path.join(scratch, name + ".pass"), "w", encoding="ascii") as file:
                file.write(name + "\n")

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
    print(f"{len(entries)} cases, {sum('verified_by' in entry for entry in entries)} of them read by a second program")


if __name__ == "__main__":
    main()
