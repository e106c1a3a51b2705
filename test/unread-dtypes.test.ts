/** Tensors of dtypes that vaekit does not read: ignored with the usual warning beside the model's own, refused among them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AutoencoderKL, formatConfig, Generator, readSafetensorsFile } from "../src/node/index.ts";
import { AutoencoderKL as WebAutoencoderKL } from "../src/web/index.ts";
import { rawSafetensors, rawTensors, type RawTensor } from "./raw-weights.ts";

const folder = await mkdtemp(join(tmpdir(), "vaekit-dtypes-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const config = {
  blockOutChannels: [4, 8],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
} as const;

const small = AutoencoderKL.fromConfig(config, { generator: Generator.torch(0), device: "cpu" });
const weights = rawTensors(await small.stateDict());
await small.dispose();

const extras: readonly [string, RawTensor][] = [
  ["model_ema.num_updates", { dtype: "I32", shape: [], bytes: new Uint8Array(4) }],
  ["is_trained", { dtype: "BOOL", shape: [1], bytes: new Uint8Array(1) }],
  ["scales", { dtype: "F8_E4M3", shape: [3], bytes: new Uint8Array(3) }],
  ["packed", { dtype: "F4", shape: [4], bytes: new Uint8Array(2) }],
  ["packed.mantissa", { dtype: "F6_E2M3", shape: [4], bytes: new Uint8Array(3) }],
  ["packed.exponent", { dtype: "F6_E3M2", shape: [4], bytes: new Uint8Array(3) }],
];
const needed = "decoder.conv_in.bias";
const withPrefix = (tensors: ReadonlyMap<string, RawTensor>, prefix: string): Map<string, RawTensor> =>
  new Map([...tensors].map(([name, tensor]) => [prefix + name, tensor]));

/** The weights with one tensor of another dtype, zeros of the same shape. */
function withNeededAs(dtype: string, bytesPerElement: number): Map<string, RawTensor> {
  const { shape } = weights.get(needed)!;
  const bytes = new Uint8Array(bytesPerElement * shape[0]!);
  return new Map([...weights, [needed, { dtype, shape, bytes }]]);
}

type Open = (
  tensors: ReadonlyMap<string, RawTensor>,
  onWarning: (message: string) => void,
) => Promise<unknown>;

let places = 0;
async function newFolder(): Promise<string> {
  const path = join(folder, String(places++));
  await mkdir(path);
  await writeFile(join(path, "config.json"), formatConfig(small.config));
  return path;
}

const stem = "diffusion_pytorch_model";

const readers: Record<string, Open> = {
  "a folder": async (tensors, onWarning) => {
    const path = await newFolder();
    await writeFile(join(path, `${stem}.safetensors`), rawSafetensors(tensors));
    await using vae = await AutoencoderKL.fromPretrained(path, { device: "cpu", onWarning });
    return vae.unexpectedTensors;
  },
  "a folder with shards": async (tensors, onWarning) => {
    const path = await newFolder();
    const shard = `${stem}-00001-of-00001.safetensors`;
    await writeFile(join(path, shard), rawSafetensors(tensors));
    const weightMap = Object.fromEntries([...tensors.keys()].map((name) => [name, shard]));
    await writeFile(join(path, `${stem}.safetensors.index.json`), JSON.stringify({ weight_map: weightMap }));
    await using vae = await AutoencoderKL.fromPretrained(path, { device: "cpu", onWarning });
    return vae.unexpectedTensors;
  },
  "a single file": async (tensors, onWarning) => {
    const path = join(await newFolder(), "vae.safetensors");
    await writeFile(path, rawSafetensors(tensors));
    await using vae = await AutoencoderKL.fromSingleFile(path, { config, device: "cpu", onWarning });
    return vae.unexpectedTensors;
  },
  "a whole checkpoint": async (tensors, onWarning) => {
    const path = join(await newFolder(), "sd.safetensors");
    const others: [string, RawTensor][] = [
      ["model_ema.decay", { dtype: "I16", shape: [], bytes: new Uint8Array(2) }],
    ];
    await writeFile(path, rawSafetensors(new Map([...others, ...withPrefix(tensors, "first_stage_model.")])));
    await using vae = await AutoencoderKL.fromSingleFile(path, { config, device: "cpu", onWarning });
    return vae.unexpectedTensors;
  },
  "the browser": async (tensors, onWarning) => {
    const server = createServer((request, response) => {
      const isConfig = request.url?.endsWith("config.json") === true;
      response.end(isConfig ? formatConfig(small.config) : rawSafetensors(tensors));
    }).listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/vae`;
      await using vae = await WebAutoencoderKL.fromPretrained(url, { onWarning });
      return vae.unexpectedTensors;
    } finally {
      server.close();
    }
  },
};

describe.each(Object.entries(readers))("weights from %s", (_, open) => {
  test("may have extra tensors of any dtype, which are warned about", async () => {
    const warnings: string[] = [];
    const unexpected = await open(new Map([...weights, ...extras]), (message) => warnings.push(message));
    expect(unexpected).toEqual(extras.map(([name]) => name));
    expect(warnings).toContainEqual(
      expect.stringContaining(
        `ignored ${extras.length} tensors that AutoencoderKL does not have: model_ema.num_updates, is_trained`,
      ),
    );
  });

  test.each([
    ["I32", 4],
    ["BOOL", 1],
    ["F8_E4M3", 1],
    ["I64", 8],
    ["U8", 1],
  ])("are refused when a needed one is %s", async (dtype, bytesPerElement) => {
    await expect(open(withNeededAs(dtype, bytesPerElement), () => undefined)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining(
        `tensor "${needed}": expected one of the dtypes F64, F32, BF16, F16, found ${dtype}.`,
      ) as string,
    });
  });
});

test("readSafetensorsFile gives what can be read, and names what cannot", async () => {
  const path = join(folder, "latents.safetensors");
  const latents: RawTensor = { dtype: "F32", shape: [1, 4, 1, 1], bytes: new Uint8Array(16) };
  await writeFile(path, rawSafetensors(new Map([...extras, ["latents", latents]])));
  const { tensors, unread } = await readSafetensorsFile(path);
  expect([...tensors.keys()]).toEqual(["latents"]);
  expect([...unread]).toEqual(extras.map(([name, { dtype }]) => [name, dtype]));
});
