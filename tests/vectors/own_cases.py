# SPDX-License-Identifier: MIT
"""The own vectors: what each message asks for, and what a reader must then find in it."""
import hashlib
import os

import own_keys

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
