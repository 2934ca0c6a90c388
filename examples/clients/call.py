#!/usr/bin/env python3
"""Send one package to a Pelton server and print the answer's body: call.py HOST PORT CODE TEXT

A package is a head of eight bytes (length of the whole, code, CRC-32 of the body; network order)
and a body. Python's standard library has all that is needed.
"""

import socket
import struct
import sys
import zlib

HEAD = struct.Struct("!HHI")
HEARTBEAT = 0


def encode(code: int, body: bytes) -> bytes:
    return HEAD.pack(HEAD.size + len(body), code, zlib.crc32(body)) + body


def read_exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = stream.recv(count - len(data))
        if not piece:
            raise ConnectionError("the server has closed the connection")
        data += piece
    return data


def receive(stream: socket.socket) -> tuple[int, bytes]:
    length, code, crc = HEAD.unpack(read_exactly(stream, HEAD.size))
    if length < HEAD.size:
        raise ConnectionError(f"a package cannot be {length} bytes long")
    body = read_exactly(stream, length - HEAD.size)
    if zlib.crc32(body) != crc:
        raise ConnectionError("the package is damaged")
    return code, body


def call(stream: socket.socket, code: int, body: bytes) -> bytes:
    stream.sendall(encode(code, body))
    while True:
        answered, answer = receive(stream)
        if answered == code:  # other codes are said to us unasked
            return answer


def main() -> None:
    host, port, code, text = sys.argv[1:]
    with socket.create_connection((host, int(port)), timeout=10) as stream:
        call(stream, HEARTBEAT, b"")  # a sign of life: at least every minute on a quiet connection
        print(call(stream, int(code), text.encode()).decode())


if __name__ == "__main__":
    main()
