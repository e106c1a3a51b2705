/**
 * Renders assets/sample.png: a self-made scene (glossy spheres, a striped torus, a lettered box, a tiled floor and a
 * cloudy sky) with smooth gradients, hard edges and fine detail, so that a VAE's losses are visible in it.
 *
 *     node tools/render-sample.mjs [output.png]
 */
import { fileURLToPath } from "node:url";
import sharp from "sharp";

/** @typedef {readonly [number, number, number]} Vector */

/** @typedef {{ distance: number, material: Material }} Nearest */

/** @typedef {"floor" | "gold" | "chrome" | "torus" | "box" | "pearl"} Material */

const side = 512;
/** Rays per pixel along each axis. */
const samples = 2;
const farthest = 40;
const exposure = 0.46;

/** @type {(a: Vector, b: Vector) => Vector} */
const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
/** @type {(a: Vector, b: Vector) => Vector} */
const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** @type {(a: Vector, b: Vector) => Vector} */
const multiply = (a, b) => [a[0] * b[0], a[1] * b[1], a[2] * b[2]];
/** @type {(a: Vector, factor: number) => Vector} */
const scale = (a, factor) => [a[0] * factor, a[1] * factor, a[2] * factor];
/** @type {(a: Vector, b: Vector) => number} */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** @type {(a: Vector, b: Vector) => Vector} */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
/** @type {(a: Vector) => Vector} */
const normalize = (a) => scale(a, 1 / Math.hypot(a[0], a[1], a[2]));
/** @type {(a: Vector, b: Vector, share: number) => Vector} */
const mix = (a, b, share) => add(scale(a, 1 - share), scale(b, share));
/** @type {(value: number, low: number, high: number) => number} */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
/** @type {(low: number, high: number, value: number) => number} */
const smoothstep = (low, high, value) => {
  const share = clamp((value - low) / (high - low), 0, 1);
  return share * share * (3 - 2 * share);
};

const lightDirection = normalize([-0.55, 0.75, -0.45]);
/** @type {Vector} */
const lightColor = [2.3, 2.05, 1.7];

/** @type {(x: number, y: number) => number} A repeatable value in [0, 1) of each lattice point. */
const lattice = (x, y) => {
  let bits = Math.imul(x | 0, 374761393) + Math.imul(y | 0, 668265263);
  bits = Math.imul(bits ^ (bits >>> 13), 1274126177);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
};

/** @type {(x: number, y: number) => number} */
const valueNoise = (x, y) => {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [across, down] = [smoothstep(0, 1, x - left), smoothstep(0, 1, y - top)];
  const upper = lattice(left, top) * (1 - across) + lattice(left + 1, top) * across;
  const lower = lattice(left, top + 1) * (1 - across) + lattice(left + 1, top + 1) * across;
  return upper * (1 - down) + lower * down;
};

/** @type {(x: number, y: number, octaves: number) => number} */
const fractalNoise = (x, y, octaves) => {
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    total += valueNoise(x * 2 ** octave + 17 * octave, y * 2 ** octave - 29 * octave) / 2 ** (octave + 1);
  }
  return total;
};

/** Glyphs of 5 x 7 cells, one string of bits per row. */
/** @type {Record<string, readonly string[]>} */
const glyphs = {
  V: ["10001", "10001", "10001", "10001", "10001", "01010", "00100"],
  A: ["01110", "10001", "10001", "11111", "10001", "10001", "10001"],
  E: ["11111", "10000", "10000", "11110", "10000", "10000", "11111"],
  K: ["10001", "10010", "10100", "11000", "10100", "10010", "10001"],
  I: ["11111", "00100", "00100", "00100", "00100", "00100", "11111"],
  T: ["11111", "00100", "00100", "00100", "00100", "00100", "00100"],
  Z: ["11111", "00001", "00010", "00100", "01000", "10000", "11111"],
  0: ["01110", "10001", "10011", "10101", "11001", "10001", "01110"],
  1: ["00100", "01100", "00100", "00100", "00100", "00100", "01110"],
};

/** @type {(text: string, x: number, y: number, cell: number) => boolean} Whether ink lies at (x, y), y downwards. */
const inked = (text, x, y, cell) => {
  const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
  if (column < 0 || row < 0) return false;
  return glyphs[text[Math.floor(column / 6)] ?? ""]?.[row]?.[column % 6] === "1";
};

