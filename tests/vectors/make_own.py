#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Makes the own vectors: sealed messages and the manifest that says what a reader must find in them.

    make_own.py OUTDIR [--tool PATH] [--keys DIR] [--jobs N]

The expectations come from what was asked for (own_cases.py), never from what mimeseal answers. Each message is also read by a second
program (openssl, gpg, gpgsm too where it can, own_reader.py where none of them can); only when it found the text and a good signature does `verified_by` name it.
Keys are made once and stay: OUTDIR/keys unless --keys names them. Everything else is fresh: nonces, salts and times are never pinned.
"""
import argparse
import concurrent.futures
import contextlib
import datetime
import email
import email.policy
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

import own_keys
import own_second
from own_cases import COMPLEX, FILE, HTML, RFC9216, ROOT, TEXT, recipe
from own_second import read


# ---- Making the messages ----------------------------------------------------------------------------------------------

class Maker(own_second.SecondReaders):
    def __init__(self, folder, keys, tool, scratch):
        self.folder, self.keys, self.tool, self.scratch = folder, keys, tool, scratch
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.at = (self.now + datetime.timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")
        self.environment = {"PATH": os.environ["PATH"], "HOME": scratch, "LANG": "C.UTF-8", "TMPDIR": scratch}
        self.openssl = "OpenSSL " + self.run("openssl", "version").stdout.decode().split()[1]
        self.gpg = "GnuPG " + self.run("gpg", "--version").stdout.decode().split("\n", 1)[0].split()[-1]
        self.gpgsm = "gpgsm " + self.run("gpgsm", "--version").stdout.decode().split("\n", 1)[0].split()[-1]
        for name, content in (("part.html", HTML.encode()), ("part.bin", FILE)):
            with open(os.path.join(scratch, name), "wb") as file:
                file.write(content)

    def run(self, *words, check=True, said=b"", **more):
        done = subprocess.run(words, input=said, capture_output=True, env=self.environment, check=False, timeout=60, **more)
        if check and done.returncode != 0:
            raise SystemExit(f"make_own: {' '.join(words)}\n{done.stderr.decode(errors='replace')}")
        return done

    def place(self, name):
        return os.path.join(RFC9216, name[1:]) if name.startswith("@") else os.path.join(self.keys, name)

    def seal(self, case):
        """The files of the case: one, or the copy of the named recipients and one a Bcc recipient."""
        words = [self.tool, "seal", "--no-config", "--from", case.writer.mailbox, "--subject", case.subject, "--text", TEXT, "--date",
                 self.now.strftime("%Y-%m-%dT%H:%M:%SZ"), "--message-id", f"<{case.id}@own.example>", "--protocol", case.protocol,
                 *case.words]
        if case.parts == COMPLEX:
            words += ["--html-file", os.path.join(self.scratch, "part.html"), "--attach", os.path.join(self.scratch, "part.bin")]
        if case.passphrase:
            words += ["--passphrase-file", self.secret(case.passphrase)]
        if "--sign" in case.words:
            signing = case.writer.identities if case.protocol == "smime" else case.writer.identities[:1]
            words += [word for one in signing for word in ("--identity", self.place(one))]
        for option, people in (("--to", case.to), ("--bcc", case.bcc)):
            for one in people:
                words += [option, one.mailbox]
                if case.encrypted and not case.passphrase:
                    words += ["--recipient-key", self.place(one.certificate)]
        if case.encrypted and "--no-encrypt-to-self" not in case.words:
            words += ["--recipient-key", self.place(case.writer.certificate)]
        if case.answers:
            words += ["--in-reply-to", os.path.join(self.folder, case.answers + ".eml"), "--trust", self.place(case.reader.trust)]
        if case.writer.passphrase and "--sign" in case.words:
            words += ["--passphrase-file", self.secret(case.writer.passphrase)]
        target = os.path.join(self.folder, case.id + ".eml")
        if not case.bcc:
            self.run(*words, "-o", target)
            if case.signers > 1 and case.protocol == "pgp":
                self.add_signer(case, target)
            return [(case.id, case.reader)]
        copies = os.path.join(self.scratch, case.id)
        os.mkdir(copies)
        self.run(*words, "-o", copies)
        return self.tell_copies_apart(case, sorted(glob.glob(os.path.join(copies, "*"))))

    def secret(self, passphrase):
        """A new file that holds it."""
        descriptor, path = tempfile.mkstemp(dir=self.scratch)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(passphrase + "\n")
        return path

    def add_signer(self, case, path):
        """Of two keys of one algorithm mimeseal signs with one, so gpg makes both signatures."""
        message = read(path)
        with self.gpg_home([self.place(one) for one in case.writer.identities]) as (gpg, folder):
            content = os.path.join(folder, "content")
            with open(content, "wb") as file:
                file.write(self.parts_of(message)[0])
            users = [word for one in ("1", "2") for word in ("--local-user", self.fingerprint(f"several.{one}.pub.asc"))]
            made = self.run(*gpg, "--digest-algo", "SHA512", *users, "--armor", "--output", "-", "--detach-sign", content).stdout
        armour = re.compile(rb"-----BEGIN PGP SIGNATURE-----.*?-----END PGP SIGNATURE-----\r?\n", re.S)
        message = armour.sub(lambda _: re.sub(rb"\r?\n", b"\r\n", made[made.index(b"-----BEGIN"):]), message)
        with open(path, "wb") as file:
            file.write(message)

    def fingerprint(self, name):
        listed = self.run("gpg", "--homedir", self.scratch, "--batch", "--with-colons", "--show-keys", self.place(name)).stdout.decode()
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    @contextlib.contextmanager
    def gpg_home(self, keys):
        """gpg with a keyring of its own, and a folder for its files."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            home = os.path.join(folder, "h")
            os.mkdir(home, 0o700)
            gpg = ("gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model",
                   "always", "--status-fd", "1")
            try:
                self.run(*gpg, "--import", *keys)
                yield gpg, folder
            finally:
                self.run("gpgconf", "--homedir", home, "--kill", "all", check=False)

    def tell_copies_apart(self, case, paths):
        """Which copy is whose: the file of a Bcc recipient's copy is named after the address."""
        if len(paths) != 1 + len(case.bcc):
            raise SystemExit(f"make_own: {case.id}: {len(paths)} copies for {len(case.bcc)} Bcc recipients")
        paths.sort(key=lambda path: case.bcc[0].address in path)
        found = []
        for path, reader, name in zip(paths, [case.reader, *case.bcc], [case.id + "-named", case.id + "-hidden"]):
            if case.bcc[0].address.encode() in open(path, "rb").read():
                raise SystemExit(f"make_own: {case.id}: {path} names the Bcc recipient")
            shutil.copyfile(path, os.path.join(self.folder, name + ".eml"))
            found.append((name, reader))
        return found

    def entry(self, case, name, reader):
        keys = {"protocol": case.protocol, "trust": [self.relative(one) for one in case.trust]}
        if case.passphrase:
            keys["passphrase"] = case.passphrase
        elif case.encrypted:
            keys["identities"] = [self.relative(one) for one in reader.identities]
            if reader.passphrase:
                keys["passphrase"] = reader.passphrase
        path = os.path.join(self.folder, name + ".eml")
        self.look_outside(case, path)
        entry = {"id": name, "comment": case.comment, "do": "open", "input": name + ".eml", "keys": keys, "at": self.at}
        if case.options:
            entry["options"] = case.options
        return {**entry, "verified_by": self.second_reader(case, path, reader), "expect": case.expectation()}

    def relative(self, name):
        return os.path.relpath(self.place(name), self.folder)

    def look_outside(self, case, path):
        """Python's email reads the header: what is to be hidden is not there."""
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        outside = {"Subject": str(message["Subject"]), "From": str(message["From"]), "To": str(message["To"])}
        inside = {"Subject": case.subject, "From": case.writer.mailbox, "To": ", ".join(one.mailbox for one in case.to)}
        hidden = [field for field in outside if outside[field] != inside[field]]
        if sorted(hidden) != sorted(case.confidential) or message["Bcc"]:
            raise SystemExit(f"make_own: {case.id}: outside {outside} hides {hidden}, not {case.confidential}")
        # What the policy hides itself is as the policy has it, the rest as the header of the message that is answered had it.
        if "Subject" in hidden and outside["Subject"] != ("Re: [...]" if case.policy == "no-confidentiality" else "[...]"):
            raise SystemExit(f"make_own: {case.id}: the subject outside is {outside['Subject']}")


