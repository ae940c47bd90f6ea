#!/usr/bin/env bash
# Python 3.11 and uvicorn 0.54.0: asyncio sets TCP_NODELAY only on connections whose socket names its protocol
# (`proto == IPPROTO_TCP`). A socket of `socket.create_server` has protocol 0, and so have the connections that it
# accepts. A server of asyncio that is given such a socket, as `uvicorn.Server.run(sockets=[…])` is, therefore runs with
# Nagle's algorithm: an answer that is written in two pieces waits some 40 ms for the client's delayed acknowledgement
# of the first. Given host and port, the same server does not.
#
# Seen on Linux x86-64 with Python 3.11.7 and uvicorn 0.54.0:
#   by host and port: TCP_NODELAY 1; by a created socket: TCP_NODELAY 0, some 40 ms an answer more
#
# Installs the packages in a folder of its own and removes it. Exits with 1 if the behaviour is another one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import http.client
import socket
import statistics
import sys
import threading
import time

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

flags = []


class Watched(H11Protocol):
    def connection_made(self, transport):
        super().connection_made(transport)
        flags.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def measured(sockets):
    config = uvicorn.Config(app, http=Watched, lifespan="off", log_level="error", port=0 if not sockets else 8000)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets)))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    client, seconds = http.client.HTTPConnection("127.0.0.1", port), []
    for _ in range(10):
        began = time.perf_counter()
        client.request("GET", "/")
        client.getresponse().read()
        seconds.append(time.perf_counter() - began)
    client.close()
    server.should_exit = True
    thread.join()
    return flags[-1], statistics.median(seconds) * 1e3


by_port, by_socket = measured(None), measured([socket.create_server(("127.0.0.1", 0))])
print(f"by host and port: TCP_NODELAY {by_port[0]}, {by_port[1]:.1f} ms an answer")
print(f"by a created socket: TCP_NODELAY {by_socket[0]}, {by_socket[1]:.1f} ms an answer")
sys.exit(0 if (by_port[0], by_socket[0]) == (1, 0) else 1)
PYTHON