/** @type {Vector} */
const boxCenter = [1.75, 0.95, 1.5];
/** @type {Vector} */
const boxHalf = [0.95, 0.95, 0.95];
const boxTurn = 0.42;

/** @type {(point: Vector) => Vector} The point in the box's own axes. */
const intoBox = (point) => {
  const [x, y, z] = subtract(point, boxCenter);
  const [cosine, sine] = [Math.cos(boxTurn), Math.sin(boxTurn)];
  return [x * cosine - z * sine, y, x * sine + z * cosine];
};

/** @type {(point: Vector) => number} */
const boxDistance = (point) => {
  const [x, y, z] = intoBox(point).map(Math.abs);
  const rounding = 0.06;
  const outside = [x ?? 0, y ?? 0, z ?? 0].map((value, axis) => value - (boxHalf[axis] ?? 0) + rounding);
  const beyond = outside.map((value) => Math.max(value, 0));
  return Math.hypot(...beyond) + Math.min(Math.max(...outside), 0) - rounding;
};

/** @type {Vector} */
const torusCenter = [-1.68, 0.98, 0.9];

/** @type {(point: Vector) => Vector} The point in the torus' axes: tilted upright, facing the camera. */
const intoTorus = (point) => {
  const [x, y, z] = subtract(point, torusCenter);
  const [cosine, sine] = [Math.cos(0.5), Math.sin(0.5)];
  return [x * cosine + z * sine, z * cosine - x * sine, y];
};

/** @type {(point: Vector) => number} */
const torusDistance = (point) => {
  const [x, y, z] = intoTorus(point);
  return Math.hypot(Math.hypot(x, z) - 0.7, y) - 0.28;
};

/** @type {(point: Vector, center: Vector, radius: number) => number} */
const sphereDistance = (point, center, radius) => Math.hypot(...subtract(point, center)) - radius;

/** @type {(point: Vector) => Nearest} */
const nearest = (point) => {
  /** @type {Nearest} */
  let found = { distance: point[1], material: "floor" };
  /** @type {readonly [Material, number][]} */
  const others = [
    ["gold", sphereDistance(point, [0.05, 0.62, -0.55], 0.62)],
    ["chrome", sphereDistance(point, [-1.0, 0.34, -1.35], 0.34)],
    ["pearl", sphereDistance(point, [1.15, 0.3, -1.05], 0.3)],
    ["torus", torusDistance(point)],
    ["box", boxDistance(point)],
  ];
  for (const [material, distance] of others) {
    if (distance < found.distance) found = { distance, material };
  }
  return found;
};

/** @type {(origin: Vector, direction: Vector) => { point: Vector, material: Material } | null} */
const march = (origin, direction) => {
  let travelled = 0.02;
  for (let step = 0; step < 160 && travelled < farthest; step++) {
    const point = add(origin, scale(direction, travelled));
    const { distance, material } = nearest(point);
    if (distance < 0.0005 * travelled) return { point, material };
    travelled += distance * 0.95;
  }
  return null;
};

/** @type {(point: Vector) => Vector} */
const normalAt = (point) => {
  const offset = 0.0006;
  /** @type {(axis: Vector) => number} */
  const slope = (axis) =>
    nearest(add(point, scale(axis, offset))).distance -
    nearest(subtract(point, scale(axis, offset))).distance;
  return normalize([slope([1, 0, 0]), slope([0, 1, 0]), slope([0, 0, 1])]);
};

/** @type {(origin: Vector) => number} Share of the light that arrives, with a soft border. */
const lightAt = (origin) => {
  let share = 1;
  for (let travelled = 0.03; travelled < 8;) {
    const { distance } = nearest(add(origin, scale(lightDirection, travelled)));
    if (distance < 0.0005) return 0;
    share = Math.min(share, (14 * distance) / travelled);
    travelled += clamp(distance, 0.01, 0.4);
  }
  return smoothstep(0, 1, share);
};

/** @type {(point: Vector, normal: Vector) => number} */
const openness = (point, normal) => {
  let hidden = 0;
  for (let index = 1; index <= 5; index++) {
    const reach = 0.09 * index;
    hidden += (reach - nearest(add(point, scale(normal, reach))).distance) / 2 ** index;
  }
  return clamp(1 - 2.2 * hidden, 0, 1);
};

