# SPDX-License-Identifier: MIT
"""Other programs read the own vectors: openssl, gpg, gpgsm, and own_reader.py for what none of them can."""
import email
import email.policy
import os
import re
import tempfile

import cryptography

import own_reader

PYTHON_READER = f"own_reader.py on python3-cryptography {cryptography.__version__}"


def read(path):
    with open(path, "rb") as file:
        return file.read()


class SecondReaders:
    """For the maker: `run`, `place`, `gpg_home` and `scratch` are its own."""

    def second_reader(self, case, path, reader):
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            reading = self.read_pgp if case.protocol == "pgp" else self.read_smime
            found = [reading(case, path, reader, folder)]
            if case.gpgsm:
                found.append(self.read_gpgsm(case, path, reader, folder))
            for content, around, _ in found:
                self.look_inside(case, content, around)
            return sorted({name for _, _, names in found for name in names})

    @staticmethod
    def look_inside(case, content, around):
        """The parts, and the protected subject: compression is no protection, so that stands on the part around it."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        around = email.message_from_bytes(around, policy=email.policy.default)
        leaves = [part for part in message.walk() if not part.is_multipart()]

        def must(holds, what):
            if not holds:
                raise SystemExit(f"make_own: {case.id}: the second reader found {what}")
        must(around["Subject"] is None if case.policy == "off" else str(around["Subject"]) == case.subject, "another subject")
        must([leaf.get_content_type() for leaf in leaves] == [kind for kind, _ in case.parts], "other parts")
        for leaf, (kind, wanted) in zip(leaves, case.parts):
            if kind.startswith("text/"):
                must(wanted.strip() in leaf.get_content().replace("\r\n", "\n"), "another text")
            elif wanted is not None:
                must(leaf.get_content() == wanted, "another attachment")
        version = around.get_param("protected-headers")
        must(version == ("v1" if "--compat-protected-headers" in case.words else None), f"protected-headers={version}")

    def read_smime(self, case, path, reader, folder):
        """Layer by layer, by openssl or by own_reader; the names of those that read it."""
        names = []
        for depth, (kind, _) in enumerate(case.layers):
            made = os.path.join(folder, str(depth))
            if "enveloped" in kind:
                words = ["-decrypt", "-inkey", self.place(reader.key), "-recip", self.place(reader.certificate)]
            elif kind == "smime-signed":
                trust = os.path.join(folder, "trust.pem")
                with open(trust, "wb") as file:
                    file.writelines(read(self.place(one)) for one in case.trust)
                words = ["-verify", "-CAfile", trust]
            else:
                words = ["-uncompress"]
            done = self.run("openssl", "cms", *words, "-in", path, "-out", made, check=False)
            if done.returncode == 0:
                names.append(self.openssl)
            else:
                self.must_be_a_limit(case, done)
                with open(made, "wb") as file:
                    file.write(self.read_ourselves(case, kind, read(path), reader))
                names.append(PYTHON_READER)
            above, path = path, made
        return read(path), read(above if kind == "smime-compressed" else path), sorted(set(names))

    def read_gpgsm(self, case, path, reader, folder):
        """Layer by layer, by gpgsm with a keyring of its own that trusts the case's CA."""
        home = os.path.join(folder, "g")
        os.mkdir(home, 0o700)
        for name, content in (("gpgsm.conf", "disable-crl-checks\ndisable-policy-checks\n"), ("gpg-agent.conf", "allow-loopback-pinentry\n")):
            with open(os.path.join(home, name), "w", encoding="ascii") as file:
                file.write(content)
        with open(os.path.join(home, "trustlist.txt"), "w", encoding="ascii") as file:
            for one in case.trust:
                print_ = self.run("openssl", "x509", "-in", self.place(one), "-noout", "-fingerprint", "-sha1").stdout.decode()
                file.write(print_.strip().partition("=")[2] + " S relax\n")
        gpgsm = ("gpgsm", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--status-fd", "1", "--yes")
        try:
            # gpgsm 2.2 stumbles over a recipient whose certificate it does not have.
            self.run(*gpgsm, "--import", *(self.place(one) for one in (*case.trust, case.writer.certificate) if one))
            if case.encrypted:
                bag = os.path.join(folder, "bag.p12")
                # gpgsm 2.2 cannot read about one bag in a hundred (by its salt, it seems): then another one is made.
                for last in (False, False, False, True):
                    self.run("openssl", "pkcs12", "-export", "-legacy", "-in", self.place(reader.certificate), "-inkey",
                             self.place(reader.key), "-passout", "pass:secret", "-out", bag)
                    if self.run(*gpgsm, "--import", bag, said=b"secret\n", check=last).returncode == 0:
                        break
            content = read(path)
            for kind, _ in case.layers:
                content = self.peel_gpgsm(gpgsm, kind, content, folder)
        finally:
            self.run("gpgconf", "--homedir", home, "--kill", "all", check=False)
        return content, content, [self.gpgsm]

    def peel_gpgsm(self, gpgsm, kind, content, folder):
        made, object_, signed = (os.path.join(folder, name) for name in ("sm.out", "sm.der", "sm.in"))
        entity = email.message_from_bytes(content)
        parts = self.parts_of(content) if entity.is_multipart() else []
        with open(object_, "wb") as file:
            file.write((entity.get_payload()[1] if parts else entity).get_payload(decode=True))
        if kind == "smime-enveloped":
            # Its exit code is another one when a further recipient's key is not there.
            done = self.run(*gpgsm, "--output", made, "--decrypt", object_, said=b"secret\n", check=False)
            if b"DECRYPTION_OKAY" not in done.stdout:
                raise SystemExit(f"make_own: gpgsm: {done.stderr.decode(errors='replace')}")
            return read(made)
        if parts:
            with open(signed, "wb") as file:
                file.write(parts[0])
            said = self.run(*gpgsm, "--verify", object_, signed).stdout.decode()
        else:
            said = self.run(*gpgsm, "--output", made, "--verify", object_).stdout.decode()
        if "GOODSIG" not in said or "TRUST_FULLY" not in said:
            raise SystemExit(f"make_own: gpgsm: {said}")
        return parts[0] if parts else read(made)

    def read_ourselves(self, case, kind, message, reader):
        if kind == "smime-compressed":
            return own_reader.uncompress(message)
        if kind == "smime-signed":
            detached = self.parts_of(message)[0] if b"multipart/signed" in message.partition(b"\r\n\r\n")[0] else None
            return own_reader.verify(message, detached, read(self.place(case.writer.signs_by)))
        return own_reader.decrypt(message, read(self.place(reader.certificate)), read(self.place(reader.key)))

    #: What openssl 3.0 as Debian builds it says of kinds it does not know; anything else is a fault of the message.
    LIMITS = ("unsupported compression algorithm", "no matching recipient", "invalid digest", "unknown digest algorithm")

    def must_be_a_limit(self, case, done):
        said = done.stderr.decode(errors="replace")
        curve = re.search(r"x448|x25519|ed448|ed25519", case.id)
        if not ("smime-compressed" in case.kinds or curve) or not any(limit in said for limit in self.LIMITS):
            raise SystemExit(f"make_own: {case.id}: openssl: {said}")

    def read_pgp(self, case, path, reader, _):
        with open(path, "rb") as file:
            content = file.read()
        keys = [self.place(one) for one in case.trust] + ([self.place(reader.key)] if case.encrypted and not case.passphrase else [])
        with self.gpg_home(keys) as (gpg, folder):
            for kind, facts in case.layers:
                if case.passphrase:
                    gpg = ["--passphrase-fd=0" if word == "--passphrase" else word for word in gpg if word]
                content, said = self.peel_pgp(gpg, kind, content, folder, (case.passphrase or "").encode())
                if "--hidden-recipients" in case.words and re.search(r"ENC_TO (?!0{16} )", said):
                    raise SystemExit(f"make_own: {case.id}: gpg sees a key id: {said}")
                if said.count("GOODSIG ") != (case.signers if facts.get("signed") else 0) or "BADSIG" in said:
                    raise SystemExit(f"make_own: {case.id}: gpg: {said}")
        return content, content, [self.gpg]

    @staticmethod
    def parts_of(content):
        """The octets of a multipart's parts."""
        boundary = re.escape(email.message_from_bytes(content).get_boundary().encode())
        body = b"\r\n" + content.partition(b"\r\n\r\n")[2] + b"\r\n"
        return re.split(rb"\r?\n--" + boundary + rb"(?:--)?[ \t]*\r?\n", body)[1:]

    def peel_pgp(self, gpg, kind, content, folder, passphrase=b""):
        parts = self.parts_of(content)
        armour, made = os.path.join(folder, "armour"), os.path.join(folder, "content")
        with open(armour, "wb") as file:
            file.write(parts[1].partition(b"\r\n\r\n")[2])
        if kind == "pgp-signed":
            with open(made, "wb") as file:
                file.write(parts[0])
            return parts[0], self.run(*gpg, "--verify", armour, made).stdout.decode()
        done = self.run(*gpg, "--yes", "--output", made, "--decrypt", armour, said=passphrase)
        with open(made, "rb") as file:
            return file.read(), done.stdout.decode()
