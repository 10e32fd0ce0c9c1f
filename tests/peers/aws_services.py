#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Amazon S3, KMS, STS and SSO over HTTPS, IMDSv2 and the container credentials endpoint over HTTP, for tests.

One JSON configuration describes all of it:

    { "region": "us-east-1",
      "credentials": [ {"access_key_id": …, "secret_access_key": …, "token": …?} ],      who may sign requests
      "s3": { "host": "s3.example.test"?, "folder": DIR }       DIR/BUCKET/KEY, with headers in DIR/BUCKET/KEY.headers.json
      "kms": [ {"ciphertext": base64, "context": {…}, "key_id": …, "plaintext": base64, "denied": bool?} ],
      "roles": { ARN: {"issue": [CREDENTIAL…], "external_id": …?, "web_identity_token": …?} },
      "imds": { "role": NAME, "issue": [CREDENTIAL…], "region": …?, "disabled": bool? },
      "container": { "path": "/creds", "token": …?, "issue": [CREDENTIAL…] },
      "sso": { "token": …, "account": …, "role": …, "issue": [CREDENTIAL…] } }

A CREDENTIAL is {"access_key_id", "secret_access_key", "token", "expires_in": seconds}. "issue" lists what is given out, one
after the other; the last is given again and again. All of them may sign requests too.
"""
import argparse
import base64
import datetime
import email.utils
import hashlib
import json
import os
import secrets
import time
import uuid
from urllib.parse import parse_qs, parse_qsl, unquote
from xml.sax.saxutils import escape

import contract
import http_peer
import sigv4
from http_peer import Response

STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class Problem(Exception):
    """An error answer of a service."""

    def __init__(self, status, code, why):
        super().__init__(why)
        self.status = status
        self.code = code
        self.why = why


class Issuer:
    """Gives out credentials in turn."""

    def __init__(self, credentials):
        self.credentials = list(credentials)
        self.count = 0

    def next(self):
        credential = self.credentials[min(self.count, len(self.credentials) - 1)]
        self.count += 1
        expires = (datetime.datetime.now(datetime.timezone.utc)
                   + datetime.timedelta(seconds=credential.get("expires_in", 3600)))
        return {"AccessKeyId": credential["access_key_id"], "SecretAccessKey": credential["secret_access_key"],
                "Token": credential["token"], "Expiration": f"{expires:%Y-%m-%dT%H:%M:%SZ}"}


class Services:
    def __init__(self, config, store):
        self.config = config
        self.store = store
        self.issuers = {arn: Issuer(role["issue"]) for arn, role in config.get("roles", {}).items()}
        for name in ("imds", "container", "sso"):
            if name in config:
                self.issuers[name] = Issuer(config[name]["issue"])
        known = list(config.get("credentials", []))
        for issuer in self.issuers.values():
            known += issuer.credentials
        self.verifier = sigv4.Verifier(
            [sigv4.Credential(c["access_key_id"], c["secret_access_key"], c.get("token")) for c in known],
            ["s3", "kms", "sts"], [config["region"]] if "region" in config else None)
        self.imds_tokens = {}

    def log(self, request, service, response, why=None):
        self.store.append("requests.jsonl", {
            "service": service, "method": request.method, "target": request.target.decode("latin-1"),
            "headers": request.headers, "body": request.body[:4096].decode("utf-8", "backslashreplace"),
            "status": response.status, "error": why, "connection": request.connection})
        return response

    def signer(self, request, service):
        who = self.verifier.verify(request.method, request.target, request.headers, request.body)
        if who["service"] != service:
            raise sigv4.Refused("SignatureDoesNotMatch", f"Credential should be scoped to correct service: '{service}'.")
        return who

    # HTTPS: S3, KMS, STS, SSO

    def https(self, request, fate):
        if request.target.startswith(b"/federation/credentials"):
            service, serve, refuse = "sso", self.sso, json_error
        elif request.header("x-amz-target"):
            service, serve, refuse = "kms", self.kms, json_error
        elif request.method == "POST":
            service, serve, refuse = "sts", self.sts, sts_error
        else:
            service, serve, refuse = "s3", self.s3, s3_error
        try:
            if fate:
                raise Problem(fate.status, fate.code or "InternalError", "As the test wished")
            return self.log(request, service, serve(request))
        except sigv4.Refused as why:
            return self.log(request, service, refuse(why.status, why.code, why.why), {"why": str(why), **why.detail})
        except Problem as why:
            return self.log(request, service, refuse(why.status, why.code, why.why), {"why": str(why)})

    def s3(self, request):
        self.signer(request, "s3")
        if request.method not in ("GET", "HEAD"):
            raise Problem(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        bucket, key = self.s3_name(request)
        root = os.path.realpath(self.config["s3"]["folder"])
        path = os.path.realpath(os.path.join(root, bucket, key))
        if not os.path.isdir(os.path.join(root, bucket)):
            raise Problem(404, "NoSuchBucket", "The specified bucket does not exist")
        if not path.startswith(root + os.sep) or not os.path.isfile(path) or path.endswith(".headers.json"):
            raise Problem(404, "NoSuchKey", "The specified key does not exist.")
        with open(path, "rb") as source:
            body = source.read()
        headers = {"Content-Type": "application/octet-stream", "ETag": f'"{hashlib.md5(body).hexdigest()}"',
                   "Last-Modified": email.utils.formatdate(os.path.getmtime(path), usegmt=True)}
        if os.path.exists(path + ".headers.json"):
            with open(path + ".headers.json", encoding="utf-8") as extra:
                headers.update(json.load(extra))
        return Response(200, body, headers)

    def s3_name(self, request):
        """Bucket and key, by path or by host."""
        path = unquote(request.target.partition(b"?")[0].decode("ascii")).lstrip("/")
        host = (request.header("host") or "").rpartition(":")[0] or request.header("host") or ""
        base = self.config["s3"].get("host")
        for suffix in filter(None, (base and "." + base, f".s3.{self.config.get('region')}.amazonaws.com")):
            if host.endswith(suffix):
                return host[:-len(suffix)], path
        bucket, _, key = path.partition("/")
        return bucket, key

    def kms(self, request):
        self.signer(request, "kms")
        if request.header("content-type") != "application/x-amz-json-1.1":
            raise Problem(404, "UnknownOperationException", "Content-Type must be application/x-amz-json-1.1")
        if request.header("x-amz-target") != "TrentService.Decrypt" or request.target != b"/":
            raise Problem(400, "UnknownOperationException", "only POST / TrentService.Decrypt is here")
        call = json.loads(request.body)
        context = call.get("EncryptionContext", {})
        for key in self.config.get("kms", []):
            if key["ciphertext"] == call.get("CiphertextBlob") and key.get("context", {}) == context:
                if key.get("denied"):
                    raise Problem(400, "AccessDeniedException", "The ciphertext refers to a key that you may not use")
                if call.get("KeyId") not in (None, key["key_id"]):
                    raise Problem(400, "IncorrectKeyException", "The key ID in the request does not identify this key")
                return as_json({"KeyId": key["key_id"], "Plaintext": key["plaintext"],
                                "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}, "application/x-amz-json-1.1")
        raise Problem(400, "InvalidCiphertextException", "")

    def sts(self, request):
        form = dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True))
        action = form.get("Action")
        if form.get("Version") != "2011-06-15" or action not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
            raise Problem(400, "InvalidAction", f"Could not find operation {action} for version {form.get('Version')}")
        if action == "AssumeRole":
            self.signer(request, "sts")
        role = self.config.get("roles", {}).get(form.get("RoleArn"))
        if not form.get("RoleSessionName"):
            raise Problem(400, "ValidationError", "RoleSessionName is missing")
        if role is None or role.get("external_id") != form.get("ExternalId"):
            raise Problem(403, "AccessDenied", f"not authorized to perform: sts:{action} on {form.get('RoleArn')}")
        if action == "AssumeRoleWithWebIdentity" and form.get("WebIdentityToken") != role.get("web_identity_token", ""):
            raise Problem(400, "InvalidIdentityToken", "The web identity token is not good")
        given = self.issuers[form["RoleArn"]].next()
        given["SessionToken"] = given.pop("Token")
        inner = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in given.items())
        who = escape(form["RoleArn"].replace(":role/", ":assumed-role/") + "/" + form["RoleSessionName"])
        return Response(200, (
            f'<{action}Response xmlns="{STS_NAMESPACE}"><{action}Result><AssumedRoleUser><Arn>{who}</Arn>'
            f"<AssumedRoleId>AROAEXAMPLE:{escape(form['RoleSessionName'])}</AssumedRoleId></AssumedRoleUser>"
            f"<Credentials>{inner}</Credentials></{action}Result></{action}Response>\n").encode(),
            {"Content-Type": "text/xml"})

    def sso(self, request):
        here = self.config.get("sso", {})
        query = parse_qs(request.target.decode("ascii").partition("?")[2])
        if not here or request.header("x-amz-sso_bearer_token") != here["token"]:
            raise Problem(401, "UnauthorizedException", "Session token not found or invalid")
        if query != {"account_id": [here["account"]], "role_name": [here["role"]]}:
            raise Problem(403, "ForbiddenException", "No access")
        given = self.issuers["sso"].next()
        when = datetime.datetime.fromisoformat(given["Expiration"].replace("Z", "+00:00"))
        return as_json({"roleCredentials": {
            "accessKeyId": given["AccessKeyId"], "secretAccessKey": given["SecretAccessKey"],
            "sessionToken": given["Token"], "expiration": int(when.timestamp() * 1000)}})

    # HTTP: IMDSv2, container

    def plain(self, request, fate):
        container = self.config.get("container")
        path = request.target.decode("latin-1")
        is_container = container is not None and path == container["path"]
        service = "container" if is_container else "imds"
        try:
            if fate:
                raise Problem(fate.status, fate.code or "InternalError", "As the test wished")
            response = self.container(request, container) if is_container else self.imds(request, path)
        except Problem as why:
            return self.log(request, service, Response(why.status, why.why.encode()), {"why": str(why)})
        return self.log(request, service, response)

    def container(self, request, here):
        if here.get("token") is not None and request.header("authorization") != here["token"]:
            raise Problem(401, "Unauthorized", "the Authorization token is missing or wrong")
        return as_json({**self.issuers["container"].next(), "RoleArn": "arn:aws:iam::123456789012:role/task"})

    def imds(self, request, path):
        here = self.config.get("imds")
        if here is None or here.get("disabled") or request.header("x-forwarded-for"):
            raise Problem(403, "Forbidden", "Forbidden")
        if path == "/latest/api/token":
            return self.imds_token(request)
        if self.imds_tokens.get(request.header("x-aws-ec2-metadata-token"), 0) < time.monotonic():
            raise Problem(401, "Unauthorized", "Unauthorized")
        base = "/latest/meta-data/iam/security-credentials/"
        if path in (base, base.rstrip("/")):
            return Response(200, here["role"].encode())
        if path == base + here["role"]:
            return as_json({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
                            **self.issuers["imds"].next()})
        if path == "/latest/meta-data/placement/region" and "region" in here:
            return Response(200, here["region"].encode())
        raise Problem(404, "NotFound", "Not Found")

    def imds_token(self, request):
        seconds = request.header("x-aws-ec2-metadata-token-ttl-seconds") or ""
        if request.method != "PUT" or not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            raise Problem(400 if request.method == "PUT" else 405, "BadRequest", "Bad Request")
        token = secrets.token_urlsafe(40)
        self.imds_tokens[token] = time.monotonic() + int(seconds)
        return Response(200, token.encode(), {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": seconds})


def as_json(value, kind="application/json"):
    return Response(200, json.dumps(value).encode(), {"Content-Type": kind})


def json_error(status, code, why):
    return Response(status, json.dumps({"__type": code, "message": why}).encode(),
                    {"Content-Type": "application/x-amz-json-1.1"})


def sts_error(status, code, why):
    code = "InvalidClientTokenId" if code == "UnrecognizedClientException" else code
    return Response(status, f'<ErrorResponse xmlns="{STS_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code>'
                    f"<Message>{escape(why)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId>"
                    "</ErrorResponse>\n".encode(), {"Content-Type": "text/xml"})


def s3_error(status, code, why):
    code = "InvalidAccessKeyId" if code == "UnrecognizedClientException" else code
    return Response(status, '<?xml version="1.0" encoding="UTF-8"?>\n'
                    f"<Error><Code>{code}</Code><Message>{escape(why)}</Message>"
                    f"<RequestId>{uuid.uuid4().hex[:16].upper()}</RequestId></Error>".encode(),
                    {"Content-Type": "application/xml"})


def configuration(text):
    """The configuration from a file, or as the JSON text itself."""
    if not text.lstrip().startswith("{"):
        with open(text, encoding="utf-8") as source:
            text = source.read()
    config = json.loads(text)
    for key in config.get("kms", []):
        base64.b64decode(key["ciphertext"], validate=True)
    return config


def parse():
    options = contract.parser(__doc__)
    options.formatter_class = argparse.RawDescriptionHelpFormatter
    contract.add_tls_options(options)
    http_peer.add_fate_options(options)
    options.add_argument("--config", required=True, metavar="FILE|JSON", type=configuration)
    options.add_argument("--http-port", type=int, default=0, help="port of IMDS and the container endpoint")
    options.add_argument("--fates-for", choices=("https", "http"), default="https")
    return options.parse_args()


def main():
    options = parse()
    stop = contract.Stop()
    services = Services(options.config, contract.Store(options.store))
    fates = {"https": (), "http": (), options.fates_for: options.fates}
    secure = http_peer.HttpPeer(services.https, stop, context=http_peer.context_or_none(options),
                                fates=fates["https"], slow_ms=options.slow_ms)
    plain = http_peer.HttpPeer(services.plain, stop, fates=fates["http"])
    contract.say_ready(port=secure.listen(options.port), http_port=plain.listen(options.http_port),
                       tls=bool(options.cert))
    stop.until_closed()
    contract.finish()


if __name__ == "__main__":
    main()
