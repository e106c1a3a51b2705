"""How huggingface_hub and httpx read the environment, for vaekit's hub to agree with.

    python tools/reference/hub_environment.py     # writes test/fixtures/hub-environment.json; needs huggingface_hub

settings    [{name, variables, files, expected}]: each in a process of its own with these variables alone. "{HOME}" stands
            for an empty home folder, into which `files` are written before. expected is what huggingface_hub takes.
proxies     [{name, variables, expected: {url: proxy or null}}]
"""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

FIXTURE = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "hub-environment.json"

PROBE = """
import json
from huggingface_hub import constants
from huggingface_hub.utils import build_hf_headers
sent = build_hf_headers().get("authorization")
print(json.dumps({
    "token": None if sent is None else sent.removeprefix("Bearer "),
    "isOffline": constants.HF_HUB_OFFLINE,
    "cacheDir": constants.HF_HUB_CACHE,
    "tokenPath": constants.HF_TOKEN_PATH,
    "endpoint": constants.ENDPOINT,
    "headTimeoutSeconds": constants.HF_HUB_ETAG_TIMEOUT,
    "idleTimeoutSeconds": constants.HF_HUB_DOWNLOAD_TIMEOUT,
}))
"""

TOKEN_FILE = ".cache/huggingface/token"

# name, variables, files below HOME. HOME is set unless a case sets it itself.
SETTINGS = [
    ("nothing is set", {}, {}),
    ("a token", {"HF_TOKEN": "hf_a"}, {}),
    ("a token of blanks", {"HF_TOKEN": "  "}, {}),
    ("a token of a line break", {"HF_TOKEN": "\n"}, {}),
    ("a token of blanks before a file", {"HF_TOKEN": " \t"}, {TOKEN_FILE: "hf_file"}),
    ("an empty token before a file", {"HF_TOKEN": ""}, {TOKEN_FILE: "hf_file"}),
    ("a token with blanks around it", {"HF_TOKEN": " hf_a\t"}, {}),
    ("a token with a line break at its end", {"HF_TOKEN": "hf_a\n"}, {}),
    ("a token with a line break of Windows", {"HF_TOKEN": "hf_a\r\n"}, {}),
    ("a token with a line break inside", {"HF_TOKEN": "hf_good\nx"}, {}),
    ("a token of several lines", {"HF_TOKEN": "\r\nhf_\r\ngo\rod\n\n"}, {}),
    ("a token with a blank inside", {"HF_TOKEN": "hf_a b"}, {}),
    ("a token with rare blanks around it", {"HF_TOKEN": "\u2003\x1chf_a\x85\u3000"}, {}),
    ("a token with no-break spaces around it", {"HF_TOKEN": "\xa0hf_a\xa0"}, {}),
    ("the older name", {"HUGGING_FACE_HUB_TOKEN": "hf_old"}, {}),
    ("both names", {"HF_TOKEN": "hf_new", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, {}),
    ("an empty new name and the older one", {"HF_TOKEN": "", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, {}),
    ("a blank new name and the older one", {"HF_TOKEN": " ", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, {}),
    ("the older name with line breaks", {"HUGGING_FACE_HUB_TOKEN": "\nhf_old\n"}, {}),
    ("HUGGINGFACE_TOKEN, which is no name", {"HUGGINGFACE_TOKEN": "hf_no"}, {}),
    ("a token file", {}, {TOKEN_FILE: "hf_file"}),
    ("a token file with line breaks", {}, {TOKEN_FILE: "\nhf_\nfile\r\n"}),
    ("an empty token file", {}, {TOKEN_FILE: " \n"}),
    ("a variable before a token file", {"HF_TOKEN": "hf_a"}, {TOKEN_FILE: "hf_file"}),
    ("a path of the token", {"HF_TOKEN_PATH": "{HOME}/secret"}, {"secret": "hf_secret", TOKEN_FILE: "hf_file"}),
    ("a path of the token with a variable", {"HF_TOKEN_PATH": "$HOME/secret"}, {"secret": "hf_secret"}),
    ("a path of the token with a tilde", {"HF_TOKEN_PATH": "~/secret"}, {"secret": "hf_secret"}),
    ("a path of the token that is not there", {"HF_TOKEN_PATH": "{HOME}/no"}, {TOKEN_FILE: "hf_file"}),
    ("a token file in HF_HOME", {"HF_HOME": "{HOME}/hf"}, {"hf/token": "hf_home", TOKEN_FILE: "hf_file"}),
    ("no implicit token", {"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, {TOKEN_FILE: "hf_file"}),
    ("no implicit token, in words", {"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "true"}, {}),
    ("an implicit token after all", {"HF_TOKEN": "hf_a", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "0"}, {}),
    *((f"HF_HUB_OFFLINE={value!r}", {"HF_HUB_OFFLINE": value}, {}) for value in
      ("1", "0", "on", "Yes", "TRUE", "true", "2", "y", " 1", "no")),
    ("TRANSFORMERS_OFFLINE", {"TRANSFORMERS_OFFLINE": "1"}, {}),
    ("TRANSFORMERS_OFFLINE in words", {"TRANSFORMERS_OFFLINE": "yes"}, {}),
    ("HF_HUB_OFFLINE off beside TRANSFORMERS_OFFLINE", {"HF_HUB_OFFLINE": "0", "TRANSFORMERS_OFFLINE": "1"}, {}),
    ("HF_HUB_OFFLINE empty beside TRANSFORMERS_OFFLINE", {"HF_HUB_OFFLINE": "", "TRANSFORMERS_OFFLINE": "1"}, {}),
    ("HF_DATASETS_OFFLINE, which is not read", {"HF_DATASETS_OFFLINE": "1"}, {}),
    ("HF_HOME", {"HF_HOME": "/data/hf"}, {}),
    ("HF_HOME with a slash at its end", {"HF_HOME": "/data/hf/"}, {}),
    ("HF_HOME with a variable", {"HF_HOME": "$HOME/x"}, {}),
    ("HF_HOME with a variable in braces", {"HF_HOME": "${HOME}/x"}, {}),
    ("HF_HOME with two variables", {"HF_HOME": "/$A/${B}c", "A": "a", "B": "b"}, {}),
    ("HF_HOME with a variable that is not set", {"HF_HOME": "/data/$NO/${NO_NO}/x"}, {}),
    ("HF_HOME with a variable that is empty", {"HF_HOME": "/data/${A}/x", "A": ""}, {}),
    ("HF_HOME with a variable of a variable", {"HF_HOME": "/d/$A", "A": "$B", "B": "b"}, {}),
    ("HF_HOME with a lone dollar", {"HF_HOME": "/d/$/${}/$$A/a$", "A": "a"}, {}),
    ("HF_HOME with a variable and letters after it", {"HF_HOME": "/d/$Ab-$A-b", "A": "a"}, {}),
    ("HF_HOME with a letter beyond ASCII", {"HF_HOME": "/d/$Aé/ü", "A": "a"}, {}),
    ("HF_HOME with percent signs", {"HF_HOME": "/d/%HOME%"}, {}),
    ("HF_HOME with a tilde", {"HF_HOME": "~/x"}, {}),
    ("HF_HOME that is a tilde", {"HF_HOME": "~"}, {}),
    ("HF_HOME with the tilde of nobody there", {"HF_HOME": "~no-such-user/x"}, {}),
    ("HF_HOME with a tilde inside", {"HF_HOME": "/a/~/x"}, {}),
    ("HF_HOME with a tilde in a variable", {"HF_HOME": "$A/x", "A": "~"}, {}),
    ("HF_HOME with blanks", {"HF_HOME": " /data/my files "}, {}),
    ("HF_HOME that is relative", {"HF_HOME": "hf"}, {}),
    ("XDG_CACHE_HOME", {"XDG_CACHE_HOME": "/xdg"}, {}),
    ("XDG_CACHE_HOME with a variable", {"XDG_CACHE_HOME": "$HOME/c"}, {}),
    ("XDG_CACHE_HOME with a tilde", {"XDG_CACHE_HOME": "~/c"}, {}),
    ("HF_HOME before XDG_CACHE_HOME", {"HF_HOME": "/data/hf", "XDG_CACHE_HOME": "/xdg"}, {}),
    ("a token file in XDG_CACHE_HOME", {"XDG_CACHE_HOME": "{HOME}/c"}, {"c/huggingface/token": "hf_xdg"}),
    ("HF_HUB_CACHE", {"HF_HUB_CACHE": "/data/hub"}, {}),
    ("HF_HUB_CACHE with a variable", {"HF_HUB_CACHE": "${HOME}/hub"}, {}),
    ("HF_HUB_CACHE with a tilde", {"HF_HUB_CACHE": "~/hub"}, {}),
    ("HF_HUB_CACHE before HF_HOME", {"HF_HUB_CACHE": "/data/hub", "HF_HOME": "/data/hf"}, {}),
    ("HUGGINGFACE_HUB_CACHE", {"HUGGINGFACE_HUB_CACHE": "/data/old"}, {}),
    ("HUGGINGFACE_HUB_CACHE with a variable", {"HUGGINGFACE_HUB_CACHE": "$HOME/old"}, {}),
    ("HUGGINGFACE_HUB_CACHE before HF_HOME", {"HUGGINGFACE_HUB_CACHE": "/data/old", "HF_HOME": "/data/hf"}, {}),
    ("both caches", {"HF_HUB_CACHE": "/data/hub", "HUGGINGFACE_HUB_CACHE": "/data/old"}, {}),
    ("TRANSFORMERS_CACHE, which is not read", {"TRANSFORMERS_CACHE": "/data/tr"}, {}),
    ("an endpoint", {"HF_ENDPOINT": "https://mirror.example"}, {}),
    ("an endpoint with slashes at its end", {"HF_ENDPOINT": "http://127.0.0.1:8080//"}, {}),
    ("an endpoint with a path", {"HF_ENDPOINT": "https://example.com/hf/"}, {}),
    ("timeouts", {"HF_HUB_ETAG_TIMEOUT": "20", "HF_HUB_DOWNLOAD_TIMEOUT": "40"}, {}),
    ("timeouts with blanks and underscores", {"HF_HUB_ETAG_TIMEOUT": " 3_0 ", "HF_HUB_DOWNLOAD_TIMEOUT": "+40"}, {}),
    ("timeouts of nothing", {"HF_HUB_ETAG_TIMEOUT": "0", "HF_HUB_DOWNLOAD_TIMEOUT": "0"}, {}),
]

HUB, PLAIN, LOCAL = "https://huggingface.co/a", "http://huggingface.co/a", "http://127.0.0.1:8080/a"
CDN, SIX = "https://cdn-lfs.hf.co/a", "http://[::1]:8080/a"
URLS = [HUB, PLAIN, LOCAL, CDN, SIX]

PROXIES = [
    ("nothing is set", {}),
    ("HTTPS_PROXY", {"HTTPS_PROXY": "http://proxy:1"}),
    ("HTTP_PROXY", {"HTTP_PROXY": "http://proxy:1"}),
    ("https_proxy", {"https_proxy": "http://proxy:1"}),
    ("http_proxy", {"http_proxy": "http://proxy:1"}),
    ("ALL_PROXY", {"ALL_PROXY": "http://proxy:1"}),
    ("all_proxy", {"all_proxy": "http://proxy:1"}),
    ("mixed letters", {"Https_Proxy": "http://proxy:1"}),
    ("both cases", {"HTTPS_PROXY": "http://large:1", "https_proxy": "http://small:1"}),
    ("an empty one in small letters", {"HTTPS_PROXY": "http://large:1", "https_proxy": ""}),
    ("an empty one in large letters", {"HTTPS_PROXY": "", "https_proxy": "http://small:1"}),
    ("a special one before the general one", {"HTTPS_PROXY": "http://special:1", "ALL_PROXY": "http://all:1"}),
    ("no scheme", {"HTTPS_PROXY": "proxy:3128", "HTTP_PROXY": "127.0.0.1:3128"}),
    ("a user", {"HTTPS_PROXY": "http://me:secret@proxy:1"}),
    ("a slash at the end", {"HTTPS_PROXY": "http://proxy:1/"}),
    ("behind a web server", {"HTTP_PROXY": "http://proxy:1", "REQUEST_METHOD": "GET"}),
    ("behind a web server, in small letters", {"http_proxy": "http://proxy:1", "REQUEST_METHOD": "GET"}),
    *((f"NO_PROXY={value}", {"ALL_PROXY": "http://proxy:1", "NO_PROXY": value}) for value in (
        "*", "huggingface.co", ".huggingface.co", "*.huggingface.co", "co", ".co", ".hf.co", "hf.co", "HuggingFace.CO",
        "gingface.co", "huggingface.co:443", "huggingface.co:80", "huggingface.co:8080", "127.0.0.1", "127.0.0.1:8080",
        "127.0.0.1:80", "127.0.0.0/8", "127.0.0.1/33", "10.0.0.0/8", "127.0.0.0/255.0.0.0", "::1", "[::1]", "::/0", "localhost",
        " huggingface.co , 127.0.0.1 ", "huggingface.co 127.0.0.1", ",,", "https://huggingface.co", "http://", "all://",
        "a,*,b", "huggingface.co/a", "huggingface.co.", "127.0.0.1,::1,localhost,.hf.co")),
    ("no_proxy", {"ALL_PROXY": "http://proxy:1", "no_proxy": "huggingface.co"}),
    ("no_proxy in both cases", {"ALL_PROXY": "http://proxy:1", "NO_PROXY": "huggingface.co", "no_proxy": "hf.co"}),
    ("no_proxy empty in small letters", {"ALL_PROXY": "http://proxy:1", "NO_PROXY": "*", "no_proxy": ""}),
    ("NO_PROXY alone", {"NO_PROXY": "huggingface.co"}),
    ("FTP_PROXY, which is for something else", {"FTP_PROXY": "http://proxy:1"}),
]


def read_settings(variables: dict, files: dict) -> dict:
    with tempfile.TemporaryDirectory() as home:
        for name, content in files.items():
            path = Path(home, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, newline="")
        environment = {"HOME": home, **{name: value.replace("{HOME}", home) for name, value in variables.items()}}
        probe = subprocess.run([sys.executable, "-c", PROBE], env=environment, cwd=home, capture_output=True, text=True)
        if probe.returncode != 0:
            raise RuntimeError(f"{variables}: {probe.stderr}")
        return json.loads(probe.stdout.replace(home, "{HOME}"))


def read_proxies(variables: dict) -> dict:
    import httpx2

    with mock.patch.dict(os.environ, variables, clear=True):
        client = httpx2.Client(verify=False)
    expected = {}
    for url in URLS:
        proxy = getattr(client._transport_for_url(httpx2.URL(url))._pool, "_proxy_url", None)
        expected[url] = None if proxy is None else f"{proxy.scheme.decode()}://{proxy.host.decode()}:{proxy.port}"
    return expected


def main() -> None:
    import huggingface_hub

    settings = [
        {"name": name, "variables": variables, "files": files, "expected": read_settings(variables, files)}
        for name, variables, files in SETTINGS
    ]
    proxies = [{"name": name, "variables": variables, "expected": read_proxies(variables)} for name, variables in PROXIES]
    table = {"huggingface_hub": huggingface_hub.__version__, "settings": settings, "proxies": proxies}
    FIXTURE.write_text(json.dumps(table, indent=1, ensure_ascii=True) + "\n")
    print(f"{FIXTURE.name}: {len(settings)} settings, {len(proxies)} proxies")


if __name__ == "__main__":
    main()
