#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""exports.py LIBRARY: every symbol that the shared library exports belongs to namespace mimeseal."""

import re
import subprocess
import sys

OURS = re.compile(
    r"(?:(?:typeinfo|typeinfo name|vtable|VTT|construction vtable|guard variable|virtual thunk|non-virtual thunk)"
    r" (?:for|to) )?mimeseal::"
)


def main(library):
    listing = subprocess.run(
        ["nm", "--dynamic", "--defined-only", "--demangle", library], check=True, capture_output=True, text=True
    ).stdout
    names = [line.split(maxsplit=2)[2] for line in listing.splitlines()]
    foreign = [name for name in names if not OURS.match(name)]
    for name in foreign:
        print(f"exported, but not ours: {name}")
    if not names:
        print("nothing is exported: is MIMESEAL_API missing?")
    print(f"{len(names)} symbols, {len(foreign)} foreign")
    return 1 if foreign or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
