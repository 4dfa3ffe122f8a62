"""
An HTTP/3 end made of aioquic that does nothing of its own accord: each line of standard input is a command in JSON,
each line of standard output an event in JSON. It ends with its standard input.

    aioquic_peer.py client                       then the command "connect"
    aioquic_peer.py server CERTIFICATE KEY       the first event, "listening", says where
"""

import asyncio
import hashlib
import json
import struct
import sys

from aioquic import tls
from aioquic.asyncio import QuicConnectionProtocol, serve
from aioquic.buffer import Buffer, BufferReadError, encode_uint_var
from aioquic.h3.connection import H3_ALPN, FrameType, H3Connection, StreamType, encode_frame
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection, stream_is_unidirectional
from aioquic.quic.events import (
    ConnectionTerminated,
    HandshakeCompleted,
    ProtocolNegotiated,
    StopSendingReceived,
    StreamDataReceived,
    StreamReset,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.x509 import DNSName, SubjectAlternativeName

HOST = "127.0.0.1"

# Content of one DATA frame: a size that fits no other unit on the way.
FRAME = 100_003

# Content up to this size is told as text, too.
TEXT = 10_000

connections = {}


def emit(event, **details):
    print(json.dumps({"event": event, **details}), flush=True)


def pattern(size, seed):
    """The same bytes as test/support/pattern.ts."""
    key = struct.pack(">d", seed) + bytes(8)
    return Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(size))


class AskingContext(tls.Context):
    """As a server it wants the client's certificate, for which aioquic has no public switch."""

    def __init__(self, is_client, **options):
        super().__init__(is_client=is_client, **options)
        self._request_client_certificate = not is_client


class Http(H3Connection):
    """aioquic takes the Content-Length of every response for that of content, even if HEAD asked (RFC 9110 section 9.3.2)."""

    def __init__(self, quic):
        super().__init__(quic)
        self.bodiless = set()

    def send_headers(self, stream_id, headers, end_stream=False):
        if (b":method", b"HEAD") in headers:
            self.bodiless.add(stream_id)
        super().send_headers(stream_id, headers, end_stream)

    def _check_content_length(self, stream):
        if stream.stream_id not in self.bodiless:
            super()._check_content_length(stream)


class Content:
    """What came of a message's content: its length, its hash and its beginning."""

    def __init__(self):
        self.length = 0
        self.digest = hashlib.sha256()
        self.beginning = bytearray()

    def add(self, data):
        self.length += len(data)
        self.digest.update(data)
        self.beginning += data[: max(0, TEXT - len(self.beginning))]

    def report(self):
        text = self.beginning.decode("latin1") if self.length <= TEXT else None
        return {"bytes": self.length, "sha256": self.digest.hexdigest(), "text": text}


