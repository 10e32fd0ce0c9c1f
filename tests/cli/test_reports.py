#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the tool prints fits schemas/report, judged by another validator; drafts and manifests fit theirs, and what does not is refused."""
import glob
import json
import os
import re
import unittest

import jsonschema

from cli.tool import CA, DATA, RFC9216, ROOT, ToolTest

import peers

SCHEMAS = os.path.join(ROOT, "schemas")
KEYS = os.path.join(DATA, "own", "keys")


def load(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return json.load(file)


def validator(schema):
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.draft7_format_checker)


def differences(schema, document):
    return [f"{error.json_path}: {error.message[:300]}" for error in validator(schema).iter_errors(document)]


class Reports(ToolTest):
    def fits(self, kind, result):
        """Fits its own kind of report, and by oneOf no other one."""
        schema = load(SCHEMAS, "report.schema.json")
        alone = {"definitions": schema["definitions"], "$ref": f"#/definitions/{kind}"}
        self.assertEqual(differences(alone, result.json), [])
        self.assertEqual(differences(schema, result.json), [])

    def test_open(self):
        sealed = self.sealed()
        self.fits("open", self.run_tool("open", sealed, "--json", *self.bob(), "--trust", CA))
        for path in ("own/smime-shy.eml", "own/triple-wrapped.eml", "own/smime-several.eml", "own/compressed-sealed.eml"):
            with self.subTest(path=path):
                self.fits("open", self.run_tool("open", os.path.join(DATA, path), "--json", *self.bob(), "--trust", CA, expect=None))
        for path in ("own/pgp-signed.eml", "own/pgp-nested.eml", "own/pgp-several.eml"):
            with self.subTest(path=path):
                self.fits("open", self.run_tool("open", os.path.join(DATA, path), "--json", "--identity", os.path.join(KEYS, "bob.sec.asc"),
                                                "--trust", os.path.join(KEYS, "alice.pub.asc"), expect=None))

    def test_open_without_a_key_and_of_what_is_no_good(self):
        result = self.run_tool("open", self.sealed(), "--json", expect=77)
        self.fits("open", result)
        for name in ("dovecot-malformed/000.eml", "dovecot-malformed/005.eml", "mime4j-testmsgs", "ietf-rfc4134/4.9.eml"):
            path = os.path.join(DATA, name)
            for file in [path] if path.endswith(".eml") else sorted(glob.glob(path + "/**/*.msg", recursive=True))[:8]:
                with self.subTest(file=file):
                    result = self.run_tool("open", file, "--json", expect=None)
                    self.fits("error" if "error" in result.json else "open", result)

    def test_inspect(self):
        for path in (self.sealed(), os.path.join(DATA, "own", "pgp-nested.eml"), os.path.join(DATA, "own", "smime-several.eml")):
            with self.subTest(path=path):
                self.fits("inspect", self.run_tool("inspect", path, "--json"))

    def test_seal(self):
        self.fits("seal", self.run_tool("seal", *self.draft(), *self.sealing(), "--json", "-o", self.path("a.eml")))
        self.fits("seal", self.run_tool("seal", *self.draft(), "--sign", *self.alice(), "--json", "-o", self.path("b.eml")))
        bcc = ["--bcc", "p256@own.example", "--recipient-key", os.path.join(KEYS, "p256.crt")]
        result = self.run_tool("seal", *self.draft(), *self.sealing(), *bcc, "--json", "-o", self.path("copies"))
        self.fits("seal", result)
        self.assertNotIn("p256@own.example", result.text)
        self.fits("seal", self.run_tool("seal", "--from", "alice@own.example", "--to", "bob@own.example", "--text", "x", "--sign",
                                        "--encrypt", "--identity", os.path.join(KEYS, "alice.sec.asc"), "--recipient-key",
                                        os.path.join(KEYS, "bob.pub.asc"), "--json", "-o", self.path("c.eml")))

    def test_keys(self):
        smime = ["--recipient-key", os.path.join(RFC9216, "bob.encrypt.crt"), *self.alice()]
        self.fits("keys", self.run_tool("keys", "list", "--json", *smime))
        self.fits("keys", self.run_tool("keys", "check", "bob@smime.example", "--json", *smime))
        self.fits("keys", self.run_tool("keys", "check", "bob@smime.example", "nobody@smime.example", "--json", *smime, expect=67))
        self.fits("keys", self.run_tool("keys", "list", "--json", "--recipient-key", os.path.join(KEYS, "bob.pub.asc")))

    def test_imported_keys(self):
        os.mkdir(self.path("ring"), 0o700)
        ring = ["--gnupg-home", self.path("ring"), "--json"]
        self.fits("import", self.run_tool("keys", "import", os.path.join(KEYS, "bob.pub.asc"), *ring))
        part = b"Content-Type: application/pgp-keys\r\n\r\n"
        with open(os.path.join(KEYS, "alice.pub.asc"), "rb") as file:
            path = self.write("keys.eml", b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" +
                              part + file.read() + b"\r\n--b\r\n" + part + b"no key\r\n--b--\r\n")
        self.fits("open", self.run_tool("open", path, "--import-keys", *ring, expect=1))

    def test_send(self):
        self.fits("send", self.run_tool("send", *self.draft(), *self.sealing(), "--via", "file:" + self.path("sent.eml"), "--json"))
        with peers.SmtpServer(require_auth=True, user="u", password="secret-password") as server:
            self.write("password", "secret-password\n")
            self.fits("send", self.run_tool("send", *self.draft(), *self.sealing(), "--via", f"smtp://localhost:{server.port}", "--ca-file",
                                            peers.ca("ca.pem"), "--user", "u", "--password-file", self.path("password"), "--json"))

    def test_probe(self):
        with peers.TlsServer(protocol="smtp", versions="1.1,1.2") as server:
            self.fits("probe", self.run_tool("probe", f"smtp://localhost:{server.port}", "--ca-file", peers.ca("ca.pem"), "--json",
                                             expect=None))

    def test_errors(self):
        for words, code in ((["open", "/nowhere.eml"], 66),
                            (["seal", *self.draft(), *self.sealing(), "--to", "nobody@smime.example", "-o", "x.eml"], 67),
                            (["seal", "--sign", "-o", "x.eml", "--message", self.write("d.json", '{"frob": 1}')], 65),
                            (["probe", "smtp://localhost:1", "--timeout", "2"], 69), (["vectors", self.write("m.json", "[]")], 65)):
            with self.subTest(words=words):
                result = self.run_tool(*words, "--json", expect=code)
                self.fits("error", result)
                self.assertLessEqual({"code", "what"}, set(result.json["error"]))


