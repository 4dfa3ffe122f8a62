"""Stands in for a service manager: prints each message that comes to the datagram socket given, as a JSON string."""

import json
import socket
import sys

manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(manager.recv(65536).decode()), flush=True)