README = """# Own vectors

Sealed messages of kinds that nobody else publishes, made by `tests/vectors/make_own.py` with mimeseal and the keys in `keys`. What each
is to show stands in `manifest.json`; its expectations are the recipe's intent. `verified_by` names the programs that
read the message too: openssl, gpg, gpgsm; or `own_reader.py`, written from the RFCs, for layers that openssl of Debian 12 cannot read. Licence: MIT, as mimeseal.
"""


def main():
    arguments = argparse.ArgumentParser(description="makes the own vectors")
    arguments.add_argument("folder")
    arguments.add_argument("--tool", default=os.path.join(ROOT, "build", "dev", "bin", "mimeseal"))
    arguments.add_argument("--keys", help="where the keys are; OUTDIR/keys unless given")
    arguments.add_argument("--jobs", type=int, default=4)
    given = arguments.parse_args()
    folder = os.path.abspath(given.folder)
    keys = os.path.abspath(given.keys or os.path.join(folder, "keys"))
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(keys):
        own_keys.make_keys(keys)
    scratch = tempfile.mkdtemp(prefix="ms-", dir="/tmp")
    try:
        maker = Maker(folder, keys, os.path.abspath(given.tool), scratch)
        def work(case):
            return [maker.entry(case, *copy) for copy in maker.seal(case)]
        cases = list(recipe())
        with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
            made = list(pool.map(work, [case for case in cases if not case.answers]))
            made += list(pool.map(work, [case for case in cases if case.answers]))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    entries = [entry for group in made for entry in group]
    manifest = {"format": 1, "name": "own vectors", "description": "What nobody else publishes, made by tests/vectors/make_own.py",
                "source": "mimeseal", "licence": "MIT", "cases": entries}
    with open(os.path.join(folder, "manifest.json"), "w", encoding="utf-8") as file:
        file.write(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
        file.write(README)
    print(f"{len(entries)} cases, each read by a second program")


if __name__ == "__main__":
    main()
