"""A worker that speaks the protocol until it is asked to score, and then lies."""

import json
import os
import struct
import sys
import time

FRAME = struct.Struct(">QQ")
config = json.loads(sys.argv[1])
lie = os.environ["LIE"]


def read(size):
    data = b""
    while len(data) < size:
        data += os.read(0, size - len(data)) or sys.exit()
    return data


def frame(text, raw=b"", answers=None):
    return FRAME.pack(number if answers is None else answers, len(text)) + text + raw


def buffer(**changes):
    return {"dtype": "<f8", "shape": [2], "bytes": 16, "offset": None, **changes}


def told(facts, raw=b"\0" * 16, value=None, answers=None, **changes):
    value = {"result": {"$member": 0}} if value is None else value
    message = {"ok": True, "kept": False, "buffers": facts, "value": value, **changes}
    return frame(json.dumps(message).encode(), raw, answers)


def share(size):
    os.pwrite(config["shared"], b"\0" * size, 0)


def deep():
    value = b"[" * 100000 + b"]" * 100000
    return frame(b'{"ok": true, "kept": false, "buffers": [], "value": ' + value + b"}")


LIES = {
    "a huge text": lambda: FRAME.pack(number, 2**63),
    "no json": lambda: frame(b"{nope"),
    "no text": lambda: frame(b"\xff\xfe\xfd\xfc"),
    "a list": lambda: frame(b"[1, 2]"),
    "another request": lambda: told([buffer()], answers=number + 1),
    "no value": lambda: frame(b'{"ok": true, "kept": false, "buffers": []}'),
    "no ok": lambda: told([buffer()], ok="yes"),
    "no kept": lambda: told([buffer()], kept=1),
    "buffers that are none": lambda: told({"0": buffer()}),
    "a number for a buffer": lambda: told([7]),
    "a buffer without facts": lambda: told([{"dtype": "<f8"}]),
    "a size that is text": lambda: told([buffer(bytes="16")]),
    "a negative size": lambda: told([buffer(shape=[-2], bytes=-16)]),
    "too short": lambda: told([buffer(shape=[3])]),
    "too long": lambda: told([buffer(shape=[1])]),
    "an overflow": lambda: told([buffer(shape=[2**32, 2**32], bytes=0)]),
    "more than memory": lambda: told([buffer(shape=[2**50], bytes=2**53)]),
    "much more in sum": lambda: told([buffer(shape=[2**25], bytes=2**28)] * 4096),
    "objects": lambda: told([buffer(dtype="|O")]),
    "no type": lambda: told([buffer(dtype="float65")]),
    "a type that is no text": lambda: told([buffer(dtype=[["a", "<f8"]])]),
    "a type in other words": lambda: told([buffer(dtype="f8")]),
    "a structure": lambda: told([buffer(dtype="f4,f4")]),
    "many dimensions": lambda: told([buffer(shape=[1] * 100 + [2])]),
    "a shape that is none": lambda: told([buffer(shape=2)]),
    "a float in a shape": lambda: told([buffer(shape=[2.0])]),
    "a buffer that is not there": lambda: told([buffer()], value={"result": {"$member": 1}}),
    "a reference that is none": lambda: told([buffer()], value={"result": {"$member": "x"}}),
    "deep nesting": deep,
    "shared memory that is not there": lambda: told([buffer(offset=0)], b""),
    "shared memory that ends": lambda: (share(8), told([buffer(offset=0)], b""))[1],
    "shared memory beyond the end": lambda: (share(16), told([buffer(offset=2**40)], b""))[1],
    "shared memory before the start": lambda: told([buffer(offset=-16)], b""),
    "an offset that is text": lambda: told([buffer(offset="0")], b""),
    "no result": lambda: told([], b"", {}),
    "another thing": lambda: told([], b"", 5),
    "an error that is none": lambda: told([], b"", 5, ok=False),
}


while True:
    number, size = FRAME.unpack(read(FRAME.size))
    header = json.loads(read(size).decode())
    for facts in header["buffers"]:
        if facts["offset"] is None:
            read(facts["bytes"])
    answer = {"ping": {"python": "9", "numpy": "9"}, "create": ["fit", "score"]}
    if header.get("method") != "score":
        reply = told([], b"", answer.get(header["op"], {}))
    elif lie in LIES:
        reply = LIES[lie]()
    elif lie == "half a reply":
        os.write(1, told([buffer()])[:40])
        os.close(1)
        time.sleep(600)
    elif lie == "half a reply, and then nothing":
        os.write(1, told([buffer()])[:40])
        time.sleep(600)
    elif lie == "one reply too many":
        reply = told([buffer()]) * 2
    elif lie == "it stops reading":
        os.write(1, told([buffer()]))
        time.sleep(600)
    os.write(1, reply)
