/** Golden values: Pillow 12.3.0, `Image.resize` of a 13x11 RGB picture. */
import { describe, expect, test } from "vitest";
import type { Raster } from "./raster.ts";
import { resizeRaster, type Resample } from "./resample.ts";

const source: Raster = {
  width: 13,
  height: 11,
  channels: 3,
  data: Uint8Array.from({ length: 13 * 11 * 3 }, (_, i) => (i * 89 + i * i * 7) % 256),
};

interface Golden {
  resample: Resample;
  width: number;
  height: number;
  hex: string;
}

const goldens: Golden[] = [
  {
    resample: "lanczos",
    width: 4,
    height: 3,
    hex: "6d7c7084608d667c758e677da0759e7971808f6683806d929175766b88748e93737a8663",
  },
  {
    resample: "lanczos",
    width: 5,
    height: 16,
    hex: "1fa892314c4a3aa4ca2a7c416d3f7e43ba7d71716a68a19d1b5a3f88289a64955fa17682a26e744e4d42b051885e3e617937719e2e94b97f59b1b9468863769e44919159c1b18cae86a582b69094a868a152899c7685a17963d0c0729f817185247a477283429957cabf617db37a7b8d87539c7e7aa065b6899892a39ba1c16e92b34da96a547c65c1d34aa0b6834aa69726953f454fb65ccb434c6c696c7e7762b47e9075bf37a44417278da33b7467817caf618476753e493b9bc545834f3958a13491934454ae8a4cd0b47f945b99b767ac8c5499ae9e7799b094c4669c7c8fb47d73c67f86c46d74a8c754794190",
  },
  {
    resample: "lanczos",
    width: 13,
    height: 4,
    hex: "3c6c9191944a0d9887746a73a00f55869b916330c85ec374799a88591522436248848283e85eaebf98a69264739a7776c74ab8a16e7d75c0a35f249283475daec680786e7cbb5abe7a91ad8f5e929386a5a25bd88a9b8460776a2b1e618ca99069b16bba19658ea07e6119ba835a8c7e81234d8a95976008c37b94649fb1aa65184d877d687dad85c5549fbf8c998b7a6d7d4f7cb83d95ab57865fb6",
  },
  {
    resample: "bicubic",
    width: 4,
    height: 3,
    hex: "6b7d74825e886b79778b687d9e789c7b73848c6881806a919477776b85728d92747d8a65",
  },
  {
    resample: "bicubic",
    width: 5,
    height: 16,
    hex: "21a89334534f39a2bf2c77456d438346af786f716b66999b2959408b349568955f9d778194757d514d45aa508c643d64783774953090c17d61adbc498c687aa24b93865bb3a786a78aa08aaf8c90ae679e5e809f7987a47e6ec7b9779d8170822d724b6e8b429a56c6b76d7eb07e809280669b7e7d9962ad929095a0929ab5718cad55a472577e67c1d84e9bb6804f9e98289c40414fb257c64b4865737278735fb17f9173b342a2462732879b4c6f66807fae5f84737844483698bc4181563b5fa236928b4c5eac8551cead7e93659ab56ca68b5896a9947ba2a692b869977f8bb58274c38085bf7277a6c65b7e4293",
  },
  {
    resample: "bicubic",
    width: 13,
    height: 4,
    hex: "3c6f9292924a119d87776d799f1253899e926430c65ebf73799a835c1825425e4c857b85e75fadba96a3926677987477c247ae976a796ebf9e5f2e92834c5ea8c67d726b79b658bc7a94a99062939784a4a25dd487998662756b35216591a79569a76bbb1c6791a086651cb88761897f83264d849696630dc27a9265a6afac691f4d887d6b81b084c4569ebb8b9a8a77707e537cb43f93a659875fb5",
  },
  {
    resample: "bilinear",
    width: 4,
    height: 3,
    hex: "707b777e6285707778876a7e9977967f73848c6d81816c8c927a7a6d8475898f757f8b67",
  },
  {
    resample: "bilinear",
    width: 5,
    height: 16,
    hex: "28a38b3a5d583a96b034734c6b49824da4756c746c6589953a5e4987418c6d8e6391767c8c6d825d574da256846a45677c3e7691398eb97b63abb1538e697b9e5390835aa99e83998d998da9848ea86a9867749b7d869b8076bbb27a9b8271813e704f6f8a4c935abcb17384a87d838d7d6f9778809362a4968a999a8b97a2728ba5589d78598067b9d65698b579529a962f9c484054a55ebc554d6d777677755ca67a8a6ea64d9c50394481965771667d7da45d846e784c523c8cb1497f614169a03b92885765a27d60c49c7e926993ad6ba58b5f93a18c80a59790ae6e938484b58574be8385b47a73a4bb64845090",
  },
  {
    resample: "bilinear",
    width: 13,
    height: 4,
    hex: "43758f968e4d1a9f89806d80a1175487a38f6731c261b9747b997e591d2c495c58877886df5faeb292a292697d937678b849a48e63756fbb9d5f3790844f5fa3c37d706477ad58b37992a091659498839ea161cd86978669706c3e2a6990a798699d6bb7266794a0876726ae8965867e8431537f96996417c0779164a8afac70254c817d6a82b282c45b9cb38b988d7871775d80b14592a6568660b6",
  },
  {
    resample: "nearest",
    width: 4,
    height: 3,
    hex: "d6823cda043c6e4020c81876d206489e501092ec54b48c72ae6a34427cc496786880e04e",
  },
  {
    resample: "nearest",
    width: 5,
    height: 16,
    hex: "4ad46c5836221e7ae4522c14406eaad6823cb0b0bea826b20e0a14c81876d6823cb0b0bea826b20e0a14c81876905e3a3658886000aef816427ef070786866ea2e804608d810509e62f698786866ea2e804608d810509e62f6988ea0c0cc32a65a3e3056b828742aeed20648dc64fa9ca2b6ca4ee0b48c72d20648dc64fa9ca2b6ca4ee0b48c72449afe1ac47c0c346a6c12c6221c24e45ce286522caaf44c3c04dabeda04e45ce286522caaf44c3c04dabeda04b24cf4200e0a76e25c3a241c88c612ae6a34e8f81670fe9a66728c80e04eae6a34e8f81670fe9a66728c80e04ed8b6a2de1050984806c0ee2aa628b8",
  },
  {
    resample: "nearest",
    width: 13,
    height: 4,
    hex: "26a838d6823c04dabeb0b0beda043c82d638a826b24cf4aa6e40200e0a142c5286c81876e25ce4ac948a8ea0c0ee2a74cc32a628b85602bc845a3e30303e5a84bc0256b828a632cc742aeec0a08e96c2fc449afe70f07e1ac47c4216f8e8e6f20c346aae0060ce4ad46c12c6885836221c243a5e90ce6000ae6a340cf2e6e8f816427cc41a7ef070fe9a44fcc296786866728cb4ea2e80e04eca54ec",
  },
];

