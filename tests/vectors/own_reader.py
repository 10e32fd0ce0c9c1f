# SPDX-License-Identifier: MIT
"""A second reader for AuthEnvelopedData (RFC 5083) to X25519 and X448 (RFC 8418), which openssl 3.0 cannot read.

Written from the RFCs with python3-cryptography alone; it knows just what the own vectors need.
"""
import email

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import x448, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.x509 import load_pem_x509_certificate

WRAP_BITS = {5: 128, 25: 192, 45: 256}  # id-aes-wrap, the last arc
X963 = {"2b81040b01": hashes.SHA256(), "2b81040b02": hashes.SHA384(), "2b81040b03": hashes.SHA512()}
HKDFS = {"2a864886f70d0109100313": hashes.SHA256(), "2a864886f70d0109100314": hashes.SHA384(), "2a864886f70d0109100315": hashes.SHA512()}


def nodes(data):
    """The DER values one after the other: tag, content and the whole."""
    found, at = [], 0
    while at < len(data):
        length, begin = data[at + 1], at + 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(data[at + 2:begin], "big")
        found.append((data[at], data[begin:begin + length], data[at:begin + length]))
        at = begin + length
    return found


def wrapped(tag, content):
    size = len(content)
    head = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + head + content


def content_key(recipients, certificate, private):
    serial = certificate.serial_number
    for tag, recipient, _ in recipients:
        if tag != 0xA1:
            continue
        fields = nodes(recipient)
        originator = nodes(nodes(fields[1][1])[0][1])[-1][1][1:]  # the BIT STRING of the ephemeral key
        ukm = next((nodes(content)[0][1] for kind, content, _ in fields if kind == 0xA1 and content != fields[1][1]), None)
        algorithm = nodes(next(content for kind, content, _ in fields[2:] if kind == 0x30 and nodes(content)[0][0] == 0x06))
        keys = fields[-1][1]
        for _, key, _ in nodes(keys):
            who, encrypted = nodes(key)
            if int.from_bytes(nodes(who[1])[-1][1], "big") != serial:
                continue
            wrap = algorithm[1][2]
            bits = WRAP_BITS[nodes(algorithm[1][1])[0][1][-1]]
            info = wrap + (wrapped(0xA0, wrapped(0x04, ukm)) if ukm is not None else b"")
            info = wrapped(0x30, info + wrapped(0xA2, wrapped(0x04, bits.to_bytes(4, "big"))))
            kind = x448.X448PublicKey if isinstance(private, x448.X448PrivateKey) else x25519.X25519PublicKey
            secret = private.exchange(kind.from_public_bytes(originator))
            oid = algorithm[0][1].hex()
            kdf = X963KDF(X963[oid], bits // 8, info) if oid in X963 else HKDF(HKDFS[oid], bits // 8, ukm, info)
            return keywrap.aes_key_unwrap(kdf.derive(secret), encrypted[1])
    raise ValueError("no recipient has this certificate")


def decrypt(message, certificate, key):
    """The content of an application/pkcs7-mime message, by a certificate and a key in PEM."""
    der = email.message_from_bytes(message).get_payload(decode=True)
    fields = nodes(nodes(nodes(nodes(der)[0][1])[1][1])[0][1])
    recipients = next(content for tag, content, _ in fields if tag == 0x31)
    content_type = next(i for i, field in enumerate(fields) if field[0] == 0x30)
    _, algorithm, (tag, encrypted, _) = nodes(fields[content_type][1])
    if tag == 0xA0:
        encrypted = b"".join(piece for _, piece, _ in nodes(encrypted))
    nonce = nodes(nodes(algorithm[1])[1][1])[0][1]
    attributes = next((content for kind, content, _ in fields[content_type + 1:] if kind == 0xA1), None)
    mac = next(content for kind, content, _ in fields[content_type + 1:] if kind == 0x04)
    private = serialization.load_pem_private_key(key, None)
    cek = content_key(nodes(recipients), load_pem_x509_certificate(certificate), private)
    return AESGCM(cek).decrypt(nonce, encrypted + mac, wrapped(0x31, attributes) if attributes is not None else None)
