#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes testdata/*/manifest.json for the sets that other people made.

    make_manifests.py FACTS.json

FACTS.json is the list of facts that came with the vectors: for each file what openssl, gpg and the RFCs say of it. The expectations
are made of these facts alone, never of what mimeseal answers. The manifests are committed; this recipe stands beside
them so that a reader can see where each expectation comes from.
"""
import base64
import hashlib
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "testdata")
SMIME_LEGACY = ("des-ede3-cbc", "rc2-cbc", "des-cbc")


# ---- What the tools said, as a tree ------------------------------------------------------------------------------

class Node:
    def __init__(self, name, said, children):
        self.name, self.said, self.children = name, said, children


def parse(text):
    """`pgpenc[rc0:…]{mixed(text/plain image/png)}`: a name, what a tool said, and what is inside."""
    position = 0

    def node():
        nonlocal position
        start = position
        while position < len(text) and text[position] not in "[]{}() ":
            position += 1
        name, said, children = text[start:position], "", []
        if position < len(text) and text[position] == "[":
            depth, start = 0, position + 1
            while True:
                depth += {"[": 1, "]": -1}.get(text[position], 0)
                position += 1
                if depth == 0:
                    break
            said = text[start:position - 1]
        if position < len(text) and text[position] in "{(":
            end = {"{": "}", "(": ")"}[text[position]]
            position += 1
            while position < len(text) and text[position] != end:
                if text[position] == " ":
                    position += 1
                else:
                    children.append(node())
            position += 1
        return Node(name, said, children)
    return node()


def signer(said):
    """The integrity of a signature, as gpg or openssl judged it."""
    if "GOODSIG" in said or "EXPKEYSIG" in said or "sig:OK" in said:
        return {"integrity": "good"}
    if "BADSIG" in said:
        return {"integrity": "bad", "verdict": "bad"}
    if "ERRSIG" in said:
        return {"integrity": "no-key", "verdict": "unverified"}
    return None


def layer_of(node):
    """The layer's facts, or None for what is no cryptographic layer."""
    if node.name == "pgpenc":
        layer = {"type": "pgp-encrypted", "result": "good", "authenticated": True}
        made = signer(node.said)
        layer["signers"] = [made] if made else []
        return layer
    if node.name == "pgpsigned":
        return {"type": "pgp-signed", "signers": [signer(node.said)]}
    if node.name in ("signedData", "mpsigned"):
        made = signer(node.said)
        return {"type": "smime-signed", "signers": [made]} if made else {"type": "smime-signed"}
    if node.name == "envelopedData":
        return {"type": "smime-enveloped", "result": "unauthenticated", "authenticated": False, "cipher": node.said.split()[0]}
    return None


def layers_of(root):
    """All layers with their paths. What a layer holds goes one level down; a layer inside a multipart is errant."""
    found = []

    def walk(node, path, errant):
        layer = layer_of(node)
        if layer:
            found.append({"path": path, "errant": errant, **layer})
            for child in node.children:
                walk(child, path + ".1", errant)
            return
        inside = [path + ".1"] if node.name == "rfc822" else [f"{path}.{n}" for n in range(1, len(node.children) + 1)]
        for child, below in zip(node.children, inside):
            walk(child, below, True)
    walk(root, "1", False)
    return found


# ---- The sets ----------------------------------------------------------------------------------------------------

