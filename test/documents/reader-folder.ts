/** A folder as the reader of a page has it: vaekit installed, and the files that the pages name. */
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const root = fileURLToPath(new URL("../..", import.meta.url));
const sample = join(root, "assets", "sample.png");

export interface ReaderFolder {
  readonly path: string;
  remove(): Promise<void>;
}

/** Pages write where they like, so each has a folder of its own. */
export async function createReaderFolder(): Promise<ReaderFolder> {
  const path = await mkdtemp(join(tmpdir(), "vaekit-documents-"));
  await installPackage(path);
  await symlink(join(root, "recipes"), join(path, "recipes"));
  await cp(join(root, "assets", "default-vae"), join(path, "models", "my-vae"), { recursive: true });
  await sharp(sample).jpeg().toFile(join(path, "photo.jpg"));
  await savePhotos(join(path, "photos"), 10);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** What `npm install` leaves: the package, and its program among the commands. `npm test` builds first. */
async function installPackage(folder: string): Promise<void> {
  const commands = join(folder, "node_modules", ".bin");
  await mkdir(commands, { recursive: true });
  await symlink(root, join(folder, "node_modules", "vaekit"), "junction");
  const command = join(commands, "vaekit");
  const program = join(root, "dist", "cli", "main.js");
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(command, 0o755);
}

/** Parts of the sample picture. */
async function savePhotos(folder: string, count: number): Promise<void> {
  await mkdir(folder);
  for (let i = 0; i < count; i++) {
    const part = { left: 40 * i, top: 64 + 16 * i, width: 96, height: 80 };
    await sharp(sample)
      .extract(part)
      .toFile(join(folder, `${i}.png`));
  }
}
