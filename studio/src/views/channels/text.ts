import { catalogue } from "../../text/catalogue.ts";

export const text = catalogue(
  {
    title: "Channels",
    question: "What does each channel know?",
    sentence:
      "Every channel is a small map, one number for each 8 × 8 pixels. Set one to zero, and you see what only it knew: here the first holds most of the light and dark, the last almost nothing.",
    formula:
      "z is the mean of the posterior and z with channel c set to zero the edited latents; D is the decoder. The number under a map is the PSNR between the two pictures: the lower, the more the decoder loses without that channel.",
    tool: "A click",
    zero: "sets to zero",
    flip: "turns the sign",
    alone: "keeps alone",
    reset: "Put everything back",
    channel: "Channel {channel}",
    tile: "Channel {channel}, mean {mean}, deviation {deviation}, {state}",
    kept: "as it is",
    zeroed: "zero",
    flipped: "sign turned",
    decoded: "Decoded from these channels",
    histogram: "Channel {channel}: its values",
    mean: "Mean",
    deviation: "Deviation",
    loss: "Without it",
    edited: "PSNR to the original",
    scale: "One scale for all maps: blue below zero, orange above, ± {limit}",
  },
  {
    title: "通道",
    question: "每个通道知道些什么？",
    sentence:
      "每个通道是一张小图，每 8 × 8 个像素对应一个数。把一个通道清零，就看到只有它知道的东西：这里第一个通道掌管大部分明暗，最后一个几乎什么都没有。",
    formula:
      "z 是后验的均值，把通道 c 清零就得到改过的潜变量；D 是解码器。图下的数是两张图片之间的 PSNR：越低，说明没有这个通道时解码器损失越多。",
    tool: "点击通道",
    zero: "清零",
    flip: "变号",
    alone: "只留它",
    reset: "全部恢复",
    channel: "通道 {channel}",
    tile: "通道 {channel}，均值 {mean}，标准差 {deviation}，{state}",
    kept: "未改动",
    zeroed: "已清零",
    flipped: "已变号",
    decoded: "由这些通道解码",
    histogram: "通道 {channel} 的取值",
    mean: "均值",
    deviation: "标准差",
    loss: "没有它",
    edited: "与原图的 PSNR",
    scale: "所有小图同一刻度：蓝色为负，橙色为正，± {limit}",
  },
);
