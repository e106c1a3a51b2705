"""Compares what Python's safetensors and vaekit accept, file by file, and writes the table safetensors-format.md.

    npm run build && python tools/reference/safetensors_format.py
"""

import json
import pathlib
import struct
import subprocess
import tempfile

import safetensors

HERE = pathlib.Path(__file__).parent
READER = """
import { parseSafetensors } from "%s";
import { readFileSync } from "node:fs";
for (const path of process.argv.slice(1)) {
  const bytes = readFileSync(path);
  const source = { name: "", byteLength: bytes.length, read: async (at, n) => bytes.subarray(at, at + n) };
  try { await parseSafetensors(source); console.log("accepts"); }
  catch (error) { console.log(error.name === "VaekitError" ? "refuses" : "fails: " + error.message); }
}
"""


def entry(dtype="F32", shape=(1,), offsets=(0, 4), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


def file(header, data_bytes=4, length=None):
    text = header if isinstance(header, bytes) else (header if isinstance(header, str) else json.dumps(header)).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data_bytes)


def numbers(shape="1", begin="0", end="4"):
    return file('{"a":{"dtype":"F32","shape":[%s],"data_offsets":[%s,%s]}}' % (shape, begin, end))


def many(count):
    names = ",".join('"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}' % i for i in range(count))
    return file("{" + names + "}", 0)


def nested(depth):
    return file({"a": {**entry()}} | {}, 4) if depth == 0 else file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":%s%s}}' % ("[" * depth, "]" * depth)
    )


ONE = json.dumps(entry())
WHY = {
    "size": "a limit of vaekit's own: within it a header is read in less than a second and 200 MB",
    "twice": "a key that occurs twice would be two different files to two readers",
    "dtype": "read by name, size and place; its values are needed only where the model wants the tensor",
}

