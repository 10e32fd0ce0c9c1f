# SPDX-License-Identifier: MIT
"""A client's SigV4 signer for the tests of the peers, written apart from sigv4.py so that the two check each other."""
import datetime
import hashlib
import hmac
import http.client
import ssl
from urllib.parse import parse_qsl, quote, urlsplit

import peers


def sign(method, url, headers, body, *, key_id, secret, token=None, region="eu-central-1", service="ses", when=None,
         unsigned=()):
    """The headers to send for a request: the given ones and those of the signature."""
    parts = urlsplit(url)
    now = when or datetime.datetime.utcnow()
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    sent = {**headers, "Host": parts.netloc, "X-Amz-Date": stamp}
    if service == "s3":
        sent["X-Amz-Content-Sha256"] = digest
    if token:
        sent["X-Amz-Security-Token"] = token
    signed = sorted((k.lower(), v) for k, v in sent.items() if k.lower() not in unsigned)
    path = parts.path or "/"
    query = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in parse_qsl(parts.query, keep_blank_values=True))
    names = ";".join(k for k, _ in signed)
    canonical = "\n".join([method, path if service == "s3" else quote(path), "&".join("=".join(q) for q in query),
                           *(f"{k}:{v}" for k, v in signed), "", names, digest])
    day = stamp[:8]
    scope = "/".join([day, region, service, "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for word in (day, region, service, "aws4_request", text):
        key = hmac.digest(key, word.encode(), "sha256")
    sent["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, "
                             f"Signature={key.hex()}")
    return sent


def fetch(port, method, path, headers=None, body=b"", *, tls=True, timeout=10):
    """Status, headers and body of one request with exactly these headers."""
    if tls:
        context = ssl.create_default_context(cafile=peers.ca("ca.pem"))
        client = http.client.HTTPSConnection("localhost", port, context=context, timeout=timeout)
    else:
        client = http.client.HTTPConnection("localhost", port, timeout=timeout)
    try:
        client.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"localhost:{port}", **(headers or {})}.items():
            client.putheader(name, value)
        if body:
            client.putheader("Content-Length", str(len(body)))
        client.endheaders(body or None)
        answer = client.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        client.close()


def signed_fetch(port, method, path, headers=None, body=b"", *, host=None, timeout=10, **signing):
    url = f"https://{host or f'localhost:{port}'}{path}"
    return fetch(port, method, path, sign(method, url, headers or {}, body, **signing), body, timeout=timeout)
