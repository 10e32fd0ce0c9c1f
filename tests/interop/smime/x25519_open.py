#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""x25519_open.py MESSAGE.der KEY.pem: decrypts a message for one X25519 or X448 key as RFC 8418 says, independently of us.

No peer on Debian 12 knows HKDF key agreement in CMS. Reads AES-GCM and AES-CBC; the first recipient that agrees with the key's
kind. Exit code 77: python3-cryptography is not installed.
"""

import sys

try:
    from cryptography.hazmat.primitives import hashes, keywrap, padding, serialization
    from cryptography.hazmat.primitives.asymmetric import x25519, x448
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    sys.exit(77)


def read(data, at=0):
    """-> (tag, content, offset after it)"""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    assert at + length <= len(data)
    return tag, data[at : at + length], at + length


def children(data):
    found, at = [], 0
    while at < len(data):
        tag, content, end = read(data, at)
        found.append((tag, content, data[at:end]))
        at = end
    return found


def main(message, key_file):
    key = serialization.load_pem_private_key(open(key_file, "rb").read(), None)
    if isinstance(key, x25519.X25519PrivateKey):
        load, scheme, digest = x25519.X25519PublicKey.from_public_bytes, bytes.fromhex("2a864886f70d0109100313"), hashes.SHA256()
    else:
        load, scheme, digest = x448.X448PublicKey.from_public_bytes, bytes.fromhex("2a864886f70d0109100315"), hashes.SHA512()

    content_info = children(read(open(message, "rb").read())[1])
    enveloped = children(read(content_info[1][1])[1])
    recipients, encrypted = children(enveloped[1][1]), children(enveloped[2][1])
    for tag, recipient, _ in recipients:
        if tag != 0xA1:
            continue
        version, originator, algorithm, keys = children(recipient)
        assert version[1] == b"\x03"
        if children(algorithm[1])[0][1] != scheme:
            continue
        wrap_identifier = children(algorithm[1])[1][2]
        public = children(read(originator[1])[1])[1][1]
        assert public[0] == 0
        wrapped = children(children(keys[1])[0][1])[1][1]
        break
    size = {5: 16, 25: 24, 45: 32}[wrap_identifier[-1]]
    length = (8 * size).to_bytes(4, "big")
    info_body = wrap_identifier + b"\xa2\x06\x04\x04" + length
    info = bytes([0x30, len(info_body)]) + info_body
    shared = key.exchange(load(public[1:]))
    wrapping_key = HKDF(algorithm=digest, length=size, salt=None, info=info).derive(shared)
    content_key = keywrap.aes_key_unwrap(wrapping_key, wrapped)

    _, cipher, octets = encrypted
    parameters = children(cipher[1])[1]
    if parameters[0] == 0x30:
        nonce = children(parameters[1])[0][1]
        return AESGCM(content_key).decrypt(nonce, octets[1] + enveloped[3][1], None)
    decryptor = Cipher(algorithms.AES(content_key), modes.CBC(parameters[1])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(octets[1]) + decryptor.finalize()) + unpadder.finalize()


if __name__ == "__main__":
    sys.stdout.buffer.write(main(sys.argv[1], sys.argv[2]))
