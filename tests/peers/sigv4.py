# SPDX-License-Identifier: MIT
"""Verifies AWS Signature Version 4 from the request as it stood on the wire. It never signs for a client.

The canonical request is rebuilt from the raw request target and the headers in their order. Paths are encoded once more
for every service but S3; the query is decoded, encoded and sorted.
"""
import datetime
import hashlib
import hmac
import re
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "AWS4-HMAC-SHA256"
UNRESERVED = "-._~"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """Why a signature was refused: AWS's own code, HTTP status, words for the client, details for the test."""

    def __init__(self, code, why, status=403, detail=None):
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why
        self.status = status
        self.detail = detail or {}


class Credential:
    def __init__(self, key_id, secret, token=None):
        self.key_id = key_id
        self.secret = secret
        self.token = token

    @classmethod
    def parse(cls, text):
        """AKID:SECRET or AKID:SECRET:TOKEN; a token may hold colons."""
        parts = text.split(":", 2)
        if len(parts) < 2:
            raise ValueError("credentials are AKID:SECRET[:TOKEN]")
        return cls(*parts)


def _encode(raw, safe=""):
    return quote(raw, safe=UNRESERVED + safe)


def _without_dots(path):
    """RFC 3986 section 5.2.4, and several slashes count as one."""
    kept = []
    for segment in path.split(b"/"):
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment not in (b"", b"."):
            kept.append(segment)
    trailing = path.endswith((b"/", b"/.", b"/..")) and kept
    return b"/" + b"/".join(kept) + (b"/" if trailing else b"")


def canonical_path(raw_path, *, s3=False, normalize=True):
    if s3:
        return _encode(unquote_to_bytes(raw_path), "/") or "/"
    if normalize:
        raw_path = _without_dots(raw_path)
    return _encode(raw_path, "/") or "/"


def canonical_query(raw_query):
    pairs = []
    for item in raw_query.split(b"&"):
        if item:
            name, _, value = item.partition(b"=")
            pairs.append((_encode(unquote_to_bytes(name)), _encode(unquote_to_bytes(value))))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _header(headers, name):
    """All values of a header, joined as SigV4 joins them; None when it is absent."""
    values = [" ".join(value.split()) for key, value in headers if key.lower() == name]
    return ",".join(values) if values else None


