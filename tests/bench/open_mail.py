#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""open_mail.py MIMESEAL [MEGABYTES]: opens large S/MIME mail with the tool and with `openssl cms`, both as a user would.

For each form one message with one attachment of that size is sealed. Then both read the message file and write the payload to a
file, in turns; the better of three rounds counts, for each figure by itself: elapsed time, which is what a user waits (the tool
uses a second processor and waits for the disk; openssl does neither), processor time, which a busy machine changes less, and the most memory
that the process had. Both payloads are compared. Needs about five times as much room in $TMPDIR (on a disk: files in memory do not
show what writing costs)."""
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

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
    """Elapsed seconds, processor seconds and megabytes of the process; None when it failed."""
    with open(os.path.join(folder, "log"), "wb") as log:
        begin = time.monotonic()
        process = subprocess.Popen(words, stdout=log, stderr=log, cwd=folder)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        with open(os.path.join(folder, "log"), "rb") as log:
            sys.stderr.write(f"{words[:3]}: {process.returncode}: {log.read(500).decode(errors='replace')}\n")
        return None
    return elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def digest(path):
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.digest()


def best(commands, folder, result):
    """Each command's best figures of three rounds, taken in turns; None for one that fails or does not exist."""
    figures = [None] * len(commands)
    digests = set()
    for round_ in range(3):
        for i, words in enumerate(commands):
            cost = measured(words, folder) if words else None
            if round_ == 0 and cost:
                digests.add(digest(result))
            if os.path.exists(result):
                os.remove(result)
            if cost:
                figures[i] = [min(pair) for pair in zip(figures[i] or cost, cost)]
    if len(digests) > 1:
        sys.exit("the payloads differ")
    return figures


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
        print(f"{'of ' + str(megabytes) + ' MB':<18}{'ours: s':>9}{'CPU s':>7}{'MB':>5}{'openssl: s':>12}{'CPU s':>7}{'MB':>6}"
              f"{'elapsed':>10}{'CPU':>7}")
        for form, (sealing, words) in FORMS.items():
            if only and not any(form.startswith(name) for name in only):
                continue
            subprocess.run([tool, "seal", "--from", "alice@smime.example", "--to", "bob@smime.example", "--subject", "s", "--text", "t\n",
                            "--attach", path("attachment.bin"), *alice, *sealing, "-o", path("message.eml")], check=True,
                           stderr=subprocess.DEVNULL)
            release = ["--allow-unauthenticated"] if form == "enveloped" else []
            ours = [tool, "open", path("message.eml"), *bob, "--trust", CA, "-o", path("payload"), *release]
            theirs = None
            if words == "-decrypt":
                theirs = ["-decrypt", "-inkey", os.path.join(KEYS, "bob.encrypt.key"), "-recip", os.path.join(KEYS, "bob.encrypt.crt")]
            elif words:
                theirs = ["-verify", "-CAfile", CA]
            theirs = theirs and ["openssl", "cms", *theirs, "-in", path("message.eml"), "-out", path("payload")]
            own, other = best([ours, theirs], folder, path("payload"))
            line = f"{form:<18}" + (f"{own[0]:>9.2f}{own[1]:>7.2f}{own[2]:>5.0f}" if own else f"{'failed':>21}")
            if own and other:
                line += f"{other[0]:>12.2f}{other[1]:>7.2f}{other[2]:>6.0f}{other[0] / own[0]:>9.1f}x{other[1] / own[1]:>6.1f}x"
            print(line, flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
