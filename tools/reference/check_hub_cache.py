"""Whether huggingface_hub reads what vaekit put into the cache, and vaekit what huggingface_hub put there.

    npm run build && python tools/reference/check_hub_cache.py     # needs huggingface_hub; no network

A server on this machine plays the hub. Each side fetches into a cache of its own, then the other reads it with the network
off; afterwards both fetch into one cache, where the second must fetch no file. Prints what it compared; exits with 1 at the
first difference.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEADER = b'{"a":{"dtype":"U8","shape":[100000],"data_offsets":[0,100000]}}'
FILES = {
    "vae/config.json": b'{"_class_name": "AutoencoderKL"}',
    "vae/diffusion_pytorch_model.safetensors": len(HEADER).to_bytes(8, "little") + HEADER + bytes(100000),
}

PYTHON = """
import sys
from huggingface_hub import snapshot_download
print(snapshot_download("org/model", allow_patterns=["vae/*"], local_files_only=sys.argv[1] == "offline"))
"""
VAEKIT = """
import { resolveFromHub } from "./build/modules/hub/node/index.js";
const { folder } = await resolveFromHub("org/model", { subfolder: "vae", localFilesOnly: process.argv[1] === "offline" });
console.log(folder);
"""


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    downloads: list[str] = []

    def log_message(self, *_: object) -> None:
        pass

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/org/model/tree/"):
            folder = path.removeprefix("/api/models/org/model/tree/").partition("/")[2]
            entries = [entry(name, content) for name, content in FILES.items() if name.startswith(folder)]
            self.reply(200, json.dumps(entries).encode(), Content_Type="application/json")
        elif path.startswith("/api/models/org/model"):
            info = {"_id": "1", "id": "org/model", "sha": COMMIT, "private": False, "lastModified": "2026-01-01T00:00:00.000Z"}
            info["siblings"] = [{"rfilename": name} for name in FILES]
            self.reply(200, json.dumps(info).encode(), Content_Type="application/json")
        elif path.startswith("/org/model/resolve/") and (name := path.split("/", 5)[5]) in FILES:
            if self.command == "GET":
                self.downloads.append(name)
            listed = entry(name, FILES[name])
            etag = f'"{listed["lfs"]["oid"] if "lfs" in listed else listed["oid"]}"'
            self.reply(200, FILES[name], ETag=etag, X_Repo_Commit=COMMIT)
        else:
            self.reply(404, X_Error_Code="EntryNotFound")

    do_HEAD = do_GET


def entry(name: str, content: bytes) -> dict:
    git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    listed = {"type": "file", "path": name, "size": len(content), "oid": git}
    if name.endswith(".safetensors"):
        listed["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return listed


def fetch(by: str, cache: str, endpoint: str, mode: str) -> Path:
    """The folder of the VAE, as one of the two finds it."""
    command = [sys.executable, "-c", PYTHON, mode] if by == "Python" else ["node", "--input-type=module", "-e", VAEKIT, mode]
    environment = {**os.environ, "HF_HUB_CACHE": cache, "HF_ENDPOINT": endpoint, "NO_PROXY": "*", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{by} ({mode}): {run.stderr}")
    folder = Path(run.stdout.strip().splitlines()[-1])
    return folder / "vae" if by == "Python" else folder


def check(by: str, folder: Path, cache: str) -> None:
    expected = Path(cache, "models--org--model", "snapshots", COMMIT, "vae").resolve()
    if folder.resolve() != expected:
        sys.exit(f"{by} found {folder}, expected {expected}")
    for name, content in FILES.items():
        path = folder.parent / name
        blob = os.path.realpath(path)
        if path.read_bytes() != content or not path.is_symlink() or Path(blob).parent.name != "blobs":
            sys.exit(f"{by}: {path} is not what the hub has, or no link to a blob")
    if Path(cache, "models--org--model", "refs", "main").read_text() != COMMIT:
        sys.exit(f"{by}: refs/main is not the commit")


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    for first, second in (("vaekit", "Python"), ("Python", "vaekit")):
        with tempfile.TemporaryDirectory() as cache:
            check(first, fetch(first, cache, endpoint, "online"), cache)
            check(second, fetch(second, cache, "http://127.0.0.1:1", "offline"), cache)
            Hub.downloads.clear()
            check(second, fetch(second, cache, endpoint, "online"), cache)
            if Hub.downloads:
                sys.exit(f"{second} fetched {Hub.downloads} again after {first}")
            print(f"{second} reads what {first} wrote, offline and online, and fetches nothing again")
    server.shutdown()


if __name__ == "__main__":
    main()