/** @type {(direction: Vector) => Vector} */
const sky = (direction) => {
  const height = Math.max(direction[1], 0);
  const base = mix([1.15, 0.8, 0.55], [0.12, 0.32, 0.8], height ** 0.55);
  const spread = 1.6 / (height + 0.18);
  const cloud = smoothstep(
    0.46,
    0.78,
    fractalNoise(direction[0] * spread * 1.4 + 7, direction[2] * spread * 0.7, 6),
  );
  const clouded = mix(base, [1, 0.96, 0.92], cloud * 0.85 * smoothstep(0, 0.12, height));
  const sun = Math.max(dot(direction, lightDirection), 0);
  return add(clouded, scale([1, 0.8, 0.5], 0.25 * sun ** 12));
};

/** @type {(point: Vector) => Vector} Tiles with dark joints, wood grain on every second one. */
const floorColor = ([x, , z]) => {
  const tile = 0.75;
  const [column, row] = [Math.floor(x / tile), Math.floor(z / tile)];
  const [across, down] = [x / tile - column, z / tile - row];
  const joint = Math.min(across, 1 - across, down, 1 - down) < 0.018;
  if (joint) return [0.09, 0.08, 0.08];
  const tint = 0.85 + 0.3 * lattice(column + 50, row + 90);
  if ((column + row) % 2 === 0) {
    const speckles = valueNoise(x * 60, z * 60) > 0.8 ? 0.72 : 1;
    return scale([0.74, 0.72, 0.68], tint * speckles);
  }
  const grain = Math.sin(46 * (across + 0.35 * fractalNoise(x * 1.3, z * 5, 4)) + 9 * lattice(column, row));
  return scale(mix([0.3, 0.13, 0.07], [0.52, 0.27, 0.13], 0.5 + 0.5 * grain), tint);
};

/** @type {(point: Vector) => Vector} Letters, a rule of fine lines, a colour chart and a zone plate. */
const boxColor = (point) => {
  const [x, y, z] = intoBox(point);
  /** @type {Vector} */
  const paper = [0.9, 0.89, 0.84];
  const [left, top] = [x + boxHalf[0], boxHalf[1] - y];
  if (z < -0.93) {
    if (inked("VAEKIT", left - 0.19, top - 0.2, 0.044)) return [0.07, 0.1, 0.35];
    if (inked("10Z01AE10VAT01ZE1", left - 0.2, top - 0.62, 0.0148)) return [0.45, 0.05, 0.05];
    if (inked("0VAE1TZKI0E1A01ZT", left - 0.2, top - 0.78, 0.0148)) return [0.1, 0.1, 0.1];
    if (left > 0.2 && left < 1.7 && top > 0.98 && top < 1.2) {
      const frequency = 12 + 34 * (left - 0.2);
      return Math.sin(left * frequency) > 0 ? [0.06, 0.06, 0.06] : paper;
    }
    if (left > 0.2 && left < 1.7 && top > 1.3 && top < 1.65)
      return hue(Math.floor((left - 0.2) / 0.125) / 12);
    return paper;
  }
  if (Math.abs(x) > 0.93) {
    return Math.sin(38 * (z * z + y * y)) > 0 ? [0.12, 0.3, 0.36] : [0.82, 0.86, 0.8];
  }
  return mix([0.55, 0.16, 0.12], [0.75, 0.32, 0.2], fractalNoise(x * 9, z * 9, 5));
};

/** @type {(turn: number) => Vector} */
const hue = (turn) => {
  /** @type {(shift: number) => number} */
  const wave = (shift) => 0.45 + 0.42 * Math.cos(2 * Math.PI * (turn - shift));
  return [wave(0), wave(1 / 3), wave(2 / 3)];
};

/** @type {(point: Vector) => Vector} */
const torusColor = (point) => {
  const [x, y, z] = intoTorus(point);
  const around = Math.atan2(z, x);
  const tube = Math.atan2(y, Math.hypot(x, z) - 0.7);
  const twisted = Math.sin(9 * around + 2 * tube);
  if (Math.abs(twisted) < 0.12) return [0.95, 0.93, 0.86];
  return twisted > 0 ? [0.75, 0.09, 0.13] : [0.05, 0.33, 0.3];
};