describe("resizeRaster", () => {
  test.each(goldens)("is Pillow's, bit for bit: $resample to $width x $height", (golden) => {
    const { resample, width, height, hex } = golden;
    const resized = resizeRaster(source, width, height, { resample });
    expect(Buffer.from(resized.data).toString("hex")).toBe(hex);
  });

  test("an unchanged size is a copy, not the same memory", () => {
    const copy = resizeRaster(source, 13, 11);
    expect(copy).toEqual(source);
    expect(copy.data).not.toBe(source.data);
  });

  test.each(["lanczos", "bicubic", "bilinear", "nearest"] as const)(
    "a window holds the samples of the whole result: %s",
    (resample) => {
      for (const [width, height] of [
        [31, 17],
        [5, 40],
        [13, 6],
      ] as const) {
        const whole = resizeRaster(source, width, height, { resample });
        const window = { left: 2, top: 1, width: width - 3, height: height - 4 };
        const part = resizeRaster(source, width, height, { resample, window });
        const expected = { ...window, channels: 3, data: new Uint8Array(window.width * window.height * 3) };
        for (let y = 0; y < window.height; y++) {
          const from = ((y + window.top) * width + window.left) * 3;
          expected.data.set(whole.data.subarray(from, from + window.width * 3), y * window.width * 3);
        }
        expect(Buffer.from(part.data).equals(expected.data)).toBe(true);
      }
    },
  );

  test("a window of an immense result costs no more than the window", () => {
    const window = { left: 499_996, top: 422_998, width: 8, height: 4 };
    expect(resizeRaster(source, 1_000_000, 846_000, { window })).toMatchObject({ width: 8, height: 4 });
  });

  test("refuses sizes without pixels", () => {
    expect(() => resizeRaster(source, 0, 4)).toThrow("at least 1x1");
  });
});
