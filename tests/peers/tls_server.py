#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A server to be probed: accepts exactly the TLS versions it is told, as HTTPS, SMTP with STARTTLS, SMTPS, or bare TLS.

Every ClientHello is noted in STORE/hellos.jsonl: the versions, names and protocols that the client really offered. With
--ocsp (or --protocol tls) the server is `openssl s_server`, which notes nothing.
"""
import ctypes
import re
import signal
import subprocess
import sys
import warnings

import contract
import http_peer
import smtp_script

VERSIONS = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
CLIENT_HELLO = 1


def _list8(data, at):
    """A vector with a length of one byte, and where it ends."""
    end = at + 1 + data[at]
    return data[at + 1:end], end


def _list16(data, at):
    end = at + 2 + int.from_bytes(data[at:at + 2], "big")
    return data[at + 2:end], end


def parse_client_hello(message):
    """What a ClientHello (RFC 8446 section 4.1.2, with its handshake header) offers."""
    legacy = int.from_bytes(message[4:6], "big")
    _, at = _list8(message, 38)
    ciphers, at = _list16(message, at)
    _, at = _list8(message, at)
    hello = {"legacy_version": VERSIONS.get(legacy, hex(legacy)), "ciphers": len(ciphers) // 2, "name": None, "alpn": [],
             "versions": [], "asks_for_ocsp": False}
    extensions = _list16(message, at)[0] if at < len(message) else b""
    at = 0
    while at < len(extensions):
        kind = int.from_bytes(extensions[at:at + 2], "big")
        body, at = _list16(extensions, at + 2)
        if kind == 0:
            hello["name"] = body[5:].decode("ascii", "replace")
        elif kind == 5:
            hello["asks_for_ocsp"] = True
        elif kind == 16:
            hello["alpn"] = [p.decode("latin-1") for p in _names(_list16(body, 0)[0])]
        elif kind == 43:
            offered = _list8(body, 0)[0]
            numbers = [int.from_bytes(offered[i:i + 2], "big") for i in range(0, len(offered), 2)]
            hello["versions"] = sorted(VERSIONS[n] for n in numbers if n in VERSIONS)
    # without supported_versions a client offers everything up to its legacy version: it may mean less
    hello["versions"] = hello["versions"] or [f"up to {hello['legacy_version']}"]
    return hello


def _names(data):
    at = 0
    while at < len(data):
        name, at = _list8(data, at)
        yield name


def noting(context, store):
    """Makes a context log each ClientHello."""
    def note(_, direction, __, ___, message_type, data):
        if direction == "read" and message_type == CLIENT_HELLO:
            store.append("hellos.jsonl", parse_client_hello(bytes(data)))
    context._msg_callback = note
    return context


def version_list(text):
    versions = [v for v in text.split(",") if v]
    if not versions or not set(versions) <= set(contract.TLS_BITS):
        raise ValueError(text)
    return versions


def parse():
    options = contract.parser(__doc__)
    options.add_argument("--cert", required=True)
    options.add_argument("--key")
    options.add_argument("--client-ca")
    options.add_argument("--versions", type=version_list, default=["1.2", "1.3"], metavar="1.0,1.1,1.2,1.3")
    options.add_argument("--protocol", choices=("https", "smtp", "smtps", "tls"), default="https")
    options.add_argument("--ocsp", metavar="FILE", help="DER response to staple (https and tls only)")
    options.add_argument("--ciphers", help="cipher list for TLS up to 1.2")
    options.add_argument("--ehlo-plain", metavar="LIST")
    options.add_argument("--ehlo-tls", metavar="LIST")
    return options.parse_args()


def start_openssl(options):
    """`openssl s_server` on a free port; returns the process and its port."""
    flags = [f"-no_tls1{'' if v == '1.0' else '_' + v[2]}" for v in contract.TLS_BITS if v not in options.versions]
    ciphers = options.ciphers or ("ALL:@SECLEVEL=0" if min(options.versions) < "1.2" else "DEFAULT")
    command = ["openssl", "s_server", "-accept", f"{contract.LOOPBACK}:{options.port}", "-www", "-cert", options.cert,
               "-cert_chain", options.cert, "-key", options.key or options.cert, "-cipher", ciphers, *flags]
    if options.ocsp:
        command += ["-status_file", options.ocsp]
    if options.client_ca:
        command += ["-CAfile", options.client_ca, "-Verify", "3", "-verify_return_error"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr,
                              preexec_fn=lambda: ctypes.CDLL(None).prctl(1, signal.SIGTERM))
    for line in server.stdout:
        match = re.match(rb"ACCEPT .*:(\d+)", line)
        if match:
            return server, int(match[1])
    raise SystemExit(f"tls_server: openssl s_server ended with {server.wait()}")


def start_here(options, stop):
    """One of the other peers with a context of these versions; returns the port."""
    store = contract.Store(options.store)
    context = contract.server_context(options.cert, options.key or options.cert, options.client_ca, options.versions)
    if options.ciphers:
        context.set_ciphers(options.ciphers)
    noting(context, store)
    if options.protocol == "https":
        context.set_alpn_protocols(["http/1.1"])
        answer = http_peer.Response(200, b"probed\n", {"Content-Type": "text/plain"})
        return http_peer.HttpPeer(lambda request, fate: answer, stop, context=context).listen(options.port)
    arguments = [f"--port={options.port}", f"--tls={'starttls' if options.protocol == 'smtp' else 'implicit'}"]
    arguments += [f"--{name.replace('_', '-')}={value}" for name in ("ehlo_plain", "ehlo_tls")
                  if (value := getattr(options, name)) is not None]
    settings = smtp_script.parse(arguments)
    settings.context = context
    return smtp_script.start(settings, stop, store).getsockname()[1]


def main():
    warnings.simplefilter("ignore", DeprecationWarning)
    options = parse()
    stop = contract.Stop()
    server = None
    if options.protocol == "tls" or options.ocsp:
        if options.protocol.startswith("smtp"):
            raise SystemExit("tls_server: --ocsp is for https and tls")
        server, port = start_openssl(options)
    else:
        port = start_here(options, stop)
    contract.say_ready(port=port, versions=options.versions, protocol=options.protocol)
    stop.until_closed()
    if server:
        server.kill()
        server.wait()
    contract.finish()


if __name__ == "__main__":
    main()
