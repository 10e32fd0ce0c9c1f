#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes manifest.json for the sets that other people made.

    make_manifests.py FACTS.json [--data DIR] [--set NAME]...

--data is where the sets lie; testdata unless given, so that sets whose licence keeps them out of the project can be used where they are.
FACTS.json is the list of facts that came with the vectors: for each file what openssl, gpg and the RFCs say of it. The expectations
are made of these facts alone, never of what mimeseal answers. The manifests are committed; this recipe stands beside
them so that a reader can see where each expectation comes from.
"""
import argparse
import base64
import copy
import datetime
import email.utils
import hashlib
import json
import os
import re
import xml.etree.ElementTree

import given
from facts import chain, layers_of, of_message, parse, parts_of
from given import as_mail, cms, identity_of, mail, multipart, octets_of, write
from odd_trees import DISPUTED, json_tree, xml_tree

SMIME_LEGACY = ("des-ede3-cbc", "rc2-cbc", "des-cbc")


# ---- The sets ----------------------------------------------------------------------------------------------------

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
        expect["headers"]["fields"] = protected_fields(fact, encrypted)
        if not expect["headers"]["fields"]:
            del expect["headers"]["fields"]
        inside = dict((one.lower(), value) for one, value in fact["protected_headers"] or fact["outer_headers"])
        expect["headers"].update(subject=inside["subject"], message_id=inside["message-id"], mismatch=[])
        expect["headers"]["date"] = email.utils.parsedate_to_datetime(inside["date"]).astimezone(datetime.timezone.utc).strftime(
            "%Y-%m-%dT%H:%M:%SZ")
        for key in ("from", "to"):
            expect["headers"][key] = [{"name": one, "address": address} for one, address in email.utils.getaddresses([inside[key]])]
        # The legacy display elements are in the texts, plain and HTML (RFC 9788, section 2.1).
        expect["parts"] = [{**part, "signed": signed, "legacy_display": fact["legacy_display_parts"] > 0 and part["type"].startswith("text/")}
                           for part in parts_of(parse(fact["tool_result"]))]
        expect["summary"] = {"encrypted": encrypted, "signed": "good" if signed else "none",
                             "state": "confidential" if encrypted and signed else "verified" if signed else "unprotected"}
        case = {"id": name.removesuffix(".eml"), "comment": f"{fact['note']} (RFC 9788, {fact['rfc_section']})",
                "do": "header-protection", "input": name,
                "keys": {"identities": ["../ietf-rfc9216/bob.p12"], "passphrase": "bob", "trust": ["../ietf-rfc9216/ca.rsa.crt"]},
                "at": "2026-01-01T00:00:00Z", "expect": expect}
        cases.append(case)
    write("ietf-rfc9788", "RFC 9788 samples", "RFC 9788, appendix C", "IETF Trust (code components: Revised BSD)",
          "Header protection in S/MIME messages, opened by Bob of RFC 9216", cases)


def protected_fields(fact, encrypted):
    """Every field and its state (RFC 9788, section 4.3.1): all are signed, and those that are other outside are confidential."""
    if not fact["protected_headers"]:
        return [{"name": name, "value": value, "state": "unprotected"} for name, value in fact["outer_headers"]]
    if fact["header_protection"].startswith("RFC 8551"):
        return []  # a message in a message: how its fields are told is left open (RFC 9788, section 4.10)
    return [{"name": name, "value": value,
             "state": "signed-and-encrypted" if encrypted and name in fact["confidential_headers"] else "signed-only"}
            for name, value in fact["protected_headers"]]


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
        expect = of_message(parse(fact["tool_result"]))
        expect["summary"] = {"encrypted": encrypted, "state": state}
        if not signed:
            expect["summary"]["signed"] = "none"
        elif good:
            expect["summary"]["signed"] = "good"
        elif "SHA1" in name:
            expect["summary"]["signed"] = "unverified"
            expect["layers"][0]["signers"][0].update(algorithm="weak", verdict="unverified")
        else:
            expect["summary"]["signed"] = "bad"
            expect["layers"][0]["result"] = "bad"
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
        else:
            expect.update(of_message(tree))
        if "inlineenc" in fact["tool_result"] or "inlinesig" in fact["tool_result"]:
            expect["problems_include"] = ["inline-pgp"]
            if "application/octet-stream:inline" in fact["tool_result"]:
                expect.pop("problems_include", None)  # armour in an attachment is a file, not text
        if "applemail" in name:
            case["result"], case["reason"] = "acceptable", ("PGP/MIME that a server turned into multipart/mixed: RFC 3156 knows no such "
                                                           "form, and a reader may recognise it as an errant layer or leave it alone")
        if "smime-signed-charset" in name:
            expect["layers"] = [{"path": "1", "type": "smime-signed", "result": "unverified",
                                 "signers": [{"integrity": "no-key", "verdict": "unverified"}]}]
            expect["summary"] = {"encrypted": False, "signed": "unverified", "state": "unprotected"}
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
                "validator.validMail": {"integrity": "good", "from": "match"}}
    for fact in facts:
        name = os.path.basename(fact["path"])
        stem = name.removesuffix(".eml")
        cases.append({"id": stem, "comment": fact["expect"], "do": "open", "input": name, "at": times[stem],
                      "keys": {"trust": ["validator.root.crt"]},
                      "expect": {"summary": {"encrypted": False}, "released": True, "parts": parts_of(parse(fact["tool_result"])),
                                 "layers": [{"path": "1", "type": "smime-signed", "errant": False,
                                             "signers": [{**chain(fact["tool_result"]), **verdicts[stem]}]}]}})
    write("bc-mail", "Bouncy Castle mail", "bcgit/bc-java@1a269ca mail/src/test/resources", "Bouncy Castle (MIT)",
          "S/MIME signatures with and without an address, in time and expired", cases)


ENVELOPED = {"path": "1", "type": "smime-enveloped", "result": "unauthenticated", "authenticated": False}
RELEASE = {"allow_unauthenticated": True}


def bouncycastle():
    cases = [cms("compressedData", "bouncycastle-cms", "compressedData.der", "compressed-data",
                 {"layers": [{"path": "1", "type": "smime-compressed", "result": "good"}], "payload": "compressedData.expected.bin",
                  "summary": {"state": "unprotected", "encrypted": False, "signed": "none"}},
                 comment="zlib inside CMS: compression is no protection")]
    for bits in ("128", "256"):
        cases.append(cms(f"ecKeyAgree-AES{bits}", "bouncycastle-cms", f"ecKeyAgree-AES{bits}.der", "enveloped-data",
                         {"layers": [{**ENVELOPED, "cipher": f"aes-{bits}-cbc"}], "payload_text": "PKI-C CMS EnvelopedData Sample", "released": True,
                          "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}},
                         comment="ECDH; the key came without its certificate, so one with that issuer and serial was made for it",
                         keys={"identities": [identity_of("Admin-MDSE", "4BCT-2ID", 1)]}, options={**RELEASE, "allow_legacy": True}))
    write("bouncycastle-cms", "Bouncy Castle CMS", "bcgit/bc-java@1a269ca pkix/src/test/java (string literals decoded)",
          "Bouncy Castle (MIT)", "CMS objects wrapped as mail. Those whose key has no certificate are tested in unit tests", cases)


def nss():
    fran = {"identities": ["Fran.p12", "Fran-ec.p12"], "passphrase": "nss"}
    cases = []
    for name in sorted(os.listdir(os.path.join(given.DATA, "nss-interop"))):
        if name.endswith(".env"):
            cases.append(nss_case(name, fran, ENVELOPED, RELEASE))
    write("nss-interop", "NSS interop", "nss-dev/nss@9d75dfd tests/smime/interop-openssl", "MPL-2.0",
          "Enveloped by OpenSSL for NSS: RSA-OAEP in its variants, ECDH", cases)


def openssl():
    cases = [cms(name, "openssl", f"80-test_cms_data/{name}.cms", "signed-data",
                 {"layers": [{"path": "1", "type": "smime-signed", "signers": [{"integrity": "bad", "verdict": "bad"}]}],
                  "summary": {"state": "unprotected", "signed": "bad", "encrypted": False}},
                 comment=f"a signed attribute is missing: {what}", keys={"trust": ["smime-certs/smroot.pem"]}, at="2022-12-01T00:00:00Z")
             for name, what in (("no_ct_attr", "contentType"), ("no_md_attr", "messageDigest"))]
    cases.append({"id": "ciphertext_from_1_1_1", "do": "open", "input": "80-test_cms_data/ciphertext_from_1_1_1.cms",
                  "comment": "two ECDH recipients, made by OpenSSL 1.1.1", "keys": {"identities": ["smime-certs/smec3.pem"]},
                  "options": {**RELEASE, "allow_legacy": True}, "at": "2022-12-01T00:00:00Z",
                  "expect": {"layers": [ENVELOPED], "released": True}})
    cases.append(cms("rsa-malformed", "openssl", "80-test_cms_data/rsa-malformed.der", "enveloped-data",
                     {"released": False, "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}},
                     comment="no crash, and decryption fails", keys={"identities": ["smime-certs/smrsa1.pem"]},
                     options={**RELEASE, "allow_legacy": True}, at="2022-12-01T00:00:00Z"))
    write("openssl", "OpenSSL CMS", "Debian source openssl 3.0.20-1~deb12u2: test/smime-certs, test/recipes/80-test_cms_data",
          "Apache-2.0", "CMS objects that must be rejected, and one that must decrypt; wrapped as mail", cases)


def cipher_in(octets):
    """The cipher whose object identifier stands in a CMS object, in DER or in base64."""
    if octets[:1] != b"\x30":
        octets = base64.b64decode(re.split(rb"\r?\n\r?\n", octets, maxsplit=1)[1])
    known = {"06082a864886f70d0307": "des-ede3-cbc", "0609608648016503040102": "aes-128-cbc", "060960864801650304012a": "aes-256-cbc"}
    return next(cipher for oid, cipher in known.items() if bytes.fromhex(oid) in octets)


def nss_case(name, fran, enveloped, release):
    octets = octets_of("nss-interop", name)
    cipher = cipher_in(octets)
    text = b"This is a test message to Fran.\n"
    case = {"id": name.removesuffix(".env"), "do": "open", "keys": fran, "at": "2026-06-01T00:00:00Z", "options": release,
            "expect": {"layers": [{**enveloped, "cipher": cipher}], "released": True,
                       "summary": {"encrypted": True, "signed": "none", "state": "encrypted-unverified"},
                       "parts": [{"path": "1.1", "type": "text/plain", "encrypted": True, "size": len(text),
                                  "sha256": hashlib.sha256(text).hexdigest()}]}}
    if cipher == "des-ede3-cbc":
        case["options"] = {**release, "allow_legacy": True}
    if octets[:1] == b"\x30":
        case["input"] = as_mail("nss-interop", case["id"], octets, "enveloped-data")
    else:
        case["input"] = name
    return case


def rfc4134(facts):
    """Old algorithms throughout: DSA, SHA-1 and 3DES. What fits is unverified at the best, since it is weak."""
    signed = {"path": "1", "type": "smime-signed", "errant": False}
    weak = {"integrity": "good", "algorithm": "weak", "verdict": "unverified", "trust": "trusted", "validity": "valid"}
    plain = [{"path": "1.1", "type": "text/plain", "encrypted": False}]
    trust = {"trust": ["CarlRSASelf.crt.pem", "CarlDSSSelf.crt.pem"]}
    cases = []
    for name, count in (("4.1", 1), ("4.2", 1), ("4.5", 1), ("4.7", 1)):
        cases.append(cms(f"{name}-signed-data", "ietf-rfc4134", f"{name}.bin", "signed-data",
                         {"layers": [{**signed, "signers": [weak] * count}], "payload": "ExContent.bin", "released": True, "parts": plain,
                          "summary": {"state": "unprotected", "encrypted": False, "signed": "unverified"}}, keys=trust,
                         at="2010-01-01T00:00:00Z"))
    cases.append({"id": "4.3-detached", "do": "open", "input": multipart("ietf-rfc4134", "4.3", "pkcs7-signature", "ExContent.bin", "4.3.bin"),
                  "comment": "the content is detached, and stands here as a part without a header", "keys": trust, "at": "2010-01-01T00:00:00Z",
                  "expect": {"layers": [{**signed, "signers": [weak]}], "payload": "ExContent.bin", "released": True, "parts": plain,
                             "summary": {"state": "unprotected", "encrypted": False, "signed": "unverified"}}})
    cases.append({"id": "4.9-eml", "do": "open", "input": "4.9.eml", "keys": trust, "at": "2010-01-01T00:00:00Z",
                  "expect": {"layers": [{**signed, "signers": [weak]}], "released": True,
                             "parts": [{**plain[0], "sha256": hashlib.sha256(octets_of("ietf-rfc4134", "ExContent.bin")).hexdigest()}],
                             "summary": {"state": "unprotected", "encrypted": False, "signed": "unverified"}}})
    bob = {"identities": ["BobRSASignByCarl.crt.pem", "BobPrivRSAEncrypt.key.pem"]}
    enveloped = {"path": "1", "type": "smime-enveloped", "cipher": "des-ede3-cbc"}
    for case_id, expect, options in (
            ("5.3-legacy-not-allowed", {"layers": [{**enveloped, "result": "unsupported"}], "released": False}, {}),
            ("5.3-withheld", {"layers": [{**enveloped, "result": "unauthenticated"}], "released": False}, {"allow_legacy": True}),
            ("5.3-released", {"layers": [{**enveloped, "result": "unauthenticated"}], "released": True},
             {"allow_legacy": True, "allow_unauthenticated": True})):
        cases.append({"id": case_id, "do": "open", "input": "5.3.eml", "keys": bob, "options": options, "expect": expect,
                      "at": "2010-01-01T00:00:00Z"})
    cases[-1]["expect"]["payload"] = "ExContent.bin"
    cases.append(cms("5.1-enveloped", "ietf-rfc4134", "5.1.bin", "enveloped-data",
                     {"layers": [{**enveloped, "result": "unauthenticated"}], "payload": "ExContent.bin", "released": True,
                      "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}},
                     keys=bob, options={"allow_legacy": True, "allow_unauthenticated": True}, at="2010-01-01T00:00:00Z"))
    for name, kind in (("3.1", "data"), ("3.2", "data"), ("6.0", "digestedData"), ("7.1", "encryptedData"), ("7.2", "encryptedData")):
        cases.append(cms(f"{name}-{kind}", "ietf-rfc4134", f"{name}.bin", "signed-data", {"summary": {"signed": "none", "state": "unprotected"}},
                         comment="neither signed nor enveloped, whatever smime-type says", at="2010-01-01T00:00:00Z",
                         result="acceptable", reason="how a reader names a CMS type that is not for mail is left open"))
    write("ietf-rfc4134", "RFC 4134 samples", "RFC 4134", "IETF Trust", "S/MIME of 1999: DSA, SHA-1, 3DES", cases)


def rfc8591():
    write("ietf-rfc8591", "RFC 8591 samples", "RFC 8591, section 10", "IETF Trust", "S/MIME as SIP has it, wrapped as mail", [
        cms("10.1-signed", "ietf-rfc8591", "10.1_signed_with_cert.der", "signed-data",
            {"layers": [{"path": "1", "type": "smime-signed", "signers": [{"integrity": "good", "verdict": "unverified", "from": "mismatch"}]}],
             "summary": {"state": "unprotected", "encrypted": False, "signed": "unverified"}},
            comment="a self-signed certificate for a SIP address, which nobody vouches for", at="2018-06-01T00:00:00Z"),
        cms("10.3-auth-enveloped", "ietf-rfc8591", "10.3_authenveloped.der", "authEnveloped-data",
            {"layers": [{"path": "1", "type": "smime-auth-enveloped", "result": "no-key", "cipher": "aes-128-gcm"}], "released": False,
             "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}},
            comment="the recipient's key is not published", at="2018-06-01T00:00:00Z")])


def rfc9580():
    """What gpg 2.2 cannot read is unsupported: named, never good, never called corrupt."""
    cases = []
    for name, what in (("A_8_5_1", "X25519 and AEAD-OCB, version 6 PKESK"), ("A_10_5_1", "SEIPD version 2"), ("A_12_1_1", "Argon2")):
        armour = octets_of("ietf-rfc9580", name + ".asc").decode().replace("\r\n", "\n").replace("\n", "\r\n")
        path = f"mail/{name}.eml"
        os.makedirs(os.path.join(given.DATA, "ietf-rfc9580", "mail"), exist_ok=True)
        with open(os.path.join(given.DATA, "ietf-rfc9580", path), "wb") as file:
            file.write((f"From: vector@example.org\r\nTo: reader@example.org\r\nSubject: {name}\r\nMIME-Version: 1.0\r\n"
                        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n"
                        "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n"
                        f"--b\r\nContent-Type: application/octet-stream\r\n\r\n{armour}\r\n--b--\r\n").encode())
        cases.append({"id": name, "comment": what, "do": "open", "input": path, "at": "2026-01-01T00:00:00Z",
                      "expect": {"layers": [{"path": "1", "type": "pgp-encrypted", "result": "unsupported"}], "released": False,
                                 "summary": {"state": "encrypted-unverified", "encrypted": True, "signed": "none"}}})
    unsupported = {"path": "1", "type": "pgp-signed", "errant": True, "result": "unsupported"}
    for name, layers in (("A_6_1", []), ("A_7_1", [unsupported])):  # a cleartext signature is text, and no layer
        armour = octets_of("ietf-rfc9580", name + ".asc").decode().replace("\r\n", "\n").replace("\n", "\r\n")
        cases.append({"id": name, "comment": "a signature of version 6, inline: never called good", "do": "open",
                      "input": mail("ietf-rfc9580", name, "Content-Type: text/plain; charset=utf-8\r\n\r\n" + armour),
                      "options": {"inline_pgp": True}, "at": "2026-01-01T00:00:00Z",
                      "expect": {"layers": layers, "summary": {"state": "unprotected", "encrypted": False, "signed": "none"},
                                 "problems_include": ["inline-pgp"], "released": True}})
    cases.append({"id": "A_2_1", "comment": "a signature of version 4 over the seven octets 'OpenPGP', which stand as a part without a header",
                  "do": "open", "input": multipart("ietf-rfc9580", "A_2_1", "pgp-signature", b"OpenPGP", "A_2_1.asc"),
                  "at": "2026-01-01T00:00:00Z",  # gpg takes no key without a user id, and the one that belongs here (A.1.1) has none
                  "expect": {"layers": [{"path": "1", "type": "pgp-signed", "errant": False,
                                         "signers": [{"integrity": "no-key", "verdict": "unverified"}]}],
                             "payload_text": "OpenPGP", "released": True,
                             "summary": {"state": "unprotected", "encrypted": False, "signed": "unverified"}}})
    for name, what in (("A_3_1", "certificate"), ("A_4_1", "secret key")):
        cases.append({"id": name, "comment": f"a {what} of version 6", "do": "open", "input": "mail/A_8_5_1.eml",
                      "keys": {"trust" if what == "certificate" else "identities": [f"{name}.asc"]}, "at": "2026-01-01T00:00:00Z",
                      "expect": {"error": "unsupported"}})
    write("ietf-rfc9580", "RFC 9580 samples", "RFC 9580, appendix A", "IETF Trust (code components: Revised BSD)",
          "OpenPGP of 2024, wrapped as mail: unsupported by gpg 2.2", cases)


def autocrypt(facts):
    cases = []
    for fact in facts:
        name = os.path.basename(fact["path"])
        case = {"id": name.removesuffix(".eml"), "comment": fact["expect"], "do": "open", "input": name, "at": "2019-01-22T12:00:00Z",
                "keys": {"identities": ["bob@autocrypt.example.sec.asc", "alice@autocrypt.example.sec.asc"]}}
        case["expect"] = of_message(parse(re.sub(r":inlineenc\[[^]]*\]", "", fact["tool_result"])))
        cases.append(case)
        if "EXPKEYSIG" not in fact["tool_result"]:
            continue
        # "signature valid at 2019-01-22; today gpg says EXPKEYSIG (keys expired 2021-01-21)"
        case["keys"]["trust"] = ["alice@autocrypt.example.pub.asc"]
        late = copy.deepcopy(case)
        case["expect"]["layers"][0]["signers"][0].update(validity="valid", verdict="good", trust="trusted")
        case["expect"]["summary"].update(signed="good", state="confidential")
        late.update(id=case["id"] + "-expired", at="2026-01-01T00:00:00Z")
        late["expect"]["layers"][0]["signers"][0].update(validity="expired", verdict="unverified")
        late["expect"]["summary"].update(signed="unverified", state="encrypted-unverified")
        cases.append(late)
    write("autocrypt-appendix", "Autocrypt appendix", "autocrypt/autocrypt@6855d1f doc/appendix", "CC0-1.0",
          "Messages with Autocrypt headers and gossip; keys that expired in 2021", cases)


def odd_mime(folder, title, source, licence, endings):
    """Ill-formed messages: each has a tree, and where another parser's view came with it that is it."""
    cases = []
    for name in sorted(one for one in os.listdir(os.path.join(given.DATA, folder)) if one.endswith(endings)):
        stem = name.rsplit(".", 1)[0]
        tree, beside = {"path": "1"}, os.path.join(given.DATA, folder, stem)
        if os.path.exists(beside + ".xml"):
            tree.update(xml_tree(xml.etree.ElementTree.parse(beside + ".xml").getroot(), "1"))
        elif os.path.exists(beside + ".json"):
            tree.update(json_tree(json.loads(octets_of(folder, stem + ".json")), 0, "1"))
        case = {"id": stem, "do": "scan", "input": name, "expect": {"tree": {**tree, "header_begin": 0}}}
        if stem in DISPUTED and folder != "rubymail-error-emails":
            case.update(result="acceptable", reason=DISPUTED[stem])
        cases.append(case)
    write(folder, title, source, licence, "Hostile and odd MIME: it is read in bounded time", cases)


