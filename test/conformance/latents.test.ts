/** FLUX's tokens hold the latents where its transformer looks for them. */
import { describe, expect, test } from "vitest";
import { packLatents, unpackLatents } from "../../src/node/index.ts";
import { manifest, readGoldens } from "./fixtures.ts";

describe.each(manifest.latents)("$name", ({ golden, height, width, vae_scale_factor }) => {
  const goldens = readGoldens(golden);

  test("packs 2x2 latents into one token", () => {
    expect(packLatents(goldens.get("latents"))).toBeAllclose(goldens.get("packed"), { absolute: 0 });
  });

  test("unpacks tokens into the latents they came from", () => {
    const latents = unpackLatents(goldens.get("packed"), { height, width, vaeScaleFactor: vae_scale_factor });
    expect(latents).toBeAllclose(goldens.get("latents"), { absolute: 0 });
  });
});
