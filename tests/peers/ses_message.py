# SPDX-License-Identifier: MIT
"""What Amazon SES checks in a submission before it takes it, whichever API it came by, and what it changes in the message."""
import email
import email.policy
import re

MEGABYTE = 1024 * 1024
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ADDRESS = re.compile(rf'(?:{ATEXT}(?:\.{ATEXT})*|"(?:[ !#-\[\]-~]|\\[ -~])*")@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*')
TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
TAG_VALUE = re.compile(r"[A-Za-z0-9_\-.@]{1,256}")
BLOCKED = set("""ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp its js jse ksh
    lib lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz msc msh msh1 msh2 mshxml msh1xml msh2xml
    msi msp mst ops pcd pif plg prf prg reg scf scr sct shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps
    vsmacros vss vst vsw vxd ws wsc wsf wsh xnk""".split())


class Rejected(Exception):
    """A refusal: SES's error type, its words, and the HTTP status for v2."""

    def __init__(self, code, why, status=400):
        super().__init__(why)
        self.code = code
        self.why = why
        self.status = status


def address_of(mailbox):
    """The addr-spec of a bare address or of `Name <address>`."""
    match = re.fullmatch(r".*<([^<>]*)>\s*", mailbox, re.S)
    return match[1] if match else mailbox


def check_address(mailbox):
    address = address_of(mailbox)
    if not mailbox.isprintable() or not address.isascii():
        raise Rejected("BadRequestException", "Local address contains control or whitespace, or is not ASCII")
    if not ADDRESS.fullmatch(address):
        raise Rejected("BadRequestException", f"Missing final '@domain' or malformed address: {mailbox[:80]!r}")


def check_recipients(recipients):
    if not recipients:
        raise Rejected("BadRequestException", "At least one recipient must be specified")
    if len(recipients) > 50:
        raise Rejected("MessageRejected", "Recipient count exceeds 50.")
    for recipient in recipients:
        check_address(recipient)


def check_tags(tags):
    if len({name for name, _ in tags}) != len(tags):
        raise Rejected("BadRequestException", "Duplicate message tag name")
    for name, value in tags:
        if not TAG.fullmatch(name) or not TAG_VALUE.fullmatch(value):
            raise Rejected("BadRequestException", f"Invalid message tag {name!r}: use A-Z a-z 0-9 _ - only")


def check_content(content, encoded_size, limit_mb):
    if encoded_size > limit_mb * MEGABYTE:
        raise Rejected("MessageRejected", f"Message length is more than {limit_mb * MEGABYTE} bytes long")
    if not content:
        raise Rejected("BadRequestException", "Empty raw message")
    if max(len(line.rstrip(b"\r")) for line in content.split(b"\n")) > 998:
        raise Rejected("MessageRejected", "Line too long: more than 1000 bytes")
    message = email.message_from_bytes(content[:5 * MEGABYTE], policy=email.policy.compat32)
    if message["from"] is None:
        raise Rejected("MessageRejected", "Missing required header 'From'.")
    for part in message.walk():
        name = part.get_filename()
        extension = str(name or "").rpartition(".")[2].lower()
        if name and extension in BLOCKED:
            raise Rejected("MessageRejected", f"Unsupported file type: .{extension}")


def header_names(content):
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    return [m[1].decode("latin-1").lower() for m in re.finditer(rb"^([!-9;-~]+):", head, re.M)]


def as_delivered(content, message_id, region, when):
    """Date and Message-ID overwritten, Return-Path replaced, SES's control fields removed."""
    head, end, body = content.partition(b"\r\n\r\n")
    gone = re.compile(rb"(date|message-id|return-path|x-ses-(?:[a-z-]*-arn|configuration-set|message-tags|"
                      rb"list-management-options))\s*:", re.I)
    fields = [f for f in re.split(rb"\r\n(?![ \t])", head) if not gone.match(f)]
    host = "email" if region == "us-east-1" else region
    first = [f"Return-Path: <{message_id}@{host}.amazonses.com>"]
    last = [f"Message-ID: <{message_id}@{host}.amazonses.com>", f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000"]
    return b"\r\n".join([f.encode() for f in first] + fields + [f.encode() for f in last]) + end + body