def sigv4(facts):
    cases = []
    for name in sorted({os.path.dirname(fact["path"]).split("/", 1)[1] if fact["path"].count("/") > 1 else fact["path"].split("/")[1]
                        for fact in facts}):
        folder = os.path.join(given.DATA, "aws-sigv4", name)
        if os.path.isdir(folder):
            cases.append({"id": name, "do": "sigv4", "input": f"{name}/request.txt", "context": f"{name}/context.json",
                          "expect": {"canonical_request": f"{name}/header-canonical-request.txt",
                                     "string_to_sign": f"{name}/header-string-to-sign.txt",
                                     "signature": f"{name}/header-signature.txt",
                                     "signed_request": f"{name}/header-signed-request.txt"}})
    for secret, region, password in (("some+secret+key", "eu-central-1", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"),
                                     ("another+secret+key", "us-west-1", "BKVmjjMDFk/qqw8EROW99bjCS65PF8WKvK5bSr4Y6EqF")):
        cases.append({"id": f"smtp-password-{region}", "source": "computed by AWS's documented algorithm in Python", "do": "smtp-password",
                      "secret": secret, "region": region, "expect": {"password": password}})
    write("aws-sigv4", "AWS Signature Version 4", "awslabs/aws-c-auth@495329c tests/aws-signing-test-suite/v4", "Apache-2.0",
          "The signing suite's header cases, and SES's SMTP passwords", cases)


def s3():
    vectors = json.loads(octets_of("aws-s3ec", "s3ec-vectors.json"))
    os.makedirs(os.path.join(given.DATA, "aws-s3ec", "objects"), exist_ok=True)
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
            with open(os.path.join(given.DATA, "aws-s3ec", places[kind]), "wb") as file:
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


def protected_headers_v1(facts):
    """The draft that came before RFC 9788: its fields are named, its text is read; what hides a subject is other there."""
    alice, ca = "alice@openpgp.example.pub.asc", "sample-ca.pem"
    cases = []
    for fact in facts:
        name = os.path.basename(fact["path"])
        expect = of_message(parse(fact["tool_result"]))
        pgp = name.startswith("pgp")
        for layer in expect["layers"]:
            for one in layer.get("signers", []):
                one.setdefault("trust", "trusted")
        cases.append({"id": name.removesuffix(".eml"), "comment": fact["expect"], "do": "open", "input": name, "at": "2026-01-01T00:00:00Z",
                      "keys": {"identities": ["bob@openpgp.example.sec.asc" if pgp else "bob.pem"], "trust": [alice if pgp else ca]},
                      "options": {"allow_legacy": True}, "expect": expect})
    write("autocrypt-protected-headers", "Autocrypt protected headers", "autocrypt/protected-headers@d62a854",
          "none stated (vectors of an Internet-Draft, trust200902)", "protected-headers=v1 with PGP/MIME and S/MIME", cases)


def main():
    arguments = argparse.ArgumentParser(description="writes the manifests of given sets")
    arguments.add_argument("facts")
    arguments.add_argument("--data", default=given.DATA, help="the folder where the sets lie")
    arguments.add_argument("--set", action="append", help="only this one (repeatable)")
    said = arguments.parse_args()
    given.DATA = os.path.abspath(said.data)
    with open(said.facts, encoding="utf-8") as file:
        facts = json.load(file)

    def of(folder):
        return [fact for fact in facts if fact["path"].startswith(folder + "/")]
    sets = dict(SETS)
    for name in said.set or [one for one in sets if os.path.isdir(os.path.join(given.DATA, one))]:
        if name not in sets:
            raise SystemExit(f"make_manifests: no such set: {name}; there are {', '.join(sets)}")
        sets[name](of(name))


SETS = {
    "ietf-rfc9788": rfc9788, "thunderbird-smime": thunderbird, "kde": kde, "bc-mail": bc_mail,
    "bouncycastle-cms": lambda _: bouncycastle(), "nss-interop": lambda _: nss(), "openssl": lambda _: openssl(),
    "ietf-rfc4134": rfc4134, "ietf-rfc8591": lambda _: rfc8591(), "ietf-rfc9580": lambda _: rfc9580(),
    "autocrypt-appendix": autocrypt, "autocrypt-protected-headers": protected_headers_v1,
    "mime4j-testmsgs": lambda _: odd_mime("mime4j-testmsgs", "mime4j test messages",
                                          "apache/james-mime4j@2602a9a core/src/test/resources/testmsgs", "Apache-2.0", ".msg"),
    "dovecot-malformed": lambda _: odd_mime("dovecot-malformed", "Dovecot malformed",
                                            "stalwartlabs/mail-parser@339a430 resources/eml/malformed", "MIT", ".eml"),
    "rubymail-error-emails": lambda _: odd_mime("rubymail-error-emails", "Ruby Mail error e-mails",
                                                "mikel/mail@d645d7b spec/fixtures/emails/error_emails", "MIT", ".eml"),
    "aws-sigv4": sigv4, "aws-s3ec": lambda _: s3(),
}


if __name__ == "__main__":
    main()
