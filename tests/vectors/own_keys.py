# SPDX-License-Identifier: MIT
"""The keys of the own vectors: made once, committed under testdata/own/keys, and never changed afterwards."""
import datetime
import os
import shutil
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa, x448

BEGIN, END = datetime.datetime(2025, 1, 1), datetime.datetime(2125, 1, 1)
EMAIL = x509.ExtendedKeyUsageOID.EMAIL_PROTECTION
PEOPLE = ("alice", "bob", "carol")  # with OpenPGP keys

README = """# Keys of the own vectors

Made by tests/vectors/own_keys.py for testing alone. The private keys are published: **they protect nothing**. Licence: MIT, as mimeseal.

- `ca.crt`, `ca.key`: the CA (ECDSA P-256) that issued the certificates below. All are valid from 2025 until 2125.
- `p256.pem`, `p384.pem`, `p521.pem`: a key and a certificate for signing (ECDSA) and encrypting (ECDH), for `NAME@own.example`.
- `curve448.pem`: an Ed448 key that signs and an X448 key that is encrypted to, with a certificate each, for `curve448@own.example`.
- `several.rsa.pem`, `several.p256.pem`: two keys of one person, `several@own.example`, who signs with both.
- `alice.sec.asc` and others: OpenPGP keys (Ed25519 and Curve25519) of `alice@own.example`, `bob@own.example` and `carol@own.example`,
  without a passphrase, never expiring; `several.1.sec.asc` and `several.2.sec.asc` are two keys of `several@own.example`.

`*.crt` and `*.pub.asc` hold the public parts alone. RSA, Ed25519 and X25519 keys are those of RFC 9216 (../../ietf-rfc9216).
"""


def _usage(**on):
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
             "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def _pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


class _Authority:
    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = self._subject("Own test vectors CA")
        self.certificate = self._builder(self.name, self.key.public_key()).add_extension(
            x509.BasicConstraints(True, 0), True).add_extension(_usage(key_cert_sign=True, crl_sign=True), True).sign(
                self.key, hashes.SHA256())
        self.write("ca.key", _pem(self.key))
        self.write("ca.crt", self.certificate.public_bytes(serialization.Encoding.PEM))

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content)

    def _subject(self, name):
        return x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "mimeseal test vectors"),
                          x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    def _builder(self, subject, public):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
                .serial_number(x509.random_serial_number()).not_valid_before(BEGIN).not_valid_after(END)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False))

    def issue(self, name, key, **usage):
        certificate = (self._builder(self._subject(name), key.public_key()).add_extension(x509.BasicConstraints(False, None), True)
                       .add_extension(_usage(**usage), True).add_extension(x509.ExtendedKeyUsage([EMAIL]), False)
                       .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(f"{name}@own.example")]), False)
                       .sign(self.key, hashes.SHA256()))
        return certificate.public_bytes(serialization.Encoding.PEM)

    def person(self, file, name, *pairs):
        """pairs: a key and its usage. FILE.pem has all, FILE.crt the certificate that is encrypted to (the last)."""
        certificates = [self.issue(name, key, **usage) for key, usage in pairs]
        self.write(f"{file}.pem", b"".join(_pem(key) + one for (key, _), one in zip(pairs, certificates)))
        self.write(f"{file}.crt", certificates[-1])
        self.write(f"{file}.key", _pem(pairs[-1][0]))


def _make_openpgp(folder):
    home = tempfile.mkdtemp(prefix="ms-", dir="/tmp")
    gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--faked-system-time",
           "20250101T000000")

    def run(*words):
        return subprocess.run([*gpg, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    try:
        for file, name in [(one, one) for one in PEOPLE] + [("several.1", "several"), ("several.2", "several")]:
            before = set(run("--with-colons", "--list-keys").splitlines())
            run("--yes", "--quick-generate-key", f"{name.capitalize()} <{name}@own.example>", "ed25519", "sign", "never")
            made = [line for line in run("--with-colons", "--list-keys").splitlines() if line.startswith("fpr") and line not in before]
            fingerprint = made[0].split(":")[9]
            run("--quick-add-key", fingerprint, "cv25519", "encr", "never")
            run("--armor", "--output", os.path.join(folder, f"{file}.pub.asc"), "--export", fingerprint)
            run("--armor", "--output", os.path.join(folder, f"{file}.sec.asc"), "--export-secret-keys", fingerprint)
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def make_keys(folder):
    os.makedirs(folder)
    authority = _Authority(folder)
    for name, curve in (("p256", ec.SECP256R1()), ("p384", ec.SECP384R1()), ("p521", ec.SECP521R1())):
        authority.person(name, name, (ec.generate_private_key(curve), {"digital_signature": True, "key_agreement": True}))
    authority.person("curve448", "curve448", (ed448.Ed448PrivateKey.generate(), {"digital_signature": True}),
                     (x448.X448PrivateKey.generate(), {"key_agreement": True}))
    authority.person("several.rsa", "several", (rsa.generate_private_key(65537, 2048), {"digital_signature": True}))
    authority.person("several.p256", "several", (ec.generate_private_key(ec.SECP256R1()), {"digital_signature": True}))
    _make_openpgp(folder)
    authority.write("README.md", README.encode())
