"""Executes a command with listening sockets passed as systemd passes them: activate.py PORTS NAMES COMMAND …"""

import os
import socket
import sys

ports, names, *command = sys.argv[1:]
listeners = []
for port in ports.split(","):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(port)))
    listener.listen()
    listeners.append(listener)
# Out of the way of the descriptors that they go to.
high = [os.dup2(listener.fileno(), 100 + index) for index, listener in enumerate(listeners)]
for index, descriptor in enumerate(high):
    os.dup2(descriptor, 3 + index, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(listeners)), LISTEN_FDNAMES=names)
os.execvp(command[0], command)
