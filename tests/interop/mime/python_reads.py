# SPDX-License-Identifier: MIT
"""Reads every *.eml in a folder with Python's email package, and compares it with what *.json beside it says."""
import base64
import email
import email.policy
import hashlib
import json
import pathlib
import sys

POLICY = email.policy.SMTP


def people(message, name):
    field = message[name]
    if field is None:
        return []
    return [[a.display_name, a.addr_spec] for a in field.addresses]


def leaves(message):
    if message.is_multipart() and message.get_content_type() != "message/rfc822":
        for part in message.iter_parts():
            yield from leaves(part)
    else:
        yield message


def content(part):
    if part.get_content_type() == "message/rfc822":
        return part.get_payload(0).as_bytes(policy=POLICY)
    return part.get_payload(decode=True)


def seen(octets):
    message = email.message_from_bytes(octets, policy=POLICY)
    parts = []
    for part in leaves(message):
        text = part.get_content_type() in ("text/plain", "text/html") and part.get_filename() is None
        data = content(part)
        parts.append({
            "type": part.get_content_type(),
            "filename": part.get_filename() or "",
            "content": data.decode("utf-8") if text else hashlib.sha256(data).hexdigest(),
        })
    defects = [repr(d) for p in message.walk() for d in p.defects]
    return {"subject": str(message["subject"] or ""), "from": people(message, "from"), "to": people(message, "to"),
            "cc": people(message, "cc"), "parts": parts, "defects": defects}


def main():
    bad = 0
    folder = pathlib.Path(sys.argv[1])
    files = sorted(folder.glob("*.eml"))
    for file in files:
        want = json.loads(file.with_suffix(".json").read_text("utf-8"))
        got = seen(file.read_bytes())
        for key, value in want.items():
            if got[key] != value:
                bad += 1
                print(f"{file.name}: {key}\n  want {value!r}\n  got  {got[key]!r}")
    print(f"{len(files)} messages, {bad} differences")
    return 1 if bad or not files else 0


sys.exit(main())