def canonical_request(method, target, headers, signed, payload_hash, *, s3=False, normalize=True):
    path, _, query = target.partition(b"?")
    lines = [method, canonical_path(path, s3=s3, normalize=normalize), canonical_query(query)]
    for name in signed:
        value = _header(headers, name)
        if value is None:
            raise Refused("SignatureDoesNotMatch", f"the signed header '{name}' is not in the request")
        lines.append(f"{name}:{value}")
    lines += ["", ";".join(signed), payload_hash]
    return "\n".join(lines)


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(secret, date, region, service):
    key = b"AWS4" + secret.encode()
    for part in (date, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def string_to_sign(amz_date, scope, canonical):
    return "\n".join([ALGORITHM, amz_date, scope, hashlib.sha256(canonical.encode()).hexdigest()])


AUTHORIZATION = re.compile(
    ALGORITHM + r" Credential=([^/,\s]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,\s*"
    r"SignedHeaders=([a-z0-9;\-]+),\s*Signature=([0-9a-f]{64})")


class Verifier:
    """Checks requests to one service against the credentials it knows.

    `clock` gives the time as an aware datetime; `strict` demands what AWS's services demand beyond the bare algorithm:
    content-type and a session token are signed where they are sent.
    """

    def __init__(self, credentials, services, regions=None, clock=None, strict=True, normalize=True):
        self.credentials = {c.key_id: c for c in credentials}
        self.services = services
        self.regions = regions
        self.clock = clock or (lambda: datetime.datetime.now(datetime.timezone.utc))
        self.strict = strict
        self.normalize = normalize

    def verify(self, method, target, headers, body):
        """Returns who signed: key id, region, service, date and signed headers. Raises Refused."""
        authorization = _header(headers, "authorization")
        if authorization is None:
            raise Refused("MissingAuthenticationToken", "Request is missing Authentication Token")
        match = AUTHORIZATION.fullmatch(authorization)
        if not match:
            raise Refused("IncompleteSignature", "the Authorization header cannot be read", 400)
        key_id, date, region, service, signed, signature = match.groups()
        signed = signed.split(";")
        credential = self._credential(key_id, headers, signed)
        if service not in self.services:
            raise Refused("SignatureDoesNotMatch", "Credential should be scoped to correct service: "
                          f"'{self.services[0]}'.")
        if self.regions and region not in self.regions:
            raise Refused("SignatureDoesNotMatch", "Credential should be scoped to a valid region.")
        amz_date = self._date(headers, date)
        self._demand_signed(headers, signed)
        s3 = service == "s3"
        canonical = canonical_request(method, target, headers, signed, self._payload_hash(headers, body, s3),
                                      s3=s3, normalize=self.normalize)
        scope = f"{date}/{region}/{service}/aws4_request"
        text = string_to_sign(amz_date, scope, canonical)
        expected = _mac(signing_key(credential.secret, date, region, service), text).hex()
        if not hmac.compare_digest(expected, signature):
            raise Refused("SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you provided. Check your "
                          "AWS Secret Access Key and signing method. Consult the service documentation for details.",
                          detail={"canonical_request": canonical, "string_to_sign": text})
        return {"access_key_id": key_id, "region": region, "service": service, "date": amz_date,
                "signed_headers": signed, "canonical_request": canonical, "string_to_sign": text,
                "signature": signature, "session_token": credential.token is not None}

    def _credential(self, key_id, headers, signed):
        credential = self.credentials.get(key_id)
        token = _header(headers, "x-amz-security-token")
        if credential is None or token != credential.token:
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if self.strict and token is not None and "x-amz-security-token" not in signed:
            raise Refused("SignatureDoesNotMatch", "'x-amz-security-token' must be a signed header")
        return credential

    def _date(self, headers, scope_date):
        amz_date = _header(headers, "x-amz-date")
        if amz_date is None or not re.fullmatch(r"\d{8}T\d{6}Z", amz_date):
            raise Refused("IncompleteSignature", "the request has no valid x-amz-date", 400)
        if amz_date[:8] != scope_date:
            raise Refused("SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                          f"version of date from HTTP: '{scope_date}' != '{amz_date[:8]}'.")
        when = datetime.datetime.strptime(amz_date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        now = self.clock()
        if abs(now - when) > datetime.timedelta(minutes=15):
            word = "expired" if when < now else "not yet current"
            raise Refused("SignatureDoesNotMatch", f"Signature {word}: {amz_date} is not within 15 min. of "
                          f"{now:%Y%m%dT%H%M%SZ}")
        return amz_date

    def _demand_signed(self, headers, signed):
        if signed != sorted(set(signed)):
            raise Refused("SignatureDoesNotMatch", "SignedHeaders are not sorted, or hold one twice")
        needed = ["host", "x-amz-date"]
        if self.strict:
            needed += [name.lower() for name, _ in headers
                       if name.lower() == "content-type" or name.lower().startswith("x-amz-")]
        for name in needed:
            if name not in signed:
                raise Refused("SignatureDoesNotMatch", f"'{name}' must be a signed header")

    @staticmethod
    def _payload_hash(headers, body, s3):
        stated = _header(headers, "x-amz-content-sha256")
        actual = hashlib.sha256(body).hexdigest()
        if s3 and stated is None:
            raise Refused("InvalidRequest", "Missing required header for this request: x-amz-content-sha256", 400)
        if s3 and stated == "UNSIGNED-PAYLOAD":
            return stated
        if stated is not None and stated != actual:
            raise Refused("XAmzContentSHA256Mismatch" if s3 else "SignatureDoesNotMatch",
                          "The provided 'x-amz-content-sha256' header does not match what was computed.", 400)
        return actual
