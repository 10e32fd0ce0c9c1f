#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Amazon SES over HTTPS for tests: API v2 (JSON) and v1 (form and XML), every request checked by SigV4.

It keeps the raw bytes of each message and the facts of each request, holds SES's limits, and fails on demand.
"""
import base64
import binascii
import datetime
import json
import uuid
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import contract
import http_peer
import ses_message
import sigv4
from http_peer import Response
from ses_message import Rejected

NAMESPACE = "http://ses.amazonaws.com/doc/2010-12-01/"
V1_CODES = {"BadRequestException": "InvalidParameterValue", "NotFoundException": "ConfigurationSetDoesNotExist",
            "UnrecognizedClientException": "InvalidClientTokenId", "TooManyRequestsException": "Throttling"}
DEFAULT_CODES = {400: "BadRequestException", 403: "AccessDeniedException", 404: "NotFoundException",
                 429: "TooManyRequestsException", 500: "InternalServiceErrorException", 503: "ServiceUnavailable"}
V2_MEMBERS = {"FromEmailAddress", "FromEmailAddressIdentityArn", "Destination", "ReplyToAddresses",
              "FeedbackForwardingEmailAddress", "FeedbackForwardingEmailAddressIdentityArn", "Content", "EmailTags",
              "ConfigurationSetName", "EndpointId", "TenantName", "ListManagementOptions"}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def config_set(text):
    name, _, policy = text.partition("=")
    if policy not in ("", "REQUIRE", "OPTIONAL"):
        raise ValueError(text)
    return name, policy or "OPTIONAL"


class Ses:
    def __init__(self, options, store):
        self.options = options
        self.store = store
        self.config_sets = dict(options.config_set)
        self.clock = (lambda: options.clock) if options.clock else (
            lambda: datetime.datetime.now(datetime.timezone.utc))
        self.verifier = sigv4.Verifier(options.credentials, ["ses"], options.region, self.clock)

    def handle(self, request, fate):
        facts = {"method": request.method, "target": request.target.decode("latin-1"), "headers": request.headers,
                 "bytes": len(request.body), "connection": request.connection, "tls": request.tls}
        v1 = not request.target.startswith(b"/v2/")
        try:
            signer = self.verifier.verify(request.method, request.target, request.headers, request.body)
            facts["signer"] = signer["access_key_id"]
            facts["region"] = signer["region"]
            if fate:
                raise Rejected(fate.code or DEFAULT_CODES.get(fate.status, "InternalFailure"), "As the test wished",
                               fate.status)
            response = self.v1(request, signer) if v1 else self.v2(request, signer)
        except sigv4.Refused as refused:
            facts["error"] = {"code": refused.code, "why": refused.why, **refused.detail}
            response = error(v1, refused.status, refused.code, refused.why)
        except Rejected as rejected:
            facts["error"] = {"code": rejected.code, "why": rejected.why}
            status = rejected.status
            if v1 and not fate:
                status = 400
            response = error(v1, status, rejected.code, rejected.why)
        facts["status"] = response.status
        self.store.append("requests.jsonl", facts)
        return response

    # version 2

    def v2(self, request, signer):
        path, _, _ = request.target.decode("ascii").partition("?")
        parts = [unquote(p) for p in path.split("/")[3:]]
        if request.method == "POST" and parts == ["outbound-emails"]:
            return as_json({"MessageId": self.send_v2(request, signer)})
        if request.method == "GET" and parts == ["account"]:
            return as_json(self.account())
        if len(parts) >= 2 and parts[0] == "configuration-sets":
            if request.method == "GET" and len(parts) == 2:
                return as_json(self.describe(parts[1]))
            if request.method == "PUT" and parts[2:] == ["delivery-options"]:
                self.put_policy(parts[1], as_object(request.body).get("TlsPolicy"), ("REQUIRE", "OPTIONAL"))
                return as_json({})
        raise Rejected("UnknownOperationException", f"no such operation: {request.method} {path}", 404)

    def send_v2(self, request, signer):
        if (request.header("content-type") or "").split(";")[0].strip() != "application/json":
            raise Rejected("BadRequestException", "Content-Type must be application/json")
        call = as_object(request.body)
        unknown = set(call) - V2_MEMBERS
        if unknown:
            raise Rejected("BadRequestException", f"unknown members: {sorted(unknown)}")
        raw = call.get("Content", {}).get("Raw", {}).get("Data")
        if not isinstance(raw, str):
            raise Rejected("BadRequestException", "Content.Raw.Data is missing")
        destination = call.get("Destination", {})
        recipients = {kind: destination.pop(kind + "Addresses", []) for kind in ("To", "Cc", "Bcc")}
        if destination:
            raise Rejected("BadRequestException", f"unknown members of Destination: {sorted(destination)}")
        return self.take(
            request, signer, "v2", raw, 40, call.get("FromEmailAddress"), recipients,
            [(t["Name"], t["Value"]) for t in call.get("EmailTags", [])], call.get("ConfigurationSetName"),
            {"feedback": call.get("FeedbackForwardingEmailAddress"), "tenant": call.get("TenantName"),
             "list_management": call.get("ListManagementOptions")})

    def account(self):
        most, rate, sent = self.options.quota
        return {"DedicatedIpAutoWarmupEnabled": False, "EnforcementStatus": self.options.enforcement,
                "ProductionAccessEnabled": not self.options.sandbox,
                "SendQuota": {"Max24HourSend": most, "MaxSendRate": rate, "SentLast24Hours": sent + self.store.count},
                "SendingEnabled": self.options.enforcement != "SHUTDOWN"}

    def known_set(self, name):
        if name not in self.config_sets:
            raise Rejected("NotFoundException", f"Configuration set <{name}> does not exist.", 404)
        return name

    def describe(self, name):
        return {"ConfigurationSetName": self.known_set(name), "DeliveryOptions": {"TlsPolicy": self.config_sets[name]},
                "ReputationOptions": {"ReputationMetricsEnabled": False}, "SendingOptions": {"SendingEnabled": True},
                "Tags": [], "TrackingOptions": {}}

    def put_policy(self, name, policy, allowed):
        self.known_set(name)
        if policy not in allowed:
            raise Rejected("BadRequestException", f"TlsPolicy must be one of {', '.join(allowed)}")
        self.config_sets[name] = policy.upper()

    # version 1

    def v1(self, request, signer):
        if request.method != "POST" or request.target != b"/":
            raise Rejected("InvalidAction", "version 1 is POST /", 404)
        if (request.header("content-type") or "").split(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Rejected("InvalidParameterValue", "Content-Type must be application/x-www-form-urlencoded")
        form = dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))
        if form.get("Version") != "2010-12-01":
            raise Rejected("InvalidParameterValue", "Version must be 2010-12-01")
        action = form.get("Action", "")
        if action == "SendRawEmail":
            return as_xml(action, f"<MessageId>{self.send_v1(request, signer, form)}</MessageId>")
        if action == "GetSendQuota":
            quota = self.account()["SendQuota"]
            return as_xml(action, "".join(f"<{k}>{float(v)}</{k}>" for k, v in quota.items()))
        if action == "PutConfigurationSetDeliveryOptions":
            self.put_policy(form.get("ConfigurationSetName"), form.get("DeliveryOptions.TlsPolicy"),
                            ("Require", "Optional"))
            return as_xml(action, "")
        if action == "DescribeConfigurationSet":
            name = self.known_set(form.get("ConfigurationSetName"))
            options = ""
            if "deliveryOptions" in members(form, "ConfigurationSetAttributeNames"):
                options = ("<DeliveryOptions><TlsPolicy>" + self.config_sets[name].capitalize()
                           + "</TlsPolicy></DeliveryOptions>")
            return as_xml(action, f"<ConfigurationSet><Name>{escape(name)}</Name></ConfigurationSet>{options}")
        raise Rejected("InvalidAction", f"Could not find operation {action} for version 2010-12-01")

    def send_v1(self, request, signer, form):
        tags = []
        while f"Tags.member.{len(tags) + 1}.Name" in form:
            at = f"Tags.member.{len(tags) + 1}"
            tags.append((form[at + ".Name"], form.get(at + ".Value", "")))
        return self.take(request, signer, "v1", form.get("RawMessage.Data", ""), 10, form.get("Source"),
                         {"Destinations": members(form, "Destinations")}, tags, form.get("ConfigurationSetName"),
                         {"feedback": None, "tenant": None, "list_management": None})

    # both

    def take(self, request, signer, api, raw, limit_mb, source, recipients, tags, set_name, extras):
        """Checks a message as SES does and stores it; returns its id."""
        try:
            content = base64.b64decode(raw, validate=True)
        except binascii.Error as why:
            raise Rejected("BadRequestException", f"the raw message is not base64: {why}") from None
        everyone = [r for kind in recipients.values() for r in kind]
        ses_message.check_content(content, len(raw), limit_mb)
        if source is not None:
            ses_message.check_address(source)
        ses_message.check_recipients(everyone)
        ses_message.check_tags(tags)
        if set_name is not None:
            self.known_set(set_name)
        if source and ses_message.address_of(source) in self.options.unverified:
            raise Rejected("MessageRejected", "Email address is not verified. The following identities failed the check "
                           f"in region {signer['region'].upper()}: {source}")
        message_id = f"0102019{self.store.count + 1:09x}-{uuid.uuid4()}-000000"
        number = self.store.add(content, {
            "api": api, "message_id": message_id, "mail_from": source, "rcpt": [{"address": a} for a in everyone],
            "destination": recipients, "tags": [list(t) for t in tags], "configuration_set": set_name, **extras,
            "fields": ses_message.header_names(content), "headers": request.headers, "tls": request.tls,
            "signer": {k: v for k, v in signer.items() if k not in ("canonical_request", "string_to_sign")},
            "connection": request.connection, "accepted": True})
        if self.options.rewrite and self.store.folder:
            self.store.write(f"{number:03d}.delivered.eml",
                             ses_message.as_delivered(content, message_id, signer["region"], self.clock()))
        return message_id


def as_object(body):
    try:
        call = json.loads(body)
    except ValueError:
        call = None
    if not isinstance(call, dict):
        raise Rejected("SerializationException", "the body is not a JSON object")
    return call


def members(form, name):
    found = []
    while f"{name}.member.{len(found) + 1}" in form:
        found.append(form[f"{name}.member.{len(found) + 1}"])
    return found


def as_json(value):
    return Response(200, json.dumps(value).encode(), {"Content-Type": "application/json"})


def as_xml(action, inner):
    return Response(200, f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{inner}</{action}Result>'
                    f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata>"
                    f"</{action}Response>\n".encode(), {"Content-Type": "text/xml"})


def error(v1, status, code, why):
    if not v1:
        return Response(status, json.dumps({"message": why}).encode(),
                        {"Content-Type": "application/json", "x-amzn-ErrorType": code})
    side = "Receiver" if status >= 500 else "Sender"
    return Response(status, f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{side}</Type>'
                    f"<Code>{V1_CODES.get(code, code)}</Code><Message>{escape(why)}</Message></Error>"
                    f"<RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>\n".encode(), {"Content-Type": "text/xml"})


def is_sending(request):
    return request.method == "POST"


def parse():
    options = contract.parser(__doc__)
    contract.add_tls_options(options)
    http_peer.add_fate_options(options)
    options.add_argument("--credentials", action="append", required=True, type=sigv4.Credential.parse,
                         metavar="AKID:SECRET[:TOKEN]")
    options.add_argument("--region", action="append", help="accept only these regions")
    options.add_argument("--clock", type=moment, help="the server's time, fixed (RFC 3339)")
    options.add_argument("--config-set", action="append", default=[], type=config_set,
                         metavar="NAME[=REQUIRE|OPTIONAL]")
    options.add_argument("--quota", type=lambda text: [float(n) for n in text.split(",")], default=[200.0, 1.0, 0.0],
                         metavar="MAX24,RATE,SENT")
    options.add_argument("--sandbox", action="store_true")
    options.add_argument("--enforcement", default="HEALTHY", choices=("HEALTHY", "PROBATION", "SHUTDOWN"))
    options.add_argument("--unverified", action="append", default=[], metavar="ADDR", help="refuse this sender")
    options.add_argument("--rewrite", action="store_true", help="also store NNN.delivered.eml, changed as SES does")
    options.add_argument("--fates-for", choices=("send", "all"), default="send",
                         help="which requests --fail, --hangup, --reset and --stall hit: POSTs, or all")
    return options.parse_args()


def main():
    options = parse()
    stop = contract.Stop()
    ses = Ses(options, contract.Store(options.store))
    befalls = is_sending if options.fates_for == "send" else lambda request: True
    peer = http_peer.HttpPeer(ses.handle, stop, context=http_peer.context_or_none(options), fates=options.fates,
                              slow_ms=options.slow_ms, befalls=befalls)
    contract.say_ready(port=peer.listen(options.port), tls=bool(options.cert))
    stop.until_closed()
    contract.finish()


if __name__ == "__main__":
    main()
