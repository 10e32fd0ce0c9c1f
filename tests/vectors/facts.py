# SPDX-License-Identifier: MIT
"""The facts that came with the given vectors: what openssl and gpg said, as a tree, in the words of the report."""
import re

class Node:
    def __init__(self, name, said, children):
        self.name, self.said, self.children = name, said, children


def parse(text):
    """`pgpenc[rc0:…]{mixed(text/plain image/png)}`: a name, what a tool said, and what is inside."""
    position = 0

    def node():
        nonlocal position
        start = position
        while position < len(text) and text[position] not in "[]{}() ":
            position += 1
        name, said, children = text[start:position], "", []
        if position < len(text) and text[position] == "[":
            depth, start = 0, position + 1
            while True:
                depth += {"[": 1, "]": -1}.get(text[position], 0)
                position += 1
                if depth == 0:
                    break
            said = text[start:position - 1]
        if position < len(text) and text[position] in "{(":
            end = {"{": "}", "(": ")"}[text[position]]
            position += 1
            while position < len(text) and text[position] != end:
                if text[position] == " ":
                    position += 1
                else:
                    children.append(node())
            position += 1
        return Node(name, said, children)
    return node()


def signer(said):
    """The integrity of a signature, as gpg or openssl judged it."""
    if "GOODSIG" in said or "EXPKEYSIG" in said or "sig:OK" in said:
        return {"integrity": "good"}
    if "BADSIG" in said:
        return {"integrity": "bad", "verdict": "bad"}
    if "ERRSIG" in said:
        return {"integrity": "no-key", "verdict": "unverified"}
    return None


def chain(said):
    """What openssl said of the path to the given root, at the time of the vectors."""
    if "chain:OK" in said:
        return {"trust": "trusted", "validity": "valid"}
    if "certificate has expired" in said:
        return {"validity": "expired", "verdict": "unverified"}
    return {"trust": "untrusted", "verdict": "unverified"} if "self-signed certificate in" in said else {}


#: OpenPGP's numbers of ciphers, as gpg's DECRYPTION_INFO has them.
PGP_CIPHERS = {"2": "3des", "7": "aes128", "8": "aes192", "9": "aes256"}


def layer_of(node):
    """The layer's facts, or None for what is no cryptographic layer."""
    if node.name == "pgpenc":
        layer = {"type": "pgp-encrypted", "result": "good", "authenticated": True}
        made = signer(node.said)
        layer["signers"] = [made] if made else []
        cipher = re.search(r"DECRYPTION_INFO=\d+/(\d+)", node.said)
        if cipher:
            layer["cipher"] = PGP_CIPHERS[cipher.group(1)]
        return layer
    if node.name == "pgpsigned":
        return {"type": "pgp-signed", "signers": [signer(node.said)]}
    if node.name in ("signedData", "mpsigned"):
        made = signer(node.said)
        return {"type": "smime-signed", "signers": [{**made, **chain(node.said)}]} if made else {"type": "smime-signed"}
    if node.name == "envelopedData":
        return {"type": "smime-enveloped", "result": "unauthenticated", "authenticated": False, "cipher": node.said.split()[0]}
    return None


def layers_of(root):
    """All layers with their paths. What a layer holds goes one level down; a layer inside a multipart is errant."""
    found = []

    def walk(node, path, errant):
        layer = layer_of(node)
        if layer:
            found.append({"path": path, "errant": errant, **layer})
            for child in node.children:
                walk(child, path + ".1", errant)
            return
        inside = [path + ".1"] if node.name == "rfc822" else [f"{path}.{n}" for n in range(1, len(node.children) + 1)]
        for child, below in zip(node.children, inside):
            walk(child, below, True)
    walk(root, "1", False)
    return found


def parts_of(root):
    """All leaf parts: their places, types, and whether something was encrypted around them."""
    found = []

    def walk(node, path, encrypted):
        layer = layer_of(node)
        if layer:
            for child in node.children:
                walk(child, path + ".1", encrypted or layer["type"] in ("pgp-encrypted", "smime-enveloped"))
        elif node.name == "rfc822":
            walk(node.children[0], path + ".1", encrypted)
        elif node.children:
            for number, child in enumerate(node.children, 1):
                if child.name == "rfc822":  # an attached message is a part itself
                    found.append({"path": f"{path}.{number}", "type": "message/rfc822", "encrypted": encrypted})
                walk(child, f"{path}.{number}", encrypted)
        else:
            found.append({"path": path, "type": node.name.partition(":")[0], "encrypted": encrypted})
    walk(root, "1", False)
    return found


def is_withheld(layers):
    """Whether everything is in a cipher without integrity and no signature inside covers it."""
    if not layers or layers[0]["errant"]:
        return False
    open_ = [number for number, layer in enumerate(layers) if layer["type"] == "smime-enveloped" and not layer["errant"]]
    return bool(open_) and not any(layer["type"] == "smime-signed" for layer in layers[open_[-1]:])


def of_message(root):
    """What the tree says of the message as a whole and of its parts."""
    layers = layers_of(root)
    encrypted = any(layer["type"] in ("smime-enveloped", "pgp-encrypted") for layer in layers if not layer["errant"])
    expect = {"summary": {"encrypted": encrypted}, "layers": layers}
    if not any(layer.get("signers") or layer["type"].endswith("signed") for layer in layers if not layer["errant"]):
        expect["summary"]["signed"] = "none"
        expect["summary"]["state"] = "encrypted-unverified" if encrypted else "unprotected"
    elif any(signer_.get("verdict") == "bad" for layer in layers for signer_ in layer.get("signers", [])):
        expect["summary"]["signed"] = "bad"
    if is_withheld(layers):
        expect.update(released=False, problems_include=["withheld"])
    else:
        expect.update(released=True, parts=parts_of(root))
    return expect