/** @type {(material: Material, point: Vector) => { color: Vector, mirror: number, shine: number }} */
const surface = (material, point) => {
  switch (material) {
    case "floor":
      return { color: floorColor(point), mirror: 0.1, shine: 20 };
    case "gold":
      return { color: [0.5, 0.3, 0.06], mirror: 0.55, shine: 120 };
    case "chrome":
      return { color: [0.03, 0.1, 0.3], mirror: 0.45, shine: 300 };
    case "pearl":
      return {
        color: hue(0.8 + 0.35 * fractalNoise(point[0] * 5, point[1] * 5, 4)),
        mirror: 0.15,
        shine: 60,
      };
    case "torus":
      return { color: torusColor(point), mirror: 0.08, shine: 50 };
    case "box":
      return { color: boxColor(point), mirror: 0.02, shine: 10 };
  }
};

/** @type {(origin: Vector, direction: Vector, bounces: number) => Vector} Linear light along a ray. */
const trace = (origin, direction, bounces) => {
  const hit = march(origin, direction);
  if (hit === null) return sky(direction);
  const normal = normalAt(hit.point);
  const { color, mirror, shine } = surface(hit.material, hit.point);
  const start = add(hit.point, scale(normal, 0.004));
  const light = lightAt(start) * Math.max(dot(normal, lightDirection), 0);
  const ambient = scale(
    mix([0.32, 0.25, 0.2], [0.38, 0.5, 0.72], 0.5 + 0.5 * normal[1]),
    openness(start, normal),
  );
  const diffuse = multiply(color, add(scale(lightColor, light), ambient));
  const reflected = subtract(direction, scale(normal, 2 * dot(direction, normal)));
  const highlight = scale(lightColor, 0.6 * light * Math.max(dot(reflected, lightDirection), 0) ** shine);
  const glancing = mirror + (1 - mirror) * 0.6 * (1 + dot(direction, normal)) ** 5;
  const mirrored = bounces > 0 ? trace(start, reflected, bounces - 1) : sky(reflected);
  const tint = hit.material === "gold" ? multiply(mirrored, [1, 0.74, 0.33]) : mirrored;
  const lit = add(mix(diffuse, tint, glancing), highlight);
  const haze = smoothstep(9, 34, Math.hypot(...subtract(hit.point, origin)));
  return mix(lit, [0.9, 0.77, 0.64], haze);
};

/** @type {(value: number) => number} A filmic curve, then sRGB's, as an 8-bit value. */
const toByte = (value) => {
  const film = (value * (2.51 * value + 0.03)) / (value * (2.43 * value + 0.59) + 0.14);
  const linear = clamp(film, 0, 1);
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
};

/** @returns {Uint8Array} RGB pixels, row by row. */
const render = () => {
  /** @type {Vector} */
  const eye = [-0.35, 1.75, -6.2];
  const forward = normalize(subtract([0, 0.92, 0], eye));
  const right = normalize(cross([0, 1, 0], forward));
  const up = cross(forward, right);
  const pixels = new Uint8Array(side * side * 3);
  for (let index = 0; index < side * side * samples * samples; index += samples * samples) {
    const pixel = index / (samples * samples);
    /** @type {Vector} */
    let total = [0, 0, 0];
    for (let sample = 0; sample < samples * samples; sample++) {
      const column = (pixel % side) + ((sample % samples) + 0.5) / samples;
      const row = Math.floor(pixel / side) + (Math.floor(sample / samples) + 0.5) / samples;
      const [x, y] = [(column / side - 0.5) * 1.02, (0.5 - row / side) * 1.02];
      const direction = normalize(add(add(scale(right, x), scale(up, y)), scale(forward, 1.42)));
      total = add(total, trace(eye, direction, 2));
    }
    pixels.set(
      total.map((value) => toByte((exposure * value) / (samples * samples))),
      pixel * 3,
    );
  }
  return pixels;
};

const output = process.argv[2] ?? fileURLToPath(new URL("../assets/sample.png", import.meta.url));
const raw = { width: side, height: side, channels: /** @type {const} */ (3) };
const { size } = await sharp(render(), { raw }).png({ compressionLevel: 9 }).toFile(output);
process.stdout.write(`${output}: ${side} x ${side}, ${size} bytes\n`);