class Peer(QuicConnectionProtocol):
    """One connection, known to the outside by its number."""

    def __init__(self, quic, stream_handler=None):
        super().__init__(quic, stream_handler)
        self.number = len(connections) + 1
        connections[self.number] = self
        self.http = None
        self.content = {}
        self.control = {}
        self.frames_seen = 0
        self.settings_seen = False

    def emit(self, event, **details):
        emit(event, connection=self.number, **details)

    # What happens.

    def quic_event_received(self, event):
        if isinstance(event, ProtocolNegotiated):
            self.http = Http(self._quic)
        elif isinstance(event, HandshakeCompleted):
            self.emit("connected", certificate=self.names_of_peer())
        elif isinstance(event, StreamReset):
            self.emit("reset", stream=event.stream_id, code=event.error_code)
        elif isinstance(event, StopSendingReceived):
            self.emit("stopped", stream=event.stream_id, code=event.error_code)
        elif isinstance(event, StreamDataReceived) and stream_is_unidirectional(event.stream_id):
            self.watch_control(event)
        elif isinstance(event, ConnectionTerminated):
            kind = "application" if event.frame_type is None else "transport"
            self.emit("closed", kind=kind, code=event.error_code, reason=event.reason_phrase)
        if self.http is not None:
            for http_event in self.http.handle_event(event):
                self.http_event_received(http_event)
            self.report_settings()

    def http_event_received(self, event):
        if isinstance(event, HeadersReceived):
            headers = [[name.decode("latin1"), value.decode("latin1")] for name, value in event.headers]
            self.emit("headers", stream=event.stream_id, headers=headers)
        elif isinstance(event, DataReceived):
            if event.stream_id not in self.content:
                self.content[event.stream_id] = Content()
                self.emit("content", stream=event.stream_id)
            self.content[event.stream_id].add(event.data)
        if event.stream_ended:
            content = self.content.pop(event.stream_id, Content())
            self.emit("end", stream=event.stream_id, **content.report())

    def report_settings(self):
        if self.settings_seen or self.http.received_settings is None:
            return
        self.settings_seen = True
        self.emit("settings", settings={f"0x{key:x}": value for key, value in self.http.received_settings.items()})

    def watch_control(self, event):
        """aioquic says nothing about GOAWAY. A control stream is short enough to be read again at each addition."""
        data = self.control.setdefault(event.stream_id, bytearray())
        data += event.data
        if data[:1] != bytes([StreamType.CONTROL]):
            return
        frames = Buffer(data=bytes(data[1:]))
        try:
            for nth in range(sys.maxsize):
                kind, payload = frames.pull_uint_var(), frames.pull_bytes(frames.pull_uint_var())
                if nth >= self.frames_seen and kind == FrameType.GOAWAY:
                    self.emit("goaway", id=Buffer(data=payload).pull_uint_var())
                self.frames_seen = max(self.frames_seen, nth + 1)
        except BufferReadError:
            pass

    def names_of_peer(self):
        certificate = self._quic.tls._peer_certificate
        if certificate is None:
            return []
        names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        return names.get_values_for_type(DNSName)

    # What is asked for.

    def headers(self, stream, headers, end=False):
        lines = [(name.encode("latin1"), value.encode("latin1")) for name, value in headers]
        self.http.send_headers(stream, lines, end)

    def data(self, stream, size, seed=0, end=False):
        content = pattern(size, seed)
        for at in range(0, size, FRAME):
            self.http.send_data(stream, content[at : at + FRAME], end and at + FRAME >= size)

    def text(self, stream, text, end=False):
        self.http.send_data(stream, text.encode(), end)

    def raw(self, stream, hex, end=False):
        self._quic.send_stream_data(stream, bytes.fromhex(hex), end)

    def reset(self, stream, code):
        self._quic.reset_stream(stream, code)

    def stop(self, stream, code):
        self._quic.stop_stream(stream, code)

    def goaway(self, id):
        frame = encode_frame(FrameType.GOAWAY, encode_uint_var(id))
        self._quic.send_stream_data(self.http._local_control_stream_id, frame)

    def end(self, code, reason):
        self._quic.close(error_code=code, reason_phrase=reason)

    def encoder(self):
        """How much the QPACK encoder has sent for the peer's dynamic table."""
        self.emit("encoder", bytes=self.http._encoder_bytes_sent)


async def connect(port, name, ca, cert=None, key=None):
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name)
    configuration.load_verify_locations(ca)
    if cert is not None:
        configuration.load_cert_chain(cert, key)
    quic = QuicConnection(configuration=configuration)
    loop = asyncio.get_running_loop()
    _, peer = await loop.create_datagram_endpoint(lambda: Peer(quic), local_addr=(HOST, 0))
    peer.connect((HOST, port))


async def listen(cert, key):
    tls.Context = AskingContext
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, is_client=False)
    configuration.load_cert_chain(cert, key)
    server = await serve(HOST, 0, configuration=configuration, create_protocol=Peer)
    emit("listening", port=server._transport.get_extra_info("sockname")[1])


async def obey(do, connection=None, **details):
    if do == "connect":
        await connect(**details)
    else:
        peer = connections[connection]
        getattr(peer, do)(**details)
        peer.transmit()


async def main(role, *identity):
    if role == "server":
        await listen(*identity)
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        await obey(**json.loads(line))


asyncio.run(main(*sys.argv[1:]))
