#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes a CA and the TLS certificates that the tests of connections need, good and bad. P-256, never for real use.

    ca.pem ca.key              the CA to trust              rogue-ca.pem rogue-ca.key   a CA nobody trusts
    server.pem server.key      good, for --host             other.pem other.key         for other.example.invalid
    expired.pem .key           ended a day ago              early.pem .key              begins in a year
    selfsigned.pem .key        its own issuer               rogue.pem .key              good name, issued by the rogue CA
    chain.pem chain.key        leaf and intermediate        short.pem .key              the same leaf, intermediate missing
    client.pem client.key      for clients (mail: client@example.org)
    ocsp-good.der ocsp-revoked.der   OCSP responses about server.pem, signed by the CA
"""
import argparse
import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


class Issued:
    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    def certificate_pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())


def _subject_names(hosts):
    names = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def _usage(*, ca):
    return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
                         encipher_only=False, decipher_only=False)


def issue(name, issuer=None, *, ca=False, hosts=(), client=False, begins=-DAY, ends=30 * DAY, now=None):
    """One certificate with a fresh P-256 key; its own issuer when none is given."""
    now = now or datetime.datetime.utcnow()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (x509.CertificateBuilder()
               .subject_name(subject)
               .issuer_name(issuer.certificate.subject if issuer else subject)
               .public_key(key.public_key())
               .serial_number(x509.random_serial_number())
               .not_valid_before(now + begins)
               .not_valid_after(now + ends)
               .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
               .add_extension(_usage(ca=ca), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
                              critical=False))
    if hosts:
        builder = builder.add_extension(_subject_names(hosts), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if client:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.RFC822Name("client@example.org")]), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def ocsp_response(about, issuer, *, revoked=False):
    now = datetime.datetime.utcnow().replace(microsecond=0)
    return (ocsp.OCSPResponseBuilder()
            .add_response(about.certificate, issuer.certificate, hashes.SHA1(),
                          ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
                          now - DAY, now + 7 * DAY,
                          now - DAY if revoked else None, x509.ReasonFlags.key_compromise if revoked else None)
            .responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate)
            .sign(issuer.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.DER))


def _write(folder, name, content, mode=0o644):
    with os.fdopen(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)


def write_all(folder, hosts=("localhost", "127.0.0.1")):
    """Writes every file that this module's text names."""
    os.makedirs(folder, exist_ok=True)
    ca = issue("mimeseal test CA", ca=True, ends=3650 * DAY)
    rogue = issue("mimeseal rogue CA", ca=True, ends=3650 * DAY)
    between = issue("mimeseal test intermediate", ca, ca=True)
    leaf = issue(hosts[0], between, hosts=hosts)
    server = issue(hosts[0], ca, hosts=hosts)
    made = {
        "ca": ca,
        "rogue-ca": rogue,
        "server": server,
        "other": issue("other.example.invalid", ca, hosts=["other.example.invalid"]),
        "expired": issue(hosts[0], ca, hosts=hosts, begins=-30 * DAY, ends=-DAY),
        "early": issue(hosts[0], ca, hosts=hosts, begins=365 * DAY, ends=700 * DAY),
        "selfsigned": issue(hosts[0], hosts=hosts),
        "rogue": issue(hosts[0], rogue, hosts=hosts),
        "chain": leaf,
        "short": leaf,
        "client": issue("mimeseal test client", ca, client=True),
    }
    for name, issued in made.items():
        _write(folder, f"{name}.pem", issued.certificate_pem())
        _write(folder, f"{name}.key", issued.key_pem(), 0o600)
    _write(folder, "chain.pem", leaf.certificate_pem() + between.certificate_pem())
    _write(folder, "ocsp-good.der", ocsp_response(server, ca))
    _write(folder, "ocsp-revoked.der", ocsp_response(server, ca, revoked=True))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", required=True, metavar="DIR")
    options.add_argument("--host", default="localhost,127.0.0.1", help="names of the good server, with commas")
    arguments = options.parse_args()
    write_all(arguments.out, arguments.host.split(","))


if __name__ == "__main__":
    main()
