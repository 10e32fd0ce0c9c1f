# SPDX-License-Identifier: MIT
"""How other parsers divide ill-formed messages, as trees in the words of `inspect`; and where that is disputed."""
import re


def xml_tree(element, path):
    """mime4j's view: which parts there are, and the type of each that has a plain Content-Type."""
    fields = [field.text.strip() for field in element.findall("header/field")]
    types = [re.match(r"content-type\s*:\s*([\w.+-]+/[\w.+-]+)", field, re.I) for field in fields]
    types = [one.group(1).lower() for one in types if one]
    node = {"path": path, "children": []}
    if len(types) == 1:
        node["type"] = types[0]
    message, multipart = element.find("message"), element.find("multipart")
    inside = [message] if message is not None else multipart.findall("body-part") if multipart is not None else []
    node["children"] = [xml_tree(one, f"{path}.{number}") for number, one in enumerate(inside, 1)]
    return node


def json_tree(message, index, path):
    """mail-parser's view: which parts there are, and their offsets."""
    part = message["parts"][index]
    node = {"path": path, "header_begin": part["offset_header"], "body_begin": part["offset_body"], "body_end": part["offset_end"]}
    body = part["body"]
    if "Message" in body:
        node["children"] = [json_tree(body["Message"], 0, path + ".1")]
    else:
        node["children"] = [json_tree(message, one, f"{path}.{number}") for number, one in enumerate(body.get("Multipart", []), 1)]
    return node


#: Where the other parser's view is disputed.
DISPUTED = {
    **dict.fromkeys(("bad-newlines-multiple-parts-base64", "base64encoded-rfc822message", "base64encoded-rfc822message-nested"),
                    "message/rfc822 is never encoded in base64 (RFC 2046, section 5.2.1): a reader may leave it closed"),
    "000": "whether a boundary counts where a header has no blank line is left open",
    "001": "of the boundaries 'a' and 'ab' the longer one may count (RFC 2046, section 5.1.2)",
    "004": "the rest of a boundary line may be read as a header or left out",
    "007": "whether a part's own boundary ends its header without a blank line is left open",
    "008": "as 001", "009": "an outer boundary may end the inner parts", "011": "as 009"}
