/** openVae opens any class from anywhere: whole, one half alone, or two halves that fit each other. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  MlpVae,
  openVae,
  readSafetensorsFile,
  registerModel,
  writeSafetensorsFile,
  type GivenConfig,
  type ModelHalves,
  type NodeVae,
  type OpenVaeOptions,
} from "../src/node/index.ts";
import { mlpVae, pytorchExamplesMlpVae, type MlpVaeConfig } from "../src/models/index.ts";
import { temporaryFolder } from "./cli/run-cli.ts";
import { startHubServer, type HubServer } from "./hub-server.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
const tiny = {
  blockOutChannels: [32, 32],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  scalingFactor: 0.5,
} satisfies GivenConfig;
const size = { batch: 1, height: 4, width: 4 };
const pixels = Generator.torch(1).randn([1, 3, 8, 8]);
const latents = Generator.torch(2).randn([1, 4, 4, 4]);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...names: string[]): string => join(folder.path, ...names);
const fileIn = (name: string): string => at(name, weightsName);

async function save(name: string, config: GivenConfig, seed: number): Promise<void> {
  await using vae = AutoencoderKL.fromConfig(config, { device: "cpu", generator: Generator.torch(seed) });
  await vae.savePretrained(at(name));
}

const ofHalf = { encoder: /^(encoder|quant_conv)\./, decoder: /^(decoder|post_quant_conv)\./ };

/** Writes a folder with the tensors of one half alone. */
async function saveHalf(from: string, half: "encoder" | "decoder", to: string): Promise<void> {
  const { tensors } = await readSafetensorsFile(fileIn(from));
  await mkdir(at(to));
  await cp(at(from, "config.json"), at(to, "config.json"));
  await writeSafetensorsFile(
    fileIn(to),
    [...tensors].filter(([name]) => ofHalf[half].test(name)),
  );
}

async function saveMlp(name: string, className = "MlpVae"): Promise<void> {
  await mkdir(at(name));
  const text = mlpVae.config.format(pytorchExamplesMlpVae).replace('"MlpVae"', JSON.stringify(className));
  await writeFile(at(name, "config.json"), text);
  await writeSafetensorsFile(fileIn(name), mlpVae.initialize(pytorchExamplesMlpVae, Generator.torch(0)));
}

beforeAll(async () => {
  folder = await temporaryFolder();
  await save("first", tiny, 1);
  await save("second", tiny, 2);
  await save("deeper", { ...tiny, layersPerBlock: 2 }, 3);
  await save("wide", { ...tiny, latentChannels: 16 }, 4);
  await save("scaled", { ...tiny, scalingFactor: 0.25 }, 5);
  await save("coarse", { ...tiny, ...three }, 6);
  await saveHalf("first", "encoder", "encoder alone");
  await saveHalf("second", "decoder", "decoder alone");
  await saveMlp("mlp");
});
afterAll(() => folder.remove());

const three = {
  blockOutChannels: [32, 32, 32],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
} satisfies GivenConfig;

const open = (source: string | ModelHalves, options: OpenVaeOptions = {}): Promise<NodeVae> =>
  openVae(source, { device: "cpu", ...options });

const refusal = (code: string, message: string | RegExp): object => ({
  name: "VaekitError",
  code,
  message: (typeof message === "string"
    ? expect.stringContaining(message)
    : expect.stringMatching(message)) as string,
});

