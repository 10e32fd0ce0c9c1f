# SPDX-License-Identifier: MIT
"""The people of the demo and their keys: Alice and Bob are RFC 9216's, Carol and Dave are made here."""
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RFC9216 = os.path.join(ROOT, "testdata", "ietf-rfc9216")
PEOPLE = {"alice": "Alice", "bob": "Bob", "carol": "Carol", "dave": "Dave"}


def address(name, protocol):
    return f"{name}@{'smime' if protocol == 'smime' else 'openpgp'}.example"


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"demo: {' '.join(command[:3])} failed: {done.stderr.strip()}")
    return done.stdout


class SmimeKeys:
    """A folder of identities (PKCS#12), certificates to encrypt to, and the CA certificates to believe."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        self.certificates = os.path.join(folder, "certificates")
        os.mkdir(self.certificates)
        self.trust = [os.path.join(RFC9216, "ca.rsa.crt"), self._path("demo-ca.crt")]
        for name in ("alice", "bob"):
            shutil.copy(os.path.join(RFC9216, f"{name}.p12"), self._path(f"{name}.p12"))
            self._write(f"{name}.passphrase", name + "\n")
            shutil.copy(os.path.join(RFC9216, f"{name}.encrypt.crt"), self.certificates)
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/O=Demo/CN=Demo mail CA",
            "-keyout", self._path("demo-ca.key"), "-out", self._path("demo-ca.crt"))
        for name in ("carol", "dave"):
            self._make(name)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _write(self, name, text):
        with open(self._path(name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(self._path(name), 0o600)

    def _make(self, name):
        """Two certificates, as RFC 9216 has them: one that signs and one that is encrypted to."""
        bundle = ""
        for use, usage in (("sign", "digitalSignature"), ("encrypt", "keyEncipherment")):
            self._write("extensions", "basicConstraints=critical,CA:FALSE\n"
                                      f"keyUsage=critical,{usage}\nextendedKeyUsage=emailProtection\n"
                                      f"subjectAltName=email:{address(name, 'smime')}\n")
            key, request, certificate = (self._path(f"{name}.{use}.{kind}") for kind in ("key", "csr", "crt"))
            run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O=Demo/CN={PEOPLE[name]}",
                "-keyout", key, "-out", request)
            run("openssl", "x509", "-req", "-in", request, "-CA", self._path("demo-ca.crt"), "-CAkey",
                self._path("demo-ca.key"), "-CAcreateserial", "-days", "30", "-extfile", self._path("extensions"),
                "-out", certificate)
            with open(key, encoding="ascii") as one, open(certificate, encoding="ascii") as two:
                bundle += one.read() + two.read()
        self._write(f"{name}.pem", bundle)
        shutil.copy(self._path(f"{name}.encrypt.crt"), self.certificates)

    def identity(self, name):
        pkcs12 = self._path(f"{name}.p12")
        if os.path.exists(pkcs12):
            return ["--identity", pkcs12, "--passphrase-file", self._path(f"{name}.passphrase")]
        return ["--identity", self._path(f"{name}.pem")]

    def sealing(self):
        return ["--recipient-key", self.certificates, "--cipher", "aes-256-gcm"]

    def opening(self):
        return [word for path in self.trust for word in ("--trust", path)]


class PgpKeys:
    """Key files of four people, made in a private keyring that is gone afterwards. The user's own keyring is never touched."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        home = os.path.join(folder, "home")
        os.mkdir(home, 0o700)
        gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        try:
            for name, person in PEOPLE.items():
                who = f"{person} <{address(name, 'pgp')}>"
                run(*gpg, "--quick-generate-key", who, "ed25519", "sign", "30d")
                fingerprint = next(line.split(":")[9] for line in run(*gpg, "--with-colons", "--list-keys", who).splitlines()
                                   if line.startswith("fpr"))
                run(*gpg, "--quick-add-key", fingerprint, "cv25519", "encr", "30d")
                run(*gpg, "--armor", "--output", self._path(f"{name}.pub.asc"), "--export", fingerprint)
                run(*gpg, "--armor", "--output", self._path(f"{name}.sec.asc"), "--export-secret-keys", fingerprint)
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
            shutil.rmtree(home, ignore_errors=True)

    def _path(self, name):
        return os.path.join(self.folder, name)

    def identity(self, name):
        return ["--identity", self._path(f"{name}.sec.asc")]

    def sealing(self):
        return [word for name in PEOPLE for word in ("--recipient-key", self._path(f"{name}.pub.asc"))]

    def opening(self):
        return ["--trust", self._path("alice.pub.asc")]
