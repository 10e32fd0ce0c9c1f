# SPDX-License-Identifier: MIT
"""Files of the given sets: read, and wrapped as mail where they are no mail."""
import base64
import datetime
import json
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.name import _ASN1Type

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DATA = os.path.join(ROOT, "testdata")  #: where the sets lie


def write(folder, name, source, licence, description, cases):
    manifest = {"format": 1, "name": name, "description": description, "source": source, "licence": licence, "cases": cases}
    with open(os.path.join(DATA, folder, "manifest.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    print(f"{folder}: {len(cases)} cases")


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


def mail(folder, name, entity):
    """A message that holds the entity, made here."""
    os.makedirs(os.path.join(DATA, folder, "mail"), exist_ok=True)
    path = os.path.join("mail", name + ".eml")
    with open(os.path.join(DATA, folder, path), "wb") as file:
        file.write(f"From: vector@example.org\r\nTo: reader@example.org\r\nSubject: {name}\r\nMIME-Version: 1.0\r\n{entity}".encode())
    return path


def multipart(folder, name, kind, content, signature):
    """A detached signature as multipart/signed: the content is a part without a header, so its octets are what was signed."""
    octets = content if isinstance(content, bytes) else octets_of(folder, content)
    made = octets_of(folder, signature)
    pgp = kind == "pgp-signature"
    body = made.decode() if pgp else base64.encodebytes(made).decode()
    entity = (f"Content-Type: multipart/signed; protocol=\"application/{kind}\"; micalg={'pgp-sha256' if pgp else 'sha1'}; boundary=b\r\n\r\n"
              f"--b\r\n{octets.decode()}\r\n--b\r\nContent-Type: application/{kind}\r\n"
              + ("" if pgp else "Content-Transfer-Encoding: base64\r\n") + "\r\n" + body.replace("\r\n", "\n").replace("\n", "\r\n")
              + "\r\n--b--\r\n")
    return mail(folder, name, entity)


def octets_of(folder, name):
    with open(os.path.join(DATA, folder, name), "rb") as file:
        return file.read()


def cms(case_id, folder, file, smime_type, expect, **more):
    return {"id": case_id, "do": "open", "input": as_mail(folder, case_id, octets_of(folder, file), smime_type), "expect": expect, **more}


def identity_of(name, organization, serial):
    """A key with a certificate that names it as the message does. Made once, for signing it needs another key each time."""
    path = os.path.join("mail", "ecKeyAgree.pem")
    place = os.path.join(DATA, "bouncycastle-cms", path)
    if not os.path.exists(place):
        key = serialization.load_der_private_key(octets_of("bouncycastle-cms", "ecKeyAgree.key.der"), None)
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name, _ASN1Type.PrintableString),
                            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization, _ASN1Type.PrintableString)])
        made = (x509.CertificateBuilder().subject_name(issuer).issuer_name(issuer).public_key(key.public_key()).serial_number(serial)
                .not_valid_before(datetime.datetime(2000, 1, 1)).not_valid_after(datetime.datetime(2100, 1, 1)).sign(key, hashes.SHA256()))
        with open(place, "wb") as file:
            file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
                       + made.public_bytes(serialization.Encoding.PEM))
    return path