describe("openVae", () => {
  test("takes the class that config.json names", async () => {
    await using kl = await open(at("first"));
    expect(kl).toBeInstanceOf(AutoencoderKL);
    await using same = await AutoencoderKL.fromPretrained(at("first"), { device: "cpu" });
    expect((await kl.decode(latents)).equals(await same.decode(latents))).toBe(true);
    await using mlp = await open(at("mlp"));
    expect(mlp).toBeInstanceOf(MlpVae);
    expect(mlp.className).toBe("MlpVae");
    expect((await mlp.encode(Generator.torch(1).rand([2, 784]))).latents().shape).toEqual([2, 20]);
  });

  test("opens a class that a program registered, and saves it so that it opens again", async () => {
    registerModel({
      ...mlpVae,
      className: "RegisteredVae",
      aliases: [],
      config: {
        ...mlpVae.config,
        parse: (json, subject) =>
          mlpVae.config.parse({ ...(json as object), _class_name: "MlpVae" }, subject),
        format: (config) =>
          mlpVae.config.format(config as MlpVaeConfig).replace('"MlpVae"', '"RegisteredVae"'),
      },
    });
    await saveMlp("registered", "RegisteredVae");
    await using vae = await open(at("registered"));
    expect(vae.className).toBe("RegisteredVae");
    await vae.savePretrained(at("saved"));
    await using again = await open(at("saved"));
    expect(again.className).toBe("RegisteredVae");
    const row = Generator.torch(3).randn([1, 20]);
    expect((await again.decode(row)).equals(await vae.decode(row))).toBe(true);
  });

  test("takes a single file's class from its tensors, and its config from `as` or `config`", async () => {
    await using vae = await open(fileIn("first"), { config: tiny });
    expect(vae.config).toMatchObject(tiny);
    await using family = await open(fileIn("first"), { as: "sdxl" });
    expect(family.scaling).toMatchObject({ scalingFactor: 0.13025 });
    await expect(open(fileIn("first"))).rejects.toMatchObject(refusal("INVALID_CONFIG", '`as: "sd1"`'));
  });

  describe("on the hub", () => {
    let hub: HubServer;
    beforeAll(async () => {
      const file = (name: string, of: string): Promise<Buffer> => readFile(at(of, name));
      hub = await startHubServer({
        "org/first": {
          "config.json": await file("config.json", "first"),
          [weightsName]: await file(weightsName, "first"),
        },
        "org/mlp": {
          "config.json": await file("config.json", "mlp"),
          [weightsName]: await file(weightsName, "mlp"),
        },
      });
    });
    afterAll(() => hub.close());

    test("opens any class by its id, also as a half beside a folder", async () => {
      const options = { endpoint: hub.endpoint, cacheDir: at("cache") };
      await using mlp = await open("org/mlp", options);
      expect(mlp).toBeInstanceOf(MlpVae);
      await using pair = await open(
        { encoder: "org/first", decoder: at("second") },
        { ...options, revision: "main" },
      );
      expect(pair.halves).toEqual(["encoder", "decoder"]);
    });
  });

  test.each<[unknown, object, string, string | RegExp]>([
    [
      5,
      {},
      "INVALID_ARGUMENT",
      "openVae: expected a folder, a hub id or a single file, or { encoder, decoder }",
    ],
    ["", {}, "INVALID_ARGUMENT", 'found "".'],
    [{}, {}, "INVALID_ARGUMENT", "found an object without keys."],
    [{ encoder: undefined }, {}, "INVALID_ARGUMENT", "or { encoder, decoder } of these"],
    [{ encoder: 3 }, {}, "INVALID_ARGUMENT", "found an object with encoder."],
    [{ encode: "x" }, {}, "INVALID_ARGUMENT", "found an object with encode."],
    ["/nowhere at all", {}, "NOT_FOUND", "/nowhere at all: no such model"],
    [{ decoder: "/nowhere at all" }, {}, "NOT_FOUND", "/nowhere at all: no such model"],
    [
      "first",
      { as: "sd1" },
      "INVALID_ARGUMENT",
      "openVae: as: it is for single files, found folders. Leave it out.",
    ],
    [
      "first",
      { revision: "main" },
      "INVALID_ARGUMENT",
      "openVae: revision: it is for models of the hub, found folders.",
    ],
    [
      `first/${weightsName}`,
      { variant: "fp16" },
      "INVALID_ARGUMENT",
      "variant: it is for folders and models of the hub, found single files.",
    ],
    [
      "first",
      { subfoldr: "vae" },
      "INVALID_ARGUMENT",
      "openVae: unknown option subfoldr; did you mean subfolder?",
    ],
    ["first", { runtime: 3 }, "INVALID_ARGUMENT", "openVae: device: "],
  ])("refuses %j with %j", async (source, options, code, message) => {
    const named = typeof source === "string" && source.startsWith("first") ? at(source) : source;
    const given = "runtime" in options ? { ...options, device: undefined } : options;
    const expected = "runtime" in options ? "openVae: runtime: expected a runtime" : message;
    await expect(open(named as string, given)).rejects.toMatchObject(refusal(code, expected));
  });

  test("says of an unknown class which ones it knows", async () => {
    await cp(at("first"), at("unknown"), { recursive: true });
    await writeFile(at("unknown", "config.json"), '{"_class_name": "SomethingNew"}');
    await expect(open(at("unknown"))).rejects.toMatchObject(
      refusal(
        "INVALID_CONFIG",
        /one of the classes that vaekit reads, .*\bAutoencoderKL, .*\bMlpVae\b.*"SomethingNew"/,
      ),
    );
  });
});

