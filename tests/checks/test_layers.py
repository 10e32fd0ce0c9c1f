#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The layer check refuses what it is there to refuse."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import layers


class Layers(unittest.TestCase):
    def verdict(self, path, text, module="smime", declaration="DEPENDS crypto LINK OpenSSL::Crypto"):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "lib" / module).mkdir(parents=True)
            (root / "lib" / module / "CMakeLists.txt").write_text(f"mimeseal_module({module} {declaration})\n")
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                code = layers.main(root)
            return code, said.getvalue()

    def test_what_lies_below_may_be_included(self):
        text = '#include "smime/ber.h"\n#include "mimeseal/crypto/engine.h"\n#include "mimeseal/core/api.h"\n#include <openssl/cms.h>\n'
        self.assertEqual(self.verdict("lib/smime/a.cpp", text), (0, ""))

    def test_upwards_and_sideways_are_refused(self):
        for upper in ("mail", "toolkit", "pgp", "mime"):
            code, said = self.verdict("lib/smime/a.cpp", f'\n#include "mimeseal/{upper}/x.h"\n')
            self.assertEqual(code, 1)
            self.assertIn("lib/smime/a.cpp:2", said)
            self.assertIn(f"smime may not include {upper}", said)

    def test_anothers_private_header_is_refused(self):
        self.assertIn("private header of crypto", self.verdict("lib/smime/a.cpp", '#include "crypto/x.h"\n')[1])

    def test_a_public_header_includes_no_private_one(self):
        said = self.verdict("lib/include/mimeseal/smime/a.h", '#include "smime/ber.h"\n')[1]
        self.assertIn("a public header includes a private one", said)

    def test_a_public_header_includes_no_third_party(self):
        said = self.verdict("lib/include/mimeseal/smime/a.h", "#include <openssl/cms.h>\n")[1]
        self.assertIn("third-party header in a public header", said)

    def test_a_third_party_that_is_not_linked_is_refused(self):
        self.assertIn("does not link", self.verdict("lib/smime/a.cpp", "#include <curl/curl.h>\n")[1])

    def test_an_arrow_outside_the_picture_is_refused(self):
        self.assertIn("not in the picture", self.verdict("lib/smime/a.cpp", "", declaration="DEPENDS mail")[1])
        self.assertIn("not in the picture", self.verdict("lib/x/a.cpp", "", module="x", declaration="")[1])


if __name__ == "__main__":
    unittest.main()
