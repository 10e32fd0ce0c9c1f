#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""open_mail.py MIMESEAL [MEGABYTES]: opens large S/MIME mail with the tool and with `openssl cms`, both as a user would.

For each form one message with one attachment of that size is sealed. Then both read the message file and write the payload to a
file; the cheaper of two rounds counts. Processor time and the most memory a process had are compared, so that a busy machine
does not count. Needs about five times as much room in $TMPDIR (on a disk: files in memory do not show what writing costs)."""
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEYS = os.path.join(ROOT, "testdata", "ietf-rfc9216")
CA = os.path.join(KEYS, "ca.rsa.crt")
TO_BOB = ["--encrypt", "--recipient-key", os.path.join(KEYS, "bob.encrypt.crt")]

# name -> (options of `mimeseal seal`, words of `openssl cms`); None: openssl cannot, or Debian's cannot.
FORMS = {
    "authEnveloped": (TO_BOB, "-decrypt"),
    "enveloped": ([*TO_BOB, "--cipher", "aes-256-cbc"], "-decrypt"),
    "signed, opaque": (["--sign", "--signature", "opaque"], "-verify"),
    "signed, detached": (["--sign", "--signature", "detached"], "-verify"),
    "compressed": (["--sign", "--compress"], None),
}


def measured(words, folder):
    """Processor seconds and megabytes of the process; None when it failed."""
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(os.path.join(folder, "log"), "rb") as log:
            sys.stderr.write(f"{words[:3]}: {process.returncode}: {log.read(500).decode(errors='replace')}\n")
        return None
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def better(words, folder, result):
    rounds = []
    for _ in range(2):
        cost = measured(words, folder)
        if os.path.exists(result):
            os.remove(result)
        if cost is None:
            return None
        rounds.append(cost)
    return min(rounds)


def main():
    tool = os.path.abspath(sys.argv[1])
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 256
    only = sys.argv[3:]
    folder = tempfile.mkdtemp(prefix="mimeseal-bench-")
    path = lambda name: os.path.join(folder, name)
    try:
        with open(path("attachment.bin"), "wb") as file:
            for _ in range(megabytes):
                # Half of it repeats, so that compression has something to do.
                file.write(random.randbytes(1 << 19) + bytes(1 << 19))
        for name in ("alice", "bob"):
            with open(path(name), "w", encoding="ascii") as file:
                file.write(name + "\n")
        alice = ["--identity", os.path.join(KEYS, "alice.p12"), "--passphrase-file", path("alice")]
        bob = ["--identity", os.path.join(KEYS, "bob.p12"), "--passphrase-file", path("bob")]
        print(f"{'form':<18}{'ours s':>8}{'MB':>7}{'openssl s':>11}{'MB':>7}{'ratio':>7}   of {megabytes} MB")
        for form, (sealing, words) in FORMS.items():
            if only and not any(form.startswith(name) for name in only):
                continue
            subprocess.run([tool, "seal", "--from", "alice@smime.example", "--to", "bob@smime.example", "--subject", "s", "--text", "t\n",
                            "--attach", path("attachment.bin"), *alice, *sealing, "-o", path("message.eml")], check=True)
            release = ["--allow-unauthenticated"] if form == "enveloped" else []
            ours = better([tool, "open", path("message.eml"), *bob, "--trust", CA, "-o", path("payload"), *release], folder, path("payload"))
            theirs = None
            if words == "-decrypt":
                theirs = ["-decrypt", "-inkey", os.path.join(KEYS, "bob.encrypt.key"), "-recip", os.path.join(KEYS, "bob.encrypt.crt")]
            elif words:
                theirs = ["-verify", "-CAfile", CA]
            cost = better(["openssl", "cms", *theirs, "-in", path("message.eml"), "-out", path("payload")], folder,
                          path("payload")) if theirs else None
            line = f"{form:<18}" + (f"{ours[0]:>8.2f}{ours[1]:>7.0f}" if ours else "  failed       ")
            if cost:
                line += f"{cost[0]:>11.2f}{cost[1]:>7.0f}" + (f"{cost[0] / ours[0]:>6.1f}x" if ours else "")
            print(line, flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