describe("a half alone", () => {
  const encoders: [string, () => string | ModelHalves, OpenVaeOptions?][] = [
    ["in a folder", () => at("encoder alone")],
    ["in a single file", () => fileIn("encoder alone"), { config: tiny }],
    ["asked for from a whole model", () => ({ encoder: at("first") })],
    ["asked for by its name", () => ({ encoder: fileIn("encoder alone") }), { config: tiny }],
  ];
  test.each(encoders)(
    "%s encodes, and says what it cannot do and what to pass",
    async (_, source, options) => {
      const warnings: string[] = [];
      await using vae = await open(source(), { ...options, onWarning: (text) => warnings.push(text) });
      await using whole = await open(at("first"));
      expect(vae.halves).toEqual(["encoder"]);
      expect(warnings).toEqual([]);
      expect(vae.facts).toEqual(whole.facts);
      expect(vae.parameterCount).toBeLessThan(whole.parameterCount);
      const z = await vae.encodeImage({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) });
      expect(z.shape).toEqual([1, 4, 4, 4]);
      expect((await vae.encode(pixels)).latents().equals((await whole.encode(pixels)).latents())).toBe(true);
      const calls: [string, () => unknown][] = [
        ["decode", () => vae.decode(latents)],
        ["decode", () => vae.decodeImage(latents)],
        ["forward", () => vae.forward(pixels)],
        ["plan", () => vae.plan("decoder", size)],
        ["graph", () => vae.exportOnnx("decoder", size)],
        ["graph", () => vae.graph("decoder", size)],
      ];
      for (const [name, call] of calls) {
        await expect(Promise.resolve().then(call)).rejects.toMatchObject(
          refusal(
            "UNSUPPORTED",
            `${vae.name}: ${name} needs the decoder; this model is its encoder alone. Open both halves: openVae({ encoder: …, decoder: … }).`,
          ),
        );
      }
    },
  );

  test("that is a decoder decodes, is saved, and opens again as one", async () => {
    await using vae = await open(at("decoder alone"));
    await using whole = await open(at("second"));
    expect((await vae.decode(latents)).equals(await whole.decode(latents))).toBe(true);
    expect((await vae.decodeImage(latents)).width).toBe(8);
    await expect(vae.encode(pixels)).rejects.toMatchObject(
      refusal("UNSUPPORTED", "encode needs the encoder; this model is its decoder alone."),
    );
    await expect(vae.forward(pixels)).rejects.toMatchObject(
      refusal("UNSUPPORTED", "forward needs the encoder"),
    );
    await vae.savePretrained(at("saved decoder"));
    await using again = await open({ decoder: at("saved decoder") });
    expect((await again.decode(latents)).equals(await whole.decode(latents))).toBe(true);
  });

  test("is refused where the other one, or a whole model, is asked for", async () => {
    await expect(open({ decoder: at("encoder alone") })).rejects.toMatchObject(
      refusal(
        "WEIGHTS_MISMATCH",
        `${at("encoder alone")}: expected the decoder of a model, found its encoder alone.`,
      ),
    );
    const whole = "expected a whole AutoencoderKL, found its decoder alone. openVae opens a half, or two";
    await expect(AutoencoderKL.fromPretrained(at("decoder alone"))).rejects.toMatchObject(
      refusal("WEIGHTS_MISMATCH", whole),
    );
    const path = fileIn("decoder alone");
    await expect(AutoencoderKL.fromSingleFile(path, { config: tiny })).rejects.toMatchObject(
      refusal("WEIGHTS_MISMATCH", whole),
    );
  });
});

describe("two halves", () => {
  test("encode as the one and decode as the other, each with its own config", async () => {
    await using pair = await open({ encoder: at("encoder alone"), decoder: at("deeper") });
    await using first = await open(at("first"));
    await using deeper = await open(at("deeper"));
    expect(pair.halves).toEqual(["encoder", "decoder"]);
    expect(pair.name).toBe(`${at("encoder alone")} + ${at("deeper")}`);
    const z = (await first.encode(pixels)).latents();
    expect((await pair.encode(pixels)).latents().equals(z)).toBe(true);
    expect((await pair.decode(z)).equals(await deeper.decode(z))).toBe(true);
    expect((await pair.forward(pixels)).sample.equals((await deeper.decode(z)).sample)).toBe(true);
    expect((await pair.decode(z, { tiling: "exact" })).sample).toBeAllclose((await deeper.decode(z)).sample, {
      absolute: 1e-5,
    });
    await expect(pair.savePretrained(at("unsaved"))).rejects.toMatchObject(
      refusal("UNSUPPORTED", "expected one config for both halves, found one for each"),
    );
  });

  test("of one config are saved as one model", async () => {
    await using pair = await open(
      { encoder: at("first"), decoder: fileIn("decoder alone") },
      { config: tiny },
    );
    await pair.savePretrained(at("joined"));
    await using joined = await open(at("joined"));
    expect((await joined.forward(pixels)).sample.equals((await pair.forward(pixels)).sample)).toBe(true);
  });

  test.each([
    ["wide", "latent channels", "4", "16"],
    ["coarse", "pixels per latent", "2", "4"],
    ["scaled", "the scaling of latents", "scaling_factor 0.5", "scaling_factor 0.25"],
    ["mlp", "class", "AutoencoderKL", "MlpVae"],
  ])("that do not fit are refused with both values: %s", async (other, trait, found, expected) => {
    await expect(open({ encoder: at("first"), decoder: at(other) })).rejects.toMatchObject(
      refusal(
        "INVALID_ARGUMENT",
        `openVae: expected two halves of one kind, but they differ in ${trait}: the encoder ${at("first")} has ${found}, the decoder ${at(other)} ${expected}.`,
      ),
    );
  });
});

describe("fromPretrained of another class", () => {
  test("says which class it is, and that openVae opens it", async () => {
    await expect(AutoencoderKL.fromPretrained(at("mlp"))).rejects.toMatchObject(
      refusal(
        "INVALID_CONFIG",
        `${at("mlp", "config.json")}: expected an AutoencoderKL, found a model of the class MlpVae. openVae opens it`,
      ),
    );
    await expect(MlpVae.fromPretrained(at("first"))).rejects.toMatchObject(
      refusal(
        "INVALID_CONFIG",
        "expected an MlpVae, found a model of the class AutoencoderKL. openVae opens it",
      ),
    );
  });
});