class Schemas(ToolTest):
    def test_schemas_are_schemas_and_every_field_is_described(self):
        for path in glob.glob(os.path.join(SCHEMAS, "*.schema.json")):
            with self.subTest(path=path):
                schema = load(path)
                jsonschema.Draft7Validator.check_schema(schema)
                self.assertIn("$id", schema)
                self.described(schema, "$")

    def described(self, schema, place):
        for name, field in schema.get("properties", {}).items():
            if "$ref" not in field:
                self.assertIn("description", field, f"{place}.{name}")
            self.described(field, f"{place}.{name}")
        for name, field in schema.get("definitions", {}).items():
            self.described(field, f"{place}#{name}")
        if isinstance(schema.get("items"), dict):
            self.described(schema["items"], place + "[]")

    def test_expectations_have_the_words_of_the_report(self):
        """What `open` reports can be expected, in the same words; and problems by the codes of docs/problems.md, all of them."""
        report, vector = load(SCHEMAS, "report.schema.json")["definitions"], load(SCHEMAS, "vector.schema.json")
        expect = vector["properties"]["cases"]["items"]["properties"]["expect"]["properties"]
        for name, field in report["open"]["properties"].items():
            if name in ("format", "problems", "imported_keys"):  # a code each; and what only --import-keys does
                continue
            with self.subTest(field=name):
                self.assertEqual(self.words(expect.get(name)), self.words(field))
        self.assertEqual(self.words(vector["definitions"]["node"]), self.words(report["node"]))
        self.assertEqual(set(vector["definitions"]["problem"]["enum"]), self.codes())

    def words(self, schema):
        """Fields and values of a schema, without what it demands and says of them."""
        if isinstance(schema, list):
            return [self.words(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        inner = {key: self.words(value) for key, value in schema.items() if key in ("type", "enum", "const", "items", "$ref")}
        fields = {name: self.words(field) for name, field in schema.get("properties", {}).items() if name != "detail"}
        return {**inner, **({"properties": fields} if fields else {})}

    @staticmethod
    def codes():
        found = set()
        with open(os.path.join(ROOT, "docs", "problems.md"), encoding="utf-8") as file:
            for line in file:
                row = re.match(r"\| ((?:`[^`]+`(?:, )?)+) \|(.*)", line)
                for code in re.findall("`([^`]+)`", row.group(1)) if row else []:
                    names = re.findall("`([^`]+)`", row.group(2).partition("NAME is")[2]) if code.endswith("-NAME") else []
                    found |= {code.replace("NAME", name) for name in names} or {code}
        return found

    def test_example_reports(self):
        schema = load(SCHEMAS, "report.schema.json")
        examples = sorted(glob.glob(os.path.join(SCHEMAS, "examples", "reports", "*.json")))
        self.assertGreaterEqual({os.path.basename(path) for path in examples}, {"error.json", "inspect.json", "keys.json", "open.json",
                                                                               "seal.json", "send.json"})
        for path in examples:
            with self.subTest(path=path):
                kind = os.path.basename(path).removesuffix(".json")
                self.assertEqual(differences({"definitions": schema["definitions"], "$ref": f"#/definitions/{kind}"}, load(path)), [])
                self.assertEqual(differences(schema, load(path)), [])

    def test_example_manifest(self):
        path = os.path.join(SCHEMAS, "examples", "vectors", "manifest.json")
        self.assertEqual(differences(load(SCHEMAS, "vector.schema.json"), load(path)), [])
        self.assertIn(" 0 failed", self.run_tool("vectors", path).text)

    def test_the_manifest_of_the_documentation(self):
        with open(os.path.join(ROOT, "docs", "vectors.md"), encoding="utf-8") as file:
            text = file.read().partition("## A manifest")[2].partition("\n    {\n")[2].partition("\n    }\n")[0]
        self.assertEqual(differences(load(SCHEMAS, "vector.schema.json"), json.loads("{" + text + "}")), [])

    def test_manifests(self):
        schema = load(SCHEMAS, "vector.schema.json")
        for path in glob.glob(os.path.join(DATA, "*", "manifest.json")):
            with self.subTest(path=path):
                self.assertEqual(differences(schema, load(path)), [])

    def test_example_drafts(self):
        examples = sorted(glob.glob(os.path.join(SCHEMAS, "examples", "*.json")))
        self.assertGreaterEqual(len(examples), 3)
        for path in examples:
            with self.subTest(path=path):
                self.assertEqual(differences(load(SCHEMAS, "message.schema.json"), load(path)), [])
                self.run_tool("compose", "--message", path, "-o", self.path("composed.eml"))
                report = self.run_tool("open", self.path("composed.eml"), "--json").json
                self.assertEqual(report["headers"]["subject"], load(path)["subject"])
                self.assertLessEqual({one["code"] for one in report["problems"]}, {"several-from"})


class RefusedDrafts(ToolTest):
    """Two validators agree on what is no draft, and the tool says where and what was expected."""

    DRAFTS = [({"from": "a@b.example", "frob": 1}, "$", "frob"),
              ({"to": "c@d.example"}, "$", "from"),
              ({"from": 7}, "$.from", "7"),
              ({"from": "a@b.example", "subject": ["x"]}, "$.subject", "expected"),
              ({"from": "a@b.example", "to": ["c@d.example", None]}, "$.to[1]", "null"),
              ({"from": {"name": "A"}}, "$.from", "keys name"),
              ({"from": {"address": "a@b.example", "nick": "x"}}, "$.from", "expected"),
              ({"from": "a@b.example", "attachments": [{"file": "x"}, {"name": "y"}]}, "$.attachments[1]", "expected"),
              ({"from": "a@b.example", "attachments": [{"file": "x", "inline": "yes"}]}, "$.attachments[0].inline", "expected"),
              ({"from": "a@b.example", "headers": [{"name": "X", "value": 1}]}, "$.headers[0].value", "expected"),
              ({"from": "a@b.example", "references": "<x@y>"}, "$.references", "expected"),
              ({"from": "a@b.example", "date": 2026}, "$.date", "expected")]

    #: Drafts that fit the schema and cannot be composed.
    NOT_COMPOSED = [({"from": "nobody"}, "$.from", "one mailbox"),
                    ({"from": {"address": "nobody"}}, "$.from.address", "local-part@domain"),
                    ({"to": "c@d.example, e@f.example"}, "$.to", "in a list"),
                    ({"to": ["c@d.example", "x@" + "y" * 300 + ".example"]}, "$.to[1]", "domain"),
                    ({"subject": "a\r\nBcc: x@y.example"}, "$.subject", "one line"),
                    ({"headers": [{"name": "X-A", "value": "a"}, {"name": "Bcc", "value": "x@y.example"}]}, "$.headers[1]", "Bcc"),
                    ({"headers": [{"name": "No Name", "value": "x"}]}, "$.headers[0]", "no name of a header field"),
                    ({"headers": [{"name": "X", "value": "a\nb"}]}, "$.headers[0].value", "one line"),
                    ({"date": "yesterday"}, "$.date", "RFC 3339"),
                    ({"message_id": "here"}, "$.message_id", "message id"),
                    ({"in_reply_to": "here and there"}, "$.in_reply_to", "message id"),
                    ({"references": ["<a@b>", "here"]}, "$.references[1]", "message id"),
                    ({"text": "x", "text_file": "draft.json"}, "$", "both text and text_file"),
                    ({"attachments": [{"file": "draft.json", "media_type": "much"}]}, "$.attachments[0]", "media type"),
                    ({"attachments": [{"file": "draft.json", "inline": True}]}, "$.attachments[0]", "content_id")]

    #: A word that was meant.
    MEANT = [({"subjekt": "x"}, "'subject'"), ({"attachment": []}, "'attachments'"), ({"to": {"adress": "c@d.example"}}, "'address'")]

    def test_what_cannot_be_composed(self):
        for draft, path, word in self.NOT_COMPOSED:
            with self.subTest(draft=draft):
                self.refused(json.dumps({"from": "a@b.example", **draft}), f" {path}: found", word, "expected")

    def test_what_was_meant(self):
        for draft, word in self.MEANT:
            with self.subTest(draft=draft):
                self.refused(json.dumps({"from": "a@b.example", **draft}), f"did you mean {word}?")

    def test_all_faults_are_named_at_once(self):
        self.refused('{"from": 7, "to": {"name": "x"}, "frob": 1}', "$.from", "$.to", "'frob'")

    def test_a_missing_file_is_66_with_its_place(self):
        draft = self.write("draft.json", json.dumps({"from": "a@b.example", "attachments": [{"file": "nowhere"}]}))
        result = self.run_tool("compose", "--message", draft, "-o", self.path("out.eml"), expect=66)
        self.assertIn("$.attachments[0].file", result.errors)

    def refused(self, text, *says):
        result = self.run_tool("compose", "--message", self.write("draft.json", text), "-o", self.path("out.eml"), expect=65)
        for word in says:
            self.assertIn(word, result.errors)
        self.assertFalse(os.path.exists(self.path("out.eml")))
        return result

    def test_what_the_schema_does_not_know(self):
        schema = load(SCHEMAS, "message.schema.json")
        for draft, path, word in self.DRAFTS:
            with self.subTest(draft=draft):
                self.assertNotEqual(differences(schema, draft), [])
                result = self.refused(json.dumps(draft), path, word, "expected")
                self.assertIn("draft.json", result.errors)

    def test_a_key_that_stands_twice(self):
        self.refused('{"from": "a@b.example", "subject": "x", "subject": "y"}', "subject", "twice")
        self.refused('{"from": {"address": "a@b.example", "name": "A", "name": "B"}}', "name", "twice")
        self.refused('{"from": "a@b.example", "sub\\u006aect": "x", "subject": "y"}', "twice")

    def test_too_deep(self):
        for depth in (100, 100000):
            self.refused('{"from": ' + "[" * depth + "]" * depth + "}", "deep")
            self.refused('{"from": ' + '{"a":' * depth + "1" + "}" * depth + "}", "deep")

    def test_no_json_at_all(self):
        for text in ("", "{", "nonsense", '{"from": "a@b.example"} {}', '{"from": "a@b.example",}', b'{"from": "\xff@b.example"}', "[]",
                     "null"):
            with self.subTest(text=text):
                self.refused(text)

    def test_the_refusal_is_a_report_too(self):
        result = self.run_tool("seal", "--sign", "--json", "-o", "x.eml", "--message",
                               self.write("draft.json", '{"from": "a@b.example", "frob": 1}'), expect=65)
        error = result.json["error"]
        self.assertEqual(error["code"], "malformed")
        self.assertIn("frob", error["what"] + error["where"])


if __name__ == "__main__":
    unittest.main()
