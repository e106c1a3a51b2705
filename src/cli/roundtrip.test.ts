import { expect, test } from "vitest";
import { AutoencoderKL, Tensor, type Raster } from "../node/index.ts";
import { Coding } from "./coding.ts";
import { Progress } from "./progress.ts";
import { roundtripPicture } from "./roundtrip.ts";

/** A bar that remembers what it was told. */
class Heard extends Progress {
  readonly told: string[] = [];
  override task(text: string): void {
    this.told.push(text);
  }
  override advance(steps = 1): void {
    this.told.push(`+${steps}`);
  }
}

test("a round trip is two steps: the encoder's and the decoder's", async () => {
  await using vae = AutoencoderKL.fromConfig({
    blockOutChannels: [4, 4],
    downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
    upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
    normNumGroups: 2,
  });
  const pixels = Tensor.zeros([1, 3, 8, 8]);
  const raster: Raster = vae.postprocess(pixels)[0]!;
  using progress = new Heard(2);
  const coding = new Coding(vae, {}, progress);
  await roundtripPicture(vae, { path: "in/a.png", name: "a.png", pixels, raster }, { coding }, progress);
  expect(progress.told).toEqual(["a.png: encoding", "+1", "a.png: decoding", "+1", "a.png: measuring"]);
});
