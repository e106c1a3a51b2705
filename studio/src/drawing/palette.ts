/** The two palettes, for people who see colours differently too: blue to orange through paper, and paper to deep blue. */

export type Rgb = readonly [number, number, number];

/** 256 colours, red, green and blue one after the other. */
export type Palette = Uint8ClampedArray;

interface Stops {
  readonly diverging: readonly Rgb[];
  readonly sequential: readonly Rgb[];
}

const light: Stops = {
  diverging: [
    [14, 52, 110],
    [55, 118, 186],
    [163, 197, 226],
    [246, 246, 244],
    [246, 190, 144],
    [214, 104, 38],
    [128, 46, 4],
  ],
  sequential: [
    [250, 250, 247],
    [190, 214, 226],
    [104, 158, 194],
    [39, 94, 152],
    [13, 38, 84],
  ],
};

const dark: Stops = {
  diverging: [
    [150, 205, 255],
    [70, 138, 214],
    [32, 70, 118],
    [26, 28, 33],
    [120, 62, 22],
    [222, 118, 52],
    [255, 200, 150],
  ],
  sequential: [
    [22, 24, 29],
    [28, 58, 96],
    [47, 112, 172],
    [112, 175, 222],
    [224, 240, 250],
  ],
};

function between(stops: readonly Rgb[]): Palette {
  const palette = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const [a, b] = [stops[from]!, stops[from + 1]!];
    palette.set(
      a.map((value, channel) => value + (b[channel]! - value) * (place - from)),
      3 * i,
    );
  }
  return palette;
}

export type PaletteName = keyof Stops;

const palettes: Readonly<Record<"light" | "dark", Readonly<Record<PaletteName, Palette>>>> = {
  light: { diverging: between(light.diverging), sequential: between(light.sequential) },
  dark: { diverging: between(dark.diverging), sequential: between(dark.sequential) },
};

export const paletteFor = (name: PaletteName, isDark: boolean): Palette =>
  palettes[isDark ? "dark" : "light"][name];
