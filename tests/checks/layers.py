#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""layers.py ROOT: arrows between modules run one way, and third-party headers stay private.

Each lib/<module>/CMakeLists.txt says in its mimeseal_module() line what the module leans on. This check holds the line to the
picture in docs/ARCHITECTURE.md (ARROWS below), and every #include to the line:
  - a module includes itself, the modules it leans on and, through them, theirs;
  - of the modules below it, only public headers (INNER names the exceptions);
  - lib/include names no third party at all; lib/<module> only those that the module links;
  - the tool may include every module.
"""

import re
import sys
from pathlib import Path

ARROWS = {
    "core": set(),
    "mime": {"core"},
    "crypto": {"core"},
    "send": {"core"},
    "mail": {"mime", "crypto", "send"},
    "smime": {"crypto"},
    "pgp": {"crypto"},
    "net": {"send"},
    "smtp": {"send", "net"},
    "local": {"send"},
    "aws": {"send", "net"},
    "toolkit": {"mail", "smime", "pgp", "smtp", "local", "aws"},
    "vectors": {"toolkit"},
}

# Neighbours that share private headers, since what is in them may not be public: a libcurl handle, a JSON value.
INNER = {("smtp", "net"), ("vectors", "toolkit")}

# Where an include begins like this, its module has to link one of these.
THIRD_PARTIES = {
    "openssl/": {"OpenSSL::Crypto", "OpenSSL::SSL"},
    "zlib.h": {"ZLIB::ZLIB"},
    "curl/": {"CURL::libcurl"},
    "gpgme.h": {"GpgME::GpgME"},
    "gpg-error.h": {"GpgME::GpgME"},
    "idn2.h": {"LibIDN2::LibIDN2"},
    "mimetic/": {"Mimetic::Mimetic"},
    "nlohmann/": {"nlohmann_json::nlohmann_json"},
    "valijson/": {"valijson"},
    "boost/": set(),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
DECLARATION = re.compile(r"mimeseal_module\(([^)]*)\)")


def declared(root):
    """module -> (modules named after DEPENDS, targets named after LINK and HEADER_ONLY)"""
    found = {}
    for file in sorted(root.glob("lib/*/CMakeLists.txt")):
        words = DECLARATION.search(file.read_text()).group(1).split()
        groups = {"DEPENDS": set(), "LINK": set(), "HEADER_ONLY": set()}
        current = None
        for word in words[1:]:
            if word in groups:
                current = word
            else:
                groups[current].add(word)
        found[words[0]] = (groups["DEPENDS"], groups["LINK"] | groups["HEADER_ONLY"])
    return found


def below(module):
    reached, waiting = set(), [module]
    while waiting:
        for lower in ARROWS[waiting.pop()] - reached:
            reached.add(lower)
            waiting.append(lower)
    return reached


def fault_of_include(header, module, public, links, allowed):
    """What is wrong with one #include in the given module, or nothing."""
    parts = header.split("/")
    if parts[0] == "mimeseal" and len(parts) > 2:
        if parts[1] not in allowed | {module}:
            return f"{module} may not include {parts[1]}"
        return ""
    if parts[0] in ARROWS and len(parts) > 1:
        if public:
            return "a public header includes a private one"
        return "" if parts[0] == module or (module, parts[0]) in INNER else f"private header of {parts[0]}"
    for prefix, targets in THIRD_PARTIES.items():
        if header.startswith(prefix):
            if public:
                return "third-party header in a public header"
            return "" if targets & links else f"{module} does not link what this header belongs to"
    return ""


def main(root):
    root = Path(root)
    faults = []
    links = {}
    for module, (depends, targets) in declared(root).items():
        links[module] = targets
        if module not in ARROWS:
            faults.append(f"lib/{module}: not in the picture (ARROWS in tests/checks/layers.py)")
        elif depends - ARROWS[module]:
            faults.append(f"lib/{module}/CMakeLists.txt: DEPENDS {' '.join(sorted(depends - ARROWS[module]))} is not in the picture")

    for module in ARROWS:
        allowed = below(module)
        for folder, public in ((root / "lib/include/mimeseal" / module, True), (root / "lib" / module, False)):
            for file in sorted(folder.rglob("*")):
                if file.suffix not in (".h", ".hpp", ".cpp", ".inc"):
                    continue
                text = file.read_text()
                for match in INCLUDE.finditer(text):
                    header = match.group(1)
                    fault = fault_of_include(header, module, public, links.get(module, set()), allowed)
                    if fault:
                        line = text.count("\n", 0, match.start(1)) + 1
                        faults.append(f"{file.relative_to(root)}:{line}: {header}: {fault}")

    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