def write(folder, name, source, licence, description, cases):
    manifest = {"format": 1, "name": name, "description": description, "source": source, "licence": licence, "cases": cases}
    with open(os.path.join(DATA, folder, "manifest.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    print(f"{folder}: {len(cases)} cases")


def pairs(fields):
    return [{"name": name, "value": value} for name, value in fields]


def rfc9788(facts):
    cases = []
    for fact in facts:
        name = os.path.basename(fact["path"])
        protection = {"none": "none", "RFC 9788 hp=clear": "clear", "RFC 9788 hp=cipher": "cipher"}.get(fact["header_protection"])
        expect = {"payload": os.path.basename(fact["payload"]), "released": True, "headers": {
            "outer": [{"name": one, "value": value} for one, value in fact["outer_headers"] if one.lower() not in STRUCTURAL],
            "hp_outer": pairs(line.split(": ", 1) for line in fact["hp_outer"]),
            "confidential": fact["confidential_headers"]}}
        if protection:
            expect["headers"]["protection"] = protection
        layers = layers_of(parse(fact["tool_result"]))
        encrypted = any(layer["type"] == "smime-enveloped" for layer in layers)
        signed = any(layer["type"] == "smime-signed" for layer in layers)
        for layer in layers:
            if layer["type"] == "smime-signed":
                layer["result"] = "good"
                layer["signers"] = [{"verdict": "good", "trust": "trusted", "validity": "valid", "from": "match"}]
        expect["layers"] = layers
        expect["summary"] = {"encrypted": encrypted, "signed": "good" if signed else "none",
                             "state": "confidential" if encrypted and signed else "verified" if signed else "unprotected"}
        case = {"id": name.removesuffix(".eml"), "comment": f"{fact['note']} (RFC 9788, {fact['rfc_section']})",
                "do": "header-protection", "input": name,
                "keys": {"identities": ["../ietf-rfc9216/bob.p12"], "passphrase": "bob", "trust": ["../ietf-rfc9216/ca.rsa.crt"]},
                "at": "2026-01-01T00:00:00Z", "expect": expect}
        cases.append(case)
    write("ietf-rfc9788", "RFC 9788 samples", "RFC 9788, appendix C", "IETF Trust (code components: Revised BSD)",
          "Header protection in S/MIME messages, opened by Bob of RFC 9216", cases)


STRUCTURAL = ("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-description", "content-id")


def thunderbird(facts):
    cases = []
    for fact in facts:
        name = fact["path"].split("/", 1)[1]
        said = dict(word.split("=") for word in re.findall(r"\w+=\w+", fact["expect"]))
        encrypted, signed, good = (said[key] == "true" for key in ("enc", "sig", "sig_good"))
        layers = layers_of(parse(fact["tool_result"]))
        encrypted = any(layer["type"] == "smime-enveloped" for layer in layers) or encrypted
        state = {(True, True): "confidential", (True, False): "encrypted-unverified",
                 (False, True): "verified", (False, False): "unprotected"}[(encrypted, good)]
        expect = {"summary": {"encrypted": encrypted, "state": state}}
        if not signed:
            expect["summary"]["signed"] = "none"
        elif good:
            expect["summary"]["signed"] = "good"
        elif "SHA1" in name:
            expect["summary"]["signed"] = "unverified"
            expect["layers"] = [{"signers": [{"algorithm": "weak", "integrity": "good", "verdict": "unverified"}]}]
        else:
            expect["summary"]["signed"] = "bad"
            expect["layers"] = [{"result": "bad"}]
        case = {"id": os.path.basename(name).removesuffix(".eml"), "do": "open", "input": name,
                "keys": {"identities": ["keys/Bob.p12"], "passphrase": "nss", "trust": ["keys/TestCA.pem"]},
                "at": "2026-03-31T23:33:20Z", "expect": expect}
        if "env.sig" in name:
            case["result"] = "acceptable"
            case["reason"] = ("signatures outside the encryption of a cipher without integrity: Thunderbird shows the signature's state, "
                              "and whether the decrypted content counts as signed is left open")
            case["comment"] = "alice's signature is of another From than the outermost one"
        cases.append(case)
    write("thunderbird-smime", "Thunderbird S/MIME", "releases-comm-central@cf9726f mailnews/test/data/smime", "MPL-2.0",
          "Thunderbird's own test messages and its verdicts", cases)


def kde(facts):
    cases = []
    for fact in facts:
        name = fact["path"].split("/", 1)[1]
        tree = parse(fact["tool_result"].replace(":unparsed(asn1_d2i_read_bio)", ""))
        layers = [layer for layer in layers_of(tree)]
        # gpg's engine at a time long before the OpenPGP keys were made says nothing: integrity does not depend on it.
        case = {"id": os.path.basename(name).removesuffix(".mbox"), "do": "open", "input": name, "at": "2011-03-13T07:06:40Z",
                "keys": {"identities": ["keys/openpgp-secret.asc", "keys/smime.pem"],
                         "trust": ["keys/smime-all-certs.pem", "keys/openpgp-secret.asc"]}, "expect": {}}
        if any(layer.get("cipher") in SMIME_LEGACY for layer in layers):
            case["options"] = {"allow_legacy": True}
        expect = case["expect"]
        if "unparsed" in fact["tool_result"]:
            expect["problems_include"] = ["bad-cms"]  # "asdf…": no CMS at all
            expect["summary"] = {"state": "unprotected", "encrypted": False, "signed": "none"}
        elif layers:
            expect["layers"] = layers
        else:
            expect["layers"] = []
            expect["summary"] = {"state": "unprotected", "encrypted": False, "signed": "none"}
            expect["released"] = True
        if "inlineenc" in fact["tool_result"] or "inlinesig" in fact["tool_result"]:
            expect["problems_include"] = ["inline-pgp"]
            if "application/octet-stream:inline" in fact["tool_result"]:
                expect.pop("problems_include")  # armour in an attachment is a file, not text
        if "applemail" in name:
            case["result"], case["reason"] = "acceptable", ("PGP/MIME that a server turned into multipart/mixed: RFC 3156 knows no such "
                                                           "form, and a reader may recognise it as an errant layer or leave it alone")
        if "smime-signed-charset" in name:
            expect["layers"] = [{"path": "1", "type": "smime-signed", "result": "unverified",
                                 "signers": [{"integrity": "no-key", "verdict": "unverified"}]}]
        cases.append(case)
    write("kde", "KDE mimetreeparser", "KDE/mimetreeparser@d0c2147 autotests/testdata; keys: kf5-messagelib 22.12.3", "CC0-1.0",
          "Real-world mail, well- and ill-formed, with OpenPGP and S/MIME", cases)


def bc_mail(facts):
    cases = []
    times = {"qp-soft-break": "@1184673600", "validator.expired": "@1157101715", "validator.noEmail": "@1156777376",
             "validator.validMail": "@1157362574"}
    verdicts = {"qp-soft-break": {"integrity": "good"},
                "validator.expired": {"integrity": "good", "validity": "expired", "verdict": "unverified"},
                "validator.noEmail": {"integrity": "good", "from": "mismatch", "verdict": "unverified"},
                "validator.validMail": {"integrity": "good", "trust": "trusted", "validity": "valid", "from": "match"}}
    for fact in facts:
        name = os.path.basename(fact["path"])
        stem = name.removesuffix(".eml")
        cases.append({"id": stem, "comment": fact["expect"], "do": "open", "input": name, "at": times[stem],
                      "keys": {"trust": ["validator.root.crt"]},
                      "expect": {"layers": [{"path": "1", "type": "smime-signed", "errant": False, "signers": [verdicts[stem]]}]}})
    write("bc-mail", "Bouncy Castle mail", "bcgit/bc-java@1a269ca mail/src/test/resources", "Bouncy Castle (MIT)",
          "S/MIME signatures with and without an address, in time and expired", cases)


def as_mail(folder, name, octets, smime_type):
    """A CMS object as the body of a message, so that it can be opened: made here, the octets unchanged."""
    os.makedirs(os.path.join(DATA, folder, "mail"), exist_ok=True)
    path = os.path.join("mail", name + ".eml")
    head = ("From: vector@example.org\r\nTo: reader@example.org\r\nSubject: " + name + "\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: application/pkcs7-mime; smime-type={smime_type}; name=smime.p7m\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n")
    body = base64.encodebytes(octets).decode().replace("\n", "\r\n")
    with open(os.path.join(DATA, folder, path), "wb") as file:
        file.write((head + body).encode())
    return path


def octets_of(folder, name):
    with open(os.path.join(DATA, folder, name), "rb") as file:
        return file.read()


def cms(case_id, folder, file, smime_type, expect, **more):
    return {"id": case_id, "do": "open", "input": as_mail(folder, case_id, octets_of(folder, file), smime_type), "expect": expect, **more}


def cms_sets():
    enveloped = {"path": "1", "type": "smime-enveloped", "result": "unauthenticated", "authenticated": False}
    release = {"allow_unauthenticated": True}
    cases = [cms("compressedData", "bouncycastle-cms", "compressedData.der", "compressed-data",
                 {"layers": [{"path": "1", "type": "smime-compressed", "result": "good"}], "payload": "compressedData.expected.bin",
                  "summary": {"state": "unprotected", "encrypted": False, "signed": "none"}},
                 comment="zlib inside CMS: compression is no protection")]
    write("bouncycastle-cms", "Bouncy Castle CMS", "bcgit/bc-java@1a269ca pkix/src/test/java (string literals decoded)",
          "Bouncy Castle (MIT)", "CMS objects wrapped as mail. Those whose key has no certificate are tested in unit tests", cases)
    fran = {"identities": ["Fran.p12", "Fran-ec.p12"], "passphrase": "nss"}
    cases = []
    for name in sorted(os.listdir(os.path.join(DATA, "nss-interop"))):
        if name.endswith(".env"):
            cases.append(nss_case(name, fran, enveloped, release))
    write("nss-interop", "NSS interop", "nss-dev/nss@9d75dfd tests/smime/interop-openssl", "MPL-2.0",
          "Enveloped by OpenSSL for NSS: RSA-OAEP in its variants, ECDH", cases)
    cases = [cms(name, "openssl", f"80-test_cms_data/{name}.cms", "signed-data",
                 {"layers": [{"path": "1", "type": "smime-signed", "signers": [{"integrity": "bad", "verdict": "bad"}]}],
                  "summary": {"state": "unprotected", "signed": "bad", "encrypted": False}},
                 comment=f"a signed attribute is missing: {what}", keys={"trust": ["smime-certs/smroot.pem"]}, at="2022-12-01T00:00:00Z")
             for name, what in (("no_ct_attr", "contentType"), ("no_md_attr", "messageDigest"))]
    cases.append({"id": "ciphertext_from_1_1_1", "do": "open", "input": "80-test_cms_data/ciphertext_from_1_1_1.cms",
                  "comment": "two ECDH recipients, made by OpenSSL 1.1.1", "keys": {"identities": ["smime-certs/smec3.pem"]},
                  "options": {**release, "allow_legacy": True}, "at": "2022-12-01T00:00:00Z",
                  "expect": {"layers": [enveloped], "released": True}})
    write("openssl", "OpenSSL CMS", "Debian source openssl 3.0.20-1~deb12u2: test/smime-certs, test/recipes/80-test_cms_data",
          "Apache-2.0", "CMS objects that must be rejected, and one that must decrypt; wrapped as mail", cases)


def nss_case(name, fran, enveloped, release):
    octets = octets_of("nss-interop", name)
    case = {"id": name.removesuffix(".env"), "do": "open", "keys": fran, "at": "2026-06-01T00:00:00Z", "options": release,
            "expect": {"layers": [enveloped], "released": True}}
    if bytes.fromhex("06082a864886f70d0307") in octets:  # des-ede3-cbc
        case["options"] = {**release, "allow_legacy": True}
        case["expect"] = {"layers": [{**enveloped, "cipher": "des-ede3-cbc"}], "released": True}
    if octets[:1] == b"\x30":
        case["input"] = as_mail("nss-interop", case["id"], octets, "enveloped-data")
    else:
        case["input"] = name
    return case


def rfc4134(facts):
    """Old algorithms throughout: DSA, SHA-1 and 3DES. What fits is unverified at the best, since it is weak."""
    signed = {"path": "1", "type": "smime-signed", "errant": False}
    weak = {"integrity": "good", "algorithm": "weak", "verdict": "unverified"}
    trust = {"trust": ["CarlRSASelf.crt.pem", "CarlDSSSelf.crt.pem"]}
    cases = []
    for name, count in (("4.1", 1), ("4.2", 1), ("4.5", 1), ("4.7", 1)):
        cases.append(cms(f"{name}-signed-data", "ietf-rfc4134", f"{name}.bin", "signed-data",
                         {"layers": [{**signed, "signers": [weak] * count}], "payload": "ExContent.bin"}, keys=trust,
                         at="2010-01-01T00:00:00Z"))
    cases.append({"id": "4.9-eml", "do": "open", "input": "4.9.eml", "keys": trust, "at": "2010-01-01T00:00:00Z",
                  "expect": {"layers": [{**signed, "signers": [weak]}], "summary": {"state": "unprotected", "signed": "unverified"}}})
    bob = {"identities": ["BobRSASignByCarl.crt.pem", "BobPrivRSAEncrypt.key.pem"]}
    enveloped = {"path": "1", "type": "smime-enveloped", "cipher": "des-ede3-cbc"}
    for case_id, expect, options in (
            ("5.3-legacy-not-allowed", {"layers": [{**enveloped, "result": "unsupported"}], "released": False}, {}),
            ("5.3-withheld", {"layers": [{**enveloped, "result": "unauthenticated"}], "released": False}, {"allow_legacy": True}),
            ("5.3-released", {"layers": [{**enveloped, "result": "unauthenticated"}], "released": True},
             {"allow_legacy": True, "allow_unauthenticated": True})):
        cases.append({"id": case_id, "do": "open", "input": "5.3.eml", "keys": bob, "options": options, "expect": expect,
                      "at": "2010-01-01T00:00:00Z"})
    for name, kind in (("3.2", "data"), ("6.0", "digestedData"), ("7.1", "encryptedData")):
        cases.append(cms(f"{name}-{kind}", "ietf-rfc4134", f"{name}.bin", "signed-data", {"summary": {"signed": "none", "state": "unprotected"}},
                         comment="neither signed nor enveloped, whatever smime-type says", at="2010-01-01T00:00:00Z",
                         result="acceptable", reason="how a reader names a CMS type that is not for mail is left open"))
    write("ietf-rfc4134", "RFC 4134 samples", "RFC 4134", "IETF Trust", "S/MIME of 1999: DSA, SHA-1, 3DES", cases)


def rfc8591():
    write("ietf-rfc8591", "RFC 8591 samples", "RFC 8591, section 10", "IETF Trust", "S/MIME as SIP has it, wrapped as mail", [
        cms("10.1-signed", "ietf-rfc8591", "10.1_signed_with_cert.der", "signed-data",
            {"layers": [{"path": "1", "type": "smime-signed", "signers": [{"integrity": "good", "verdict": "unverified", "from": "mismatch"}]}]},
            comment="a self-signed certificate for a SIP address, which nobody vouches for", at="2018-06-01T00:00:00Z"),
        cms("10.3-auth-enveloped", "ietf-rfc8591", "10.3_authenveloped.der", "authEnveloped-data",
            {"layers": [{"path": "1", "type": "smime-auth-enveloped", "result": "no-key", "cipher": "aes-128-gcm"}], "released": False},
            comment="the recipient's key is not published", at="2018-06-01T00:00:00Z")])


def rfc9580():
    """What gpg 2.2 cannot read is unsupported: named, never good, never called corrupt."""
    cases = []
    for name, what in (("A_8_5_1", "X25519 and AEAD-OCB, version 6 PKESK"), ("A_10_5_1", "SEIPD version 2"), ("A_12_1_1", "Argon2")):
        armour = octets_of("ietf-rfc9580", name + ".asc").decode().replace("\r\n", "\n").replace("\n", "\r\n")
        path = f"mail/{name}.eml"
        os.makedirs(os.path.join(DATA, "ietf-rfc9580", "mail"), exist_ok=True)
        with open(os.path.join(DATA, "ietf-rfc9580", path), "wb") as file:
            file.write((f"From: vector@example.org\r\nTo: reader@example.org\r\nSubject: {name}\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n"
                        "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
                        f"--b\r\nContent-Type: application/octet-stream\r\n\r\n{armour}\r\n--b--\r\n").encode())
        cases.append({"id": name, "comment": what, "do": "open", "input": path, "at": "2026-01-01T00:00:00Z",
                      "expect": {"layers": [{"path": "1", "type": "pgp-encrypted", "result": "unsupported"}], "released": False,
                                 "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}}})
    write("ietf-rfc9580", "RFC 9580 samples", "RFC 9580, appendix A", "IETF Trust (code components: Revised BSD)",
          "OpenPGP of 2024, wrapped as mail: unsupported by gpg 2.2", cases)


def autocrypt(facts):
    cases = []
    for fact in facts:
        name = os.path.basename(fact["path"])
        case = {"id": name.removesuffix(".eml"), "comment": fact["expect"], "do": "open", "input": name, "at": "2019-01-22T12:00:00Z",
                "keys": {"identities": ["bob@autocrypt.example.sec.asc", "alice@autocrypt.example.sec.asc"]}}
        layers = layers_of(parse(re.sub(r":inlineenc\[[^]]*\]", "", fact["tool_result"])))
        for layer in layers:
            layer.pop("signers", None)
        case["expect"] = {"layers": layers}
        if not layers:
            case["expect"]["summary"] = {"state": "unprotected", "encrypted": False, "signed": "none"}
        cases.append(case)
    write("autocrypt-appendix", "Autocrypt appendix", "autocrypt/autocrypt@6855d1f doc/appendix", "CC0-1.0",
          "Messages with Autocrypt headers and gossip; keys that expired in 2021", cases)


def odd_mime(folder, title, source, licence, endings):
    """Ill-formed messages: each has a tree, however it is read, and the reader comes to an end. Their trees are compared in unit tests."""
    cases = [{"id": name.rsplit(".", 1)[0], "do": "scan", "input": name, "expect": {"tree": {"path": "1", "header_begin": 0}}}
             for name in sorted(os.listdir(os.path.join(DATA, folder))) if name.endswith(endings)]
    write(folder, title, source, licence, "Hostile and odd MIME: it is read in bounded time", cases)


def sigv4(facts):
    cases = []
    for name in sorted({os.path.dirname(fact["path"]).split("/", 1)[1] if fact["path"].count("/") > 1 else fact["path"].split("/")[1]
                        for fact in facts}):
        folder = os.path.join(DATA, "aws-sigv4", name)
        if os.path.isdir(folder):
            cases.append({"id": name, "do": "sigv4", "input": f"{name}/request.txt", "context": f"{name}/context.json",
                          "expect": {"canonical_request": f"{name}/header-canonical-request.txt",
                                     "string_to_sign": f"{name}/header-string-to-sign.txt",
                                     "signature": f"{name}/header-signature.txt"}})
    for secret, region, password in (("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
                                     ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF")):
        cases.append({"id": f"smtp-password-{region}", "source": "computed by AWS's documented algorithm in Python", "do": "smtp-password",
                      "secret": secret, "region": region, "expect": {"password": password}})
    write("aws-sigv4", "AWS Signature Version 4", "awslabs/aws-c-auth@495329c tests/aws-signing-test-suite/v4", "Apache-2.0",
          "The signing suite's header cases, and SES's SMTP passwords", cases)


def s3():
    vectors = json.loads(octets_of("aws-s3ec", "s3ec-vectors.json"))
    os.makedirs(os.path.join(DATA, "aws-s3ec", "objects"), exist_ok=True)
    cases = []
    for vector in vectors:
        name = vector["name"]
        key = vector.get("kms_plaintext_data_key_b64") or vector.get("master_key_b64")
        body = bytes.fromhex(vector["body_hex"]) if "body_hex" in vector else base64.b64decode(vector["body_b64"])
        plain = bytes.fromhex(vector["expected_plaintext_hex"]) if "expected_plaintext_hex" in vector else vector["expected_plaintext"].encode()
        places = {}
        for kind, octets in (("metadata.json", json.dumps(vector["metadata"]).encode()), ("key", key.encode()),
                             ("bin", body)):
            places[kind] = f"objects/{name}.{kind}"
            with open(os.path.join(DATA, "aws-s3ec", places[kind]), "wb") as file:
                file.write(octets)
        cbc = "CBC" in json.dumps(vector["metadata"]) or "cbc" in name
        base = {"do": "s3-decrypt", "input": places["bin"], "metadata": places["metadata.json"], "data_key": places["key"]}
        if cbc:
            cases.append({"id": f"{name}-not-asked-for", **base, "expect": {"error": "unsupported"},
                          "comment": "AES-CBC proves nothing: only when asked for"})
            base["options"] = {"allow_cbc": True}
        cases.append({"id": name, **base, "expect": {"payload_sha256": hashlib.sha256(plain).hexdigest()}})
    write("aws-s3ec", "S3 client-side encryption", "aws-sdk-ruby@bac3491, amazon-s3-encryption-client-go@cb84cb0", "Apache-2.0",
          "What SES stores in S3; the data key that KMS would give stands beside", cases)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        facts = json.load(file)

    def of(folder):
        return [fact for fact in facts if fact["path"].startswith(folder + "/")]
    rfc9788(of("ietf-rfc9788"))
    thunderbird(of("thunderbird-smime"))
    kde(of("kde"))
    bc_mail(of("bc-mail"))
    cms_sets()
    rfc4134(of("ietf-rfc4134"))
    rfc8591()
    rfc9580()
    autocrypt(of("autocrypt-appendix"))
    odd_mime("mime4j-testmsgs", "mime4j test messages", "apache/james-mime4j@2602a9a core/src/test/resources/testmsgs", "Apache-2.0", ".msg")
    odd_mime("dovecot-malformed", "Dovecot malformed", "stalwartlabs/mail-parser@339a430 resources/eml/malformed", "MIT", ".eml")
    odd_mime("rubymail-error-emails", "Ruby Mail error e-mails", "mikel/mail@d645d7b spec/fixtures/emails/error_emails", "MIT", ".eml")
    sigv4(of("aws-sigv4"))
    s3()


if __name__ == "__main__":
    main()
