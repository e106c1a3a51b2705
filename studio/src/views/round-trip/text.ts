import { catalogue } from "../../text/catalogue.ts";

export const text = catalogue(
  {
    title: "Round trip",
    question: "What survives twelve times fewer numbers?",
    sentence:
      "The encoder turns every 8 × 8 pixels into 16 numbers, and the decoder makes a picture of them again: shapes and colours survive, small letters do not.",
    formula:
      "x is the picture, −1 to 1; E and D are the encoder and the decoder; μ is the mean of the posterior, the latents. PSNR compares 8-bit pictures, so the largest value is 255.",
    original: "Original",
    reconstruction: "Reconstruction",
    difference: "Difference",
    divider: "Divider between the original and what is compared with it",
    compare: "Compare with",
    gain: "Gain of the difference",
    times: "× {gain}",
    psnr: "PSNR",
    ssim: "SSIM",
    numbers: "Numbers",
    fewer: "{pixels} KiB of pixels, {latents} KiB of latents",
  },
  {
    title: "往返",
    // Joined, so that no line ends inside the number.
    question: "数字少了十\u2060二\u2060倍，还剩下什么？",
    sentence: "编码器把每 8 × 8 个像素变成 16 个数，解码器再把它们变回图片：形状与颜色留下来了，小字没有。",
    formula:
      "x 是图片，取值 −1 到 1；E 与 D 是编码器与解码器；μ 是后验的均值，也就是潜变量。PSNR 比较 8 位图片，所以最大值是 255。",
    original: "原图",
    reconstruction: "重建",
    difference: "差异",
    divider: "原图与对照之间的分界线",
    compare: "对照",
    gain: "差异的放大倍数",
    times: "× {gain}",
    psnr: "PSNR",
    ssim: "SSIM",
    numbers: "数字个数",
    fewer: "像素 {pixels} KiB，潜变量 {latents} KiB",
  },
);