CASES = [
    ("one tensor", file({"a": entry()}), ""),
    ("no tensors", file("{}", 0), ""),
    ("spaces after the header's brace", file(json.dumps({"a": entry()}) + "   "), ""),
    ("a space before the brace", file(" " + json.dumps({"a": entry()})), ""),
    ("a byte order mark", file("\ufeff" + json.dumps({"a": entry()})), ""),
    ("text after the JSON", file(json.dumps({"a": entry()}) + "x"), ""),
    ("a zero byte after the JSON", file(json.dumps({"a": entry()}) + "\0"), ""),
    ("bytes that are no UTF-8", file(b'{"\xff":' + ONE.encode() + b"}"), ""),
    ("an empty file", b"", ""),
    ("seven bytes", bytes(7), ""),
    ("a header longer than the file", file("{}", 0, 99), ""),
    ("a header above the format's limit", file("{}", 0, 100_000_001), ""),
    ("a header of 40 MB of spaces", file("{}" + " " * 40_000_000, 0), WHY["size"]),
    ("a header of 30 MB of spaces", file("{}" + " " * 30_000_000, 0), ""),
    ("40,000 tensors", many(40_000), ""),
    ("100,000 tensors", many(100_000), WHY["size"]),
    ("40 MB of nested lists", file('{"a":' + "[" * 40_000_000, 0), ""),
    ("a million objects in a tensor", file('{"a":[' + "{}," * 1_000_000 + "{}]}", 0), ""),
    ("an unknown key in a tensor", file({"a": entry(x=1)}), ""),
    ("an unknown key with a list 100 deep", nested(100), ""),
    ("an unknown key with a list 200 deep", nested(200), ""),
    ("an unknown key with the number -1.5", file({"a": entry(x=-1.5)}), "every number of a header is a count"),
    ("a tensor's name twice", file('{"a":%s,"a":%s}' % (ONE, ONE)), WHY["twice"]),
    ("a tensor's name twice, once escaped", file('{"a":%s,"\\u0061":%s}' % (ONE, ONE)), WHY["twice"]),
    ("a tensor's dtype twice", file('{"a":{"dtype":"U8",%s}' % ONE[1:] + "}"), WHY["twice"]),
    ("a key twice in the metadata", file('{"__metadata__":{"k":"1","k":"2"},"a":%s}' % ONE), WHY["twice"]),
    ("__metadata__ twice", file('{"__metadata__":{},"__metadata__":{},"a":%s}' % ONE), WHY["twice"]),
    ("an emoji as an escaped pair", file('{"\\ud83d\\ude00":%s}' % ONE), ""),
    ("half of a surrogate pair as a name", file('{"\\ud800":%s}' % ONE), ""),
    ("an empty name", file({"": entry()}), ""),
    ("the name __proto__", file({"__proto__": entry()}), ""),
    ("a size written 1.0", numbers(shape="1.0"), ""),
    ("a size written 1e0", numbers(shape="1e0"), ""),
    ("an offset written -0", numbers(begin="-0"), ""),
    ("an offset written 0.0", numbers(begin="0.0"), ""),
    ("a size of -1", numbers(shape="-1"), ""),
    ("a size of 2^53 + 1", numbers(shape="9007199254740993"), ""),
    ("a size of 2^64 with a 0 beside it", file('{"a":{"dtype":"F32","shape":[18446744073709551616,0],"data_offsets":[0,0]}}', 0), ""),
    ("sizes that overflow beside a 0", file({"a": entry(shape=(2**40, 2**40, 0), offsets=(0, 0))}, 0), ""),
    ("a size of 2^53 + 1 beside a 0", file({"a": entry(shape=(2**53 + 1, 0), offsets=(0, 0))}, 0), "sizes are exact numbers of JavaScript"),
    ("a scalar", file({"a": entry(shape=())}), ""),
    ("an empty tensor", file({"a": entry(shape=(0,), offsets=(0, 0))}, 0), ""),
    ("offsets in reverse", numbers(begin="4", end="0"), ""),
    ("offsets beyond the file", file({"a": entry(shape=(2,), offsets=(0, 8))}), ""),
    ("too few bytes for the shape", file({"a": entry(shape=(2,))}), ""),
    ("a gap between tensors", file({"a": entry(), "b": entry(offsets=(8, 12))}, 12), ""),
    ("tensors that overlap", file({"a": entry(shape=(2,), offsets=(0, 8)), "b": entry(offsets=(4, 8))}, 8), ""),
    ("bytes after the last tensor", file({"a": entry()}, 5), ""),
    ("data that is cut off", file({"a": entry()}, 3), ""),
    ("metadata that is null", file('{"__metadata__":null,"a":%s}' % ONE), ""),
    ("metadata with a number", file('{"__metadata__":{"k":1},"a":%s}' % ONE), ""),
    ("metadata that is a list", file('{"__metadata__":[],"a":%s}' % ONE), ""),
    ("an unknown dtype", file({"a": entry(dtype="F31")}), ""),
    ("an array as header", file("[]", 0), ""),
    *((f"dtype {dtype}", file({"a": entry(dtype=dtype, shape=(4 * 8 // bits,))}), "") for dtype, bits in {
        "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "I16": 16, "U16": 16,
        "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
    }.items()),
    *((f"dtype {dtype}", file({"a": entry(dtype=dtype, offsets=(0, 8))}, 8), "") for dtype in ("F64", "I64", "U64", "C64")),
]


def python_reads(path):
    try:
        with safetensors.safe_open(path, framework="np") as opened:
            opened.keys()
        return "accepts"
    except Exception:  # what it raises depends on the fault
        return "refuses"


def main():
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, (_, content, _) in enumerate(CASES):
            paths.append(f"{folder}/{i}.safetensors")
            pathlib.Path(paths[-1]).write_bytes(content)
        reader = READER % (HERE / "../../dist/weights/safetensors.js").resolve().as_uri()
        command = ["node", "--input-type=module", "-e", reader, *paths]
        ours = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        theirs = [python_reads(path) for path in paths]
    rows = [
        f"| {name} | {python} | {vaekit} | {why if python != vaekit else ''} |"
        for (name, _, why), python, vaekit in zip(CASES, theirs, ours, strict=True)
    ]
    unexplained = [row for row, (_, _, why), a, b in zip(rows, CASES, theirs, ours) if a != b and why == ""]
    title = f"# What Python's safetensors {safetensors.__version__} and vaekit accept\n\nMade by safetensors_format.py; where they differ, the last column says why.\n\n"
    table = "| file | Python | vaekit | why they differ |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    (HERE / "safetensors-format.md").write_text(title + table)
    print(f"{len(rows)} files; differences without a reason: {len(unexplained)}", *unexplained, sep="\n")


if __name__ == "__main__":
    main()
