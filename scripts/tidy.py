#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tidy.py BUILD_DIR [CHECKS]: clang-tidy over compile_commands.json, two files at a time.

CHECKS, if given, are clang-tidy's --checks instead of those in .clang-tidy. Looks at lib and cli.

A file that passed is remembered in BUILD_DIR/tidy-passed under a hash of all that the verdict hangs on (the command, the settings,
the file and every header of ours that it reaches), so that a second run looks only at what changed.
"""

import concurrent.futures
import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-14"
INCLUDE = re.compile(rb'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
PLACES = [ROOT / "lib/include", ROOT / "lib", ROOT / "tests", ROOT / "cli"]


def settings():
    files = [ROOT / ".clang-tidy", *sorted(ROOT.glob("*/.clang-tidy"))]
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    return version + b"".join(file.read_bytes() for file in files)


def reached_from(source):
    """The file and all headers of ours that it includes, directly or not."""
    reached, waiting = set(), [source]
    while waiting:
        file = waiting.pop()
        if file in reached:
            continue
        reached.add(file)
        for name in INCLUDE.findall(file.read_bytes()):
            for place in [file.parent, *PLACES]:
                header = place / name.decode(errors="replace")
                if header.is_file():
                    waiting.append(header.resolve())
                    break
    return sorted(reached)


def key(entry, common):
    digest = hashlib.sha256(common)
    digest.update(entry["command"].encode())
    for file in reached_from(Path(entry["file"])):
        digest.update(b"\0" + str(file).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def tidy(build, file, checks):
    started = time.monotonic()
    result = subprocess.run(
        [TIDY, "--quiet", "-p", str(build), *([f"--checks={checks}"] if checks else []), file], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return result.returncode == 0, result.stdout, time.monotonic() - started


def main(build, checks=""):
    build = Path(build).resolve()
    passed = build / "tidy-passed"
    passed.mkdir(exist_ok=True)
    common = settings() + checks.encode()
    waiting = {}
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        if Path(entry["file"]).is_relative_to(build):
            continue  # generated
        if Path(entry["file"]).is_relative_to(ROOT / "tests"):
            continue  # the compilers' warnings are errors there, and the tests run under sanitizers
        name = key(entry, common)
        if not (passed / name).exists():
            waiting[entry["file"]] = name
    print(f"clang-tidy: {len(waiting)} of {len(entries)} files to look at", flush=True)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        looks = {pool.submit(tidy, build, file, checks): file for file in sorted(waiting)}
        for look in concurrent.futures.as_completed(looks):
            file = looks[look]
            good, said, seconds = look.result()
            print(f"{'ok' if good else 'FAILED'} {Path(file).relative_to(ROOT)} ({seconds:.1f} s)", flush=True)
            if good:
                (passed / waiting[file]).touch()
            else:
                print(said, flush=True)
                failed += 1
    print(f"clang-tidy: {failed} files failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
