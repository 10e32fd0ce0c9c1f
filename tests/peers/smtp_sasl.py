# SPDX-License-Identifier: MIT
"""The server's side of SASL mechanisms, each a generator: it yields challenges and is sent responses.

A mechanism returns the user when the proof is right and raises Failed when it is not. A first yield of None asks for the
initial response; it is sent as an empty challenge when the client gave none with AUTH.
"""
import base64
import hashlib
import hmac
import json
import os
import re


class Failed(Exception):
    pass


class Accounts:
    def __init__(self, user, password, token):
        self.user = user
        self.password = password
        self.token = token

    def check(self, user, secret, expected):
        if expected is None or user != self.user or not hmac.compare_digest(secret.encode(), expected.encode()):
            raise Failed(f"wrong user or secret for {user!r}")
        return user


def plain(accounts):
    parts = (yield None).split(b"\0")
    if len(parts) != 3:
        raise Failed("PLAIN needs three parts")
    return accounts.check(parts[1].decode(), parts[2].decode(), accounts.password)


def login(accounts):
    user = yield b"Username:"
    password = yield b"Password:"
    return accounts.check(user.decode(), password.decode(), accounts.password)


def cram_md5(accounts):
    challenge = b"<" + os.urandom(8).hex().encode() + b"@peer.example>"
    user, _, digest = (yield challenge).decode().rpartition(" ")
    expected = hmac.new((accounts.password or "").encode(), challenge, hashlib.md5).hexdigest()
    return accounts.check(user, digest, expected if accounts.password is not None else None)


def _bearer(accounts, user, token):
    try:
        return accounts.check(user, token, accounts.token)
    except Failed:
        # RFC 7628 section 3.2.3: the error goes out as a challenge, the client answers with a dummy
        yield json.dumps({"status": "invalid_token", "schemes": "bearer", "scope": "mail"}).encode()
        raise


def xoauth2(accounts):
    match = re.fullmatch("user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", (yield None).decode())
    if not match:
        raise Failed("XOAUTH2 response cannot be read")
    return (yield from _bearer(accounts, *match.groups()))


def oauthbearer(accounts):
    match = re.fullmatch("[ny],a=([^,\x01]*),\x01(?:(?:host|port)=[^\x01]*\x01)*auth=Bearer ([^\x01]*)\x01\x01",
                         (yield None).decode())
    if not match:
        raise Failed("OAUTHBEARER response cannot be read")
    user = match[1].replace("=2C", ",").replace("=3D", "=")
    return (yield from _bearer(accounts, user, match[2]))


def scram_sha_256(accounts, iterations=4096):
    """RFC 5802 and 7677, without channel binding."""
    first = (yield None).decode()
    match = re.fullmatch(r"([ny],(?:a=[^,]*)?,)(n=([^,]*),r=([!-+\--~]+).*)", first)
    if not match or accounts.password is None:
        raise Failed("SCRAM first message cannot be read")
    header, bare, name, nonce = match.groups()
    salt = os.urandom(16)
    nonce += base64.b64encode(os.urandom(18)).decode()
    server_first = f"r={nonce},s={base64.b64encode(salt).decode()},i={iterations}"
    final = (yield server_first.encode()).decode()
    without_proof, _, proof = final.rpartition(",p=")
    if without_proof != f"c={base64.b64encode(header.encode()).decode()},r={nonce}":
        raise Failed("SCRAM binding or nonce is wrong")

    def mac(key, text):
        return hmac.new(key, text, hashlib.sha256).digest()
    salted = hashlib.pbkdf2_hmac("sha256", accounts.password.encode(), salt, iterations)
    message = f"{bare},{server_first},{without_proof}".encode()
    client_key = mac(salted, b"Client Key")
    expected = bytes(a ^ b for a, b in zip(client_key, mac(hashlib.sha256(client_key).digest(), message)))
    user = accounts.check(name.replace("=2C", ",").replace("=3D", "="), proof, base64.b64encode(expected).decode())
    yield b"v=" + base64.b64encode(mac(mac(salted, b"Server Key"), message))
    return user


MECHANISMS = {"PLAIN": plain, "LOGIN": login, "CRAM-MD5": cram_md5, "XOAUTH2": xoauth2, "OAUTHBEARER": oauthbearer,
              "SCRAM-SHA-256": scram_sha_256}
