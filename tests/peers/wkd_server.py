#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Key directories (WKD) behind a proxy: `CONNECT HOST:443` leads to the host that --root has a folder for, and nowhere else.

ROOT/HOST/PATH is what https://HOST/PATH answers, whatever its query; PATH.redirect holds where a 302 leads; anything else is 404.
Requests are noted in STORE/requests.jsonl, host and target. The TLS certificate is the same for all hosts.
"""
import os

import contract
import http_peer


class Directories:
    def __init__(self, options, stop):
        self.root = options.root
        self.store = contract.Store(options.store)
        self.context = contract.context_from(options)
        self.stop = stop

    def serve(self, sock, number):
        try:
            stream = sock.makefile("rb", 0)  # unbuffered: what follows is TLS
            request = http_peer.read_head(stream, number, None)
            host = request.target.decode("ascii").removesuffix(":443")
            known = request.method == "CONNECT" and os.path.isdir(os.path.join(self.root, host))
            self.store.append("requests.jsonl", {"connect": host})
            if not known:
                sock.sendall(b"HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n")
                sock.close()
                return
            sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            peer = http_peer.HttpPeer(lambda request, fate: self.answer(host, request), self.stop, context=self.context)
            peer.serve(sock, number)
        except (http_peer.Break, OSError, ValueError, AttributeError):
            sock.close()

    def answer(self, host, request):
        target = request.target.decode("ascii")
        self.store.append("requests.jsonl", {"host": host, "target": target})
        path = os.path.join(self.root, host, target.partition("?")[0].lstrip("/"))
        if os.path.isfile(path + ".redirect"):
            with open(path + ".redirect", encoding="ascii") as file:
                return http_peer.Response(302, b"", {"Location": file.read().strip()})
        if not os.path.isfile(path):
            return http_peer.Response(404)
        with open(path, "rb") as file:
            return http_peer.Response(200, file.read(), {"Content-Type": "application/octet-stream"})


def main():
    options = contract.parser(__doc__)
    contract.add_tls_options(options)
    options.add_argument("--root", required=True, metavar="DIR")
    options = options.parse_args()
    stop = contract.Stop()
    sock = contract.listener(options.port)
    contract.accept_forever(sock, Directories(options, stop).serve)
    contract.say_ready(port=sock.getsockname()[1])
    stop.until_closed()
    contract.finish()


if __name__ == "__main__":
    main()
