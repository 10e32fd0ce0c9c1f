#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A private Postfix on loopback: `port` with STARTTLS demanded, `smtps_port` with TLS from the first byte, no AUTH.

Whatever it accepts goes to an SMTP sink inside this process and nowhere else. NNN.eml holds what was submitted: the one
Received field that Postfix puts first is taken off and kept as `received` in NNN.json. Exit code 77: it cannot run here.
"""
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import contract
import smtp_script

MAIN = """\
compatibility_level = 3.6
config_directory = {home}/conf
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/log
maillog_file_prefixes = {home}
myhostname = postfix.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
# everything leaves to the sink, and DNS is never asked
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = smtp:[127.0.0.1]:{sink}
relayhost = [127.0.0.1]:{sink}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtp_tls_security_level = none
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = {recipients} permit
smtpd_discard_ehlo_keywords = {discard}
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_mandatory_protocols = {protocols}
smtpd_tls_protocols = {protocols}
smtpd_tls_mandatory_ciphers = {ciphers}
smtpd_tls_received_header = yes
tls_low_cipherlist = ALL:@SECLEVEL=0
message_size_limit = {size}
mailbox_size_limit = 0
virtual_mailbox_limit = 0
queue_minfree = 0
# the bytes stay as they came
message_drop_headers =
always_add_missing_headers = no
local_header_rewrite_clients =
remote_header_rewrite_domain =
disable_mime_output_conversion = yes
smtp_line_length_limit = 0
smtp_balance_mime_boundaries = no
smtputf8_enable = yes
minimal_backoff_time = 1s
queue_run_delay = 1s
"""

MASTER = """\
postlog unix-dgram n - n - 1 postlogd
127.0.0.1:{port} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:{smtps_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=encrypt
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
scache unix - - n - 1 scache
anvil unix - - n - 1 anvil
"""

RECEIVED = re.compile(rb"Received:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


class Submissions(contract.Store):
    """Stores what the sink gets as it was before Postfix put its Received field on top."""

    def add(self, content, facts):
        match = RECEIVED.match(content)
        received = " ".join(match[0].decode("utf-8", "replace").split()) if match else ""
        identity = re.search(r" id (\w+)", received)
        tls = re.search(r"\(using (\S+) with cipher (\S+)", received)
        facts = {**facts, "received": received, "queue_id": identity and identity[1],
                 "tls": tls and {"version": tls[1], "cipher": tls[2]}}
        return super().add(content[match.end():] if match else content, facts)

    def append(self, name, entry):
        """The sink's dialogue is Postfix's own, and of no interest."""


def skip(reason):
    print(f"postfix_server: skipped: {reason}", file=sys.stderr)
    raise SystemExit(77)


def find_postfix():
    if os.geteuid() != 0:
        skip("Postfix needs root")
    path = shutil.which("postfix", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if not path:
        skip("Postfix is not installed")
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        skip("there is no user postfix")
    return path


def free_port():
    with socket.socket() as sock:
        sock.bind((contract.LOOPBACK, 0))
        return sock.getsockname()[1]


def recipient_table(options):
    """Restrictions that answer chosen recipients with a given reply."""
    rows = []
    for wanted, default in ((options.refuse_rcpt, "550 5.1.1 no such user"), (options.defer_rcpt, "450 4.2.1 later")):
        for item in wanted:
            address, _, reply = item.partition("=")
            rows.append(f"{{ {address} = {reply or default} }}")
    return f"check_recipient_access inline:{{ {' '.join(rows)} }}," if rows else ""


def configure(home, options, sink):
    ports = {"port": options.port or free_port(), "smtps_port": options.smtps_port or free_port()}
    old = options.tls_min in ("1.0", "1.1")
    dotted = {"1.0": "TLSv1", "1.1": "TLSv1.1", "1.2": "TLSv1.2", "1.3": "TLSv1.3"}
    protocols = f">={dotted[options.tls_min]}, <={dotted[options.tls_max]}"
    for name in ("conf", "queue", "data"):
        os.mkdir(os.path.join(home, name), 0o755)
    os.chown(os.path.join(home, "data"), pwd.getpwnam("postfix").pw_uid, -1)
    with open(os.path.join(home, "conf", "main.cf"), "w", encoding="utf-8") as main:
        main.write(MAIN.format(home=home, sink=sink, cert=os.path.abspath(options.cert),
                               key=os.path.abspath(options.key or options.cert), protocols=protocols,
                               ciphers="low" if old else "medium", discard=options.discard, size=options.size,
                               recipients=recipient_table(options)))
    with open(os.path.join(home, "conf", "master.cf"), "w", encoding="utf-8") as master:
        master.write(MASTER.format(**ports))
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def start_master(postfix, home):
    conf = os.path.join(home, "conf")
    subprocess.run([postfix, "-c", conf, "check"], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, timeout=60)
    daemons = subprocess.run(["postconf", "-c", conf, "-h", "daemon_directory"], check=True, capture_output=True,
                             stdin=subprocess.DEVNULL, timeout=60).stdout.decode().strip()
    return subprocess.Popen([os.path.join(daemons, "master"), "-c", conf, "-s"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, preexec_fn=die_with_parent, start_new_session=True)


def wait_until_open(master, port, home):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and master.poll() is None:
        try:
            with socket.create_connection((contract.LOOPBACK, port), 5) as sock:
                if sock.recv(4).startswith(b"220"):
                    return
        except OSError:
            time.sleep(0.05)
    with open(os.path.join(home, "log"), encoding="utf-8", errors="replace") as log:
        print(log.read(), file=sys.stderr)
    raise SystemExit("postfix_server: Postfix did not start")


def parse():
    options = contract.parser(__doc__)
    contract.add_tls_options(options)
    options.add_argument("--smtps-port", type=int, default=0)
    options.add_argument("--discard", default="", metavar="KEYWORDS", help="EHLO keywords not to offer, with commas")
    options.add_argument("--size", type=int, default=100_000_000)
    options.add_argument("--refuse-rcpt", action="append", default=[], metavar="ADDR[=REPLY]")
    options.add_argument("--defer-rcpt", action="append", default=[], metavar="ADDR[=REPLY]")
    return options.parse_args()


def start_sink(options, stop):
    settings = smtp_script.parse(["--tls=none"])
    return smtp_script.start(settings, stop, Submissions(options.store)).getsockname()[1]


def main():
    options = parse()
    postfix = find_postfix()
    stop = contract.Stop()
    home = tempfile.mkdtemp(prefix="mimeseal-postfix-")
    master = None
    try:
        os.chmod(home, 0o755)
        ports = configure(home, options, start_sink(options, stop))
        master = start_master(postfix, home)
        wait_until_open(master, ports["port"], home)
        contract.say_ready(**ports, log_path=os.path.join(home, "log"))
        stop.until_closed()
    finally:
        if master:
            master.terminate()
            master.wait(20)
        shutil.rmtree(home, ignore_errors=True)
    contract.finish()


if __name__ == "__main__":
    main()
