/** What went wrong, and what to do: a sentence for each kind of failure. */
import type { FailureKind } from "../engine/failure.ts";
import { catalogue } from "./catalogue.ts";

type Sentences = Readonly<Record<FailureKind, string>>;

const english = {
  offline: "There is no network, and the model has not been kept in this browser yet.",
  noAnswer: "The server does not answer for the model's files.",
  otherSite: "The other site does not answer, or does not let this page read its model.",
  notFound: "There is no model at this address.",
  badConfig:
    "What came as config.json is no model's config: some hosts answer every path with their own page.",
  damaged: "The weights are damaged, cut off, or not this model's.",
  pickle:
    "This is a pickle, and opening one can run any program that is in it. Save the weights as .safetensors.",
  unsupported: "The studio cannot open a model of this kind.",
  notForPictures:
    "The studio looks at models that turn pictures into latents and back, and this one does not.",
  noPicture: "The browser reads no picture in this file. PNG, JPEG and WebP always work.",
  notAFile: "Expected a picture, or a model's weights in .safetensors with or without their config.json.",
  noSimd:
    "This browser cannot run the engine, which needs WebAssembly with SIMD. The prepared pictures are here.",
  memory: "There is not enough memory for this.",
  engine: "The engine has failed.",
} as const satisfies Sentences;

const chinese = {
  offline: "没有网络，而且这个浏览器还没有存下模型。",
  noAnswer: "服务器没有给出模型的文件。",
  otherSite: "另一个网站没有回应，或者不允许本页面读取它的模型。",
  notFound: "这个地址没有模型。",
  badConfig: "收到的 config.json 不是模型的配置：有些网站对任何路径都返回自己的网页。",
  damaged: "权重已损坏、不完整，或者不属于这个模型。",
  pickle: "这是 pickle 文件，打开它可能会运行其中的任意程序。请把权重另存为 .safetensors。",
  unsupported: "工作室打不开这一类模型。",
  notForPictures: "工作室看的是把图片变成潜变量、再变回来的模型，这个不是。",
  noPicture: "浏览器在这个文件里读不出图片。PNG、JPEG 和 WebP 总是可以的。",
  notAFile: "需要一张图片，或者 .safetensors 格式的模型权重（可附带 config.json）。",
  noSimd: "这个浏览器不能运行计算引擎，它需要带 SIMD 的 WebAssembly。预先算好的图片仍可以看。",
  memory: "内存不够。",
  engine: "计算引擎出错了。",
} as const satisfies Sentences;

export const failureText = catalogue(
  {
    ...english,
    tryAgain: "Try again",
    startAnew: "Start it anew",
    smaller: "Use {size} pixels",
    chooseAnother: "Choose another file …",
    useBuiltIn: "Use the built-in model",
    showPrepared: "Show the prepared pictures",
  },
  {
    ...chinese,
    tryAgain: "再试一次",
    startAnew: "重新启动",
    smaller: "改用 {size} 像素",
    chooseAnother: "选择另一个文件……",
    useBuiltIn: "使用内置模型",
    showPrepared: "查看预先算好的图片",
  },
);
