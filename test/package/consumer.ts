/** A program's folder beside a node_modules folder with the built package in it, as `npm install` leaves them; `npm test` builds first. */
import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endOf, type Outcome } from "../child-end.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface ConsumerSettings {
  /** Packages that are not installed. */
  readonly without?: readonly string[];
}

export class Consumer {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Its path has what paths of people have: spaces, a comma, letters beyond ASCII. */
  static async create({ without = [] }: ConsumerSettings = {}): Promise<Consumer> {
    const folder = await mkdtemp(join(tmpdir(), "vaekit consumer, Ärger 字-"));
    const modules = join(folder, "node_modules");
    await mkdir(modules);
    for (const name of await readdir(join(root, "node_modules"))) {
      if (name.startsWith(".") || without.includes(name)) continue;
      await symlink(join(root, "node_modules", name), join(modules, name), "junction");
    }
    if (!without.includes("vaekit")) {
      await mkdir(join(modules, "vaekit"));
      for (const part of ["dist", "assets", "package.json"])
        await cp(join(root, part), join(modules, "vaekit", part), { recursive: true });
    }
    return new Consumer(folder);
  }

  /** Writes a file and runs Node on it. */
  async run(name: string, text: string): Promise<Outcome> {
    await writeFile(join(this.folder, name), text);
    return this.node([name]);
  }

  /** Runs Node in the folder. */
  node(args: readonly string[]): Promise<Outcome> {
    return endOf(spawn(process.execPath, args, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] }));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** Encodes with a tiny model of fixed weights and prints the first latents, or the error's code and message. */
export const encodeProgram = `
  import { AutoencoderKL, Generator, Tensor } from "vaekit";
  const config = {
    blockOutChannels: [4], downBlockTypes: ["DownEncoderBlock2D"], upBlockTypes: ["UpDecoderBlock2D"],
    normNumGroups: 4, latentChannels: 4,
  };
  async function main() {
    const vae = AutoencoderKL.fromConfig(config, { generator: Generator.torch(0), device: process.argv[2] });
    const pixels = Float32Array.from({ length: 3 * 16 * 16 }, (_, i) => Math.sin(i));
    const { latentDist } = await vae.encode(Tensor.from(pixels, [1, 3, 16, 16]));
    console.log(Array.from(latentDist.mode().data.slice(0, 4), (value) => value.toFixed(4)).join(" "));
    await vae.dispose();
  }
  main().catch((error) => {
    console.log(error.code, error.message);
    process.exitCode = 1;
  });
`;
