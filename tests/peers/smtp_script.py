#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A scripted SMTP server: any EHLO list, any fault at any step, replies whole, line by line or byte by byte.

It logs every client line and what the client did wrong into STORE/dialogue.jsonl. Faults are described in smtp_faults.py:
STEP[INDEX]@CONNECTION/TRANSACTION*TIMES:ACTION:TEXT. A scenario file is a JSON object of these same options.
"""
import json
import sys
import time

import contract
import smtp_faults
import smtp_sasl
from smtp_session import Session
from smtp_wire import Wire

EVERYTHING = ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"]


def offer_list(text):
    return [line.strip() for line in text.split(",") if line.strip()]


def parse(arguments):
    options = contract.parser(__doc__)
    contract.add_tls_options(options)
    options.add_argument("--scenario", metavar="FILE", help="JSON object of options; the command line wins")
    options.add_argument("--tls", choices=("starttls", "implicit", "none"), default="starttls")
    options.add_argument("--allow-plain", action="store_true", help="accept mail without STARTTLS")
    options.add_argument("--ehlo-plain", type=offer_list, metavar="LIST", help="offers before TLS, with commas")
    options.add_argument("--ehlo-tls", type=offer_list, metavar="LIST", help="offers inside TLS, with commas")
    options.add_argument("--user")
    options.add_argument("--password")
    options.add_argument("--token", help="for XOAUTH2 and OAUTHBEARER")
    options.add_argument("--require-auth", action="store_true")
    options.add_argument("--chunking", choices=("whole", "line", "byte"), default="whole")
    options.add_argument("--chunk-pause-ms", type=float, default=0.5)
    options.add_argument("--delay-ms", type=float, default=0, help="latency of every reply")
    options.add_argument("--idle", type=float, help="421 and close after so many idle seconds")
    options.add_argument("--fault", action="append", default=[], type=smtp_faults.Fault.parse)
    settings = options.parse_args(arguments)
    if settings.scenario:
        with open(settings.scenario, encoding="utf-8") as source:
            settings = options.parse_args(scenario_options(json.load(source)) + arguments)
    return complete(settings)


def scenario_options(scenario):
    arguments = []
    for name, value in scenario.items():
        for item in value if isinstance(value, list) else [value]:
            option = "--" + name.replace("_", "-")
            arguments += [option] if item is True else [] if item is False else [f"{option}={item}"]
    return arguments


def complete(settings):
    """Fills in the offers that were not given."""
    settings.context = contract.context_from(settings) if settings.tls != "none" else None
    settings.accounts = smtp_sasl.Accounts(settings.user, settings.password, settings.token)
    mechanisms = [m for m in smtp_sasl.MECHANISMS
                  if (settings.token if m in ("XOAUTH2", "OAUTHBEARER") else settings.password) is not None]
    everything = EVERYTHING + (["AUTH " + " ".join(mechanisms)] if mechanisms else [])
    if settings.ehlo_tls is None:
        settings.ehlo_tls = everything + ["REQUIRETLS"]
    if settings.ehlo_plain is None:
        settings.ehlo_plain = everything if settings.tls == "none" else [
            "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "STARTTLS"]
    return settings


def start(settings, stop, store):
    """Serves in threads; returns the listening socket. Other peers use it too."""
    faults = smtp_faults.Faults(settings.fault)
    started = time.monotonic()

    def serve(sock, number):
        wire = Wire(sock, stop, chunking=settings.chunking, pause=settings.chunk_pause_ms / 1000,
                    delay=settings.delay_ms / 1000)
        Session(wire, number, settings, store, faults, started).run()

    sock = contract.listener(settings.port)
    contract.accept_forever(sock, serve)
    return sock


def main():
    settings = parse(sys.argv[1:])
    stop = contract.Stop()
    sock = start(settings, stop, contract.Store(settings.store))
    contract.say_ready(port=sock.getsockname()[1], tls=settings.tls)
    stop.until_closed()
    contract.finish()


if __name__ == "__main__":
    main()
