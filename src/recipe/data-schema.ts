/** A recipe's `data`: where the pictures come from and how they are cut. */
import { z } from "zod";
import { count, path, side, wholeNumber } from "./fields.ts";

/** Side of the training pictures, in pixels. */
export const defaultResolution = 64;
export const defaultChannels = 3;

const everyType = {
  range: z
    .enum(["signed", "unit"])
    .default("signed")
    .describe("signed: pixels in [-1, 1], as diffusers' models expect; unit: in [0, 1]."),
  keep_last: z
    .boolean()
    .default(false)
    .describe("Whether an epoch's last batch is used although it is smaller than the others."),
};

const inFiles = {
  path: path().describe(
    "A folder of pictures (read recursively), a folder of MNIST idx files, or a list file.",
  ),
  validation_path: path().nullable().default(null).describe("Pictures for validation, of the same type."),
  validation_count: wholeNumber()
    .default(0)
    .describe("Without validation_path: so many pictures at the end are held out for validation."),
  ...everyType,
};

const pictures = {
  ...inFiles,
  resolution: side().default(defaultResolution).describe("Side of the square training pictures, in pixels."),
  short_side: side()
    .nullable()
    .default(null)
    .describe("Resize pictures so that their short side has so many pixels; null: cut them as they are."),
  crop: z.enum(["random", "center"]).default("random"),
  flip: z.boolean().default(true).describe("Mirror every second picture, at random."),
  channels: z.literal([1, 3]).default(defaultChannels),
  workers: count(256).default(2).describe("Pictures decoded at once."),
  cache_megabytes: wholeNumber(1_000_000).default(512).describe("Memory for decoded pictures; 0: none."),
};

const images = z.strictObject({
  type: z.literal("images").describe("A folder of pictures (the default)."),
  ...pictures,
});

const list = z.strictObject({
  type: z.literal("list").describe("A text file with one path of a picture in each line."),
  ...pictures,
});

const mnist = z.strictObject({
  type: z.literal("mnist").describe("The idx files of MNIST: 28 x 28, one channel."),
  ...inFiles,
  binarize: z
    .boolean()
    .default(false)
    .describe("Draw each pixel anew as 0 or 1, with its grey value as the probability of 1."),
});

const tensors = z.strictObject({
  type: z
    .literal("tensors")
    .describe("Pictures that a program hands over (Trainer); it says their size, too."),
  channels: count(10_000_000).default(defaultChannels),
  height: side().default(defaultResolution),
  width: side().default(defaultResolution),
  ...everyType,
});

export const dataSchema = z.discriminatedUnion("type", [images, mnist, list, tensors]);

type Data = z.output<typeof dataSchema>;

/** What decides the size of the pictures. */
export type DataSection =
  | Pick<Extract<Data, { type: "images" | "list" }>, "type" | "channels" | "resolution">
  | Pick<Extract<Data, { type: "mnist" }>, "type">
  | Pick<Extract<Data, { type: "tensors" }>, "type" | "channels" | "height" | "width">;

/** Side of MNIST's pictures, in pixels. */
export const mnistSide = 28;
