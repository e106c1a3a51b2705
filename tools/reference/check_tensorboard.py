"""Reads vaekit's event files with the real TensorBoard, with both of its readers: the Python one and the data server.

    python tools/reference/check_tensorboard.py              # a run of known points, killed and resumed; needs `npm run build`
    python tools/reference/check_tensorboard.py RUN_FOLDER   # prints the curves and pictures of a run

The known run writes 14 steps and half a record, as a killed process does, and is resumed at its checkpoint of step 11.
TensorBoard must show each step once, with the values of the second attempt from step 12 on, and both pictures.
"""
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONTEXT = context.RequestContext()
LAST_STEP = 20

WRITE = """
import { EventFileWriter } from "%(module)s";
import { appendFileSync } from "node:fs";
import sharp from "sharp";
const folder = %(folder)s;
const png = (width, channels) => sharp({ create: { width, height: 3, channels, background: "red" } }).png().toBuffer();
const value = (step, attempt) => attempt + step / 10;
const first = await EventFileWriter.open(folder);
for (let step = 1; step <= 14; step++) {
  first.scalars(step, { "loss/total": value(step, 100), "loss/kl": 1e-30 * step });
  if (step === 10) first.image(step, "samples/prior", await png(5, 3));
}
appendFileSync(first.path, new Uint8Array([24, 0, 0, 0, 0, 0]));
const second = await EventFileWriter.open(folder, { resumedStep: 11 });
for (let step = 12; step <= %(last)d; step++) {
  second.scalars(step, { "loss/total": value(step, 200), "loss/kl": step === 13 ? NaN : 1e-30 * step });
}
second.image(%(last)d, "samples/prior", await png(7, 4));
"""


def read(source):
    """Every curve as {tag: [(step, value)]} and every picture as {tag: [(step, width, height, bytes)]}."""
    curves, pictures = {}, {}
    scalars = source.read_scalars(CONTEXT, experiment_id="", plugin_name="scalars", downsample=10**6)
    for by_tag in scalars.values():
        for tag, points in by_tag.items():
            curves[tag] = [(point.step, point.value) for point in points]
    blobs = source.read_blob_sequences(CONTEXT, experiment_id="", plugin_name="images", downsample=10**6)
    for by_tag in blobs.values():
        for tag, points in by_tag.items():
            pictures[tag] = []
            for point in points:
                # TensorBoard stores a picture as [width, height, png], as texts.
                width, height, png = [source.read_blob(CONTEXT, blob_key=each.blob_key) for each in point.values]
                pictures[tag].append((point.step, int(width), int(height), png))
    return curves, pictures


def read_in_python(folder):
    multiplexer = plugin_event_multiplexer.EventMultiplexer(
        tensor_size_guidance={"scalars": 0, "images": 0}, purge_orphaned_data=True
    )
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    return read(data_provider.MultiplexerDataProvider(multiplexer, str(folder)))


def read_with_data_server(folder):
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(),
        logdir=str(folder),
        reload_interval=1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin={"scalars": 0, "images": 0},
    )
    ingester.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        curves, pictures = read(ingester.data_provider)
        if curves:
            return curves, pictures
        time.sleep(0.2)
    sys.exit(f"check_tensorboard: the data server found no curve in {folder}.")


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def check_known_run(name, curves, pictures):
    total = [(step, float32((100 if step <= 11 else 200) + step / 10)) for step in range(1, LAST_STEP + 1)]
    assert curves["loss/total"] == total, (name, curves["loss/total"])
    kl = dict(curves["loss/kl"])
    assert list(kl) == list(range(1, LAST_STEP + 1)), (name, kl)
    assert math.isnan(kl.pop(13)), name
    for step, value in kl.items():
        assert value == float32(1e-30 * step), (name, step, value)
    sizes = [(step, width, height) for step, width, height, _ in pictures["samples/prior"]]
    assert sizes == [(10, 5, 3), (LAST_STEP, 7, 3)], (name, sizes)
    assert all(png.startswith(b"\x89PNG") for *_, png in pictures["samples/prior"]), name


def write_known_run(folder):
    module = (ROOT / "dist/training/run-folder/index.js").as_uri()
    code = WRITE % {"module": module, "folder": json.dumps(str(folder)), "last": LAST_STEP}
    subprocess.run(["node", "--input-type=module", "-e", code], cwd=ROOT, check=True)


def describe(name, curves, pictures):
    print(f"{name}:")
    for tag, points in sorted(curves.items()):
        steps = [step for step, _ in points]
        assert steps == sorted(set(steps)), f"{name}: {tag} has a step twice or out of order"
        (first, at_first), (last, at_last) = points[0], points[-1]
        print(f"  {tag}: {len(points)} points, {at_first:.6g} at step {first}, {at_last:.6g} at step {last}")
    for tag, shown in sorted(pictures.items()):
        print(f"  {tag}: {', '.join(f'{width}x{height} at step {step}' for step, width, height, _ in shown)}")


def main():
    readers = {"the Python reader": read_in_python, "the data server": read_with_data_server}
    if len(sys.argv) == 2:
        for name, reader in readers.items():
            describe(name, *reader(pathlib.Path(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_known_run(folder)
        for name, reader in readers.items():
            curves, pictures = reader(folder)
            describe(name, curves, pictures)
            check_known_run(name, curves, pictures)
    print("TensorBoard shows what was written.")


if __name__ == "__main__":
    main()
