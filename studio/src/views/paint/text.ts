import { catalogue } from "../../text/catalogue.ts";

export const text = catalogue(
  {
    title: "Paint latents",
    question: "How far does one latent reach?",
    sentence:
      "Paint on the map or on the picture: you change numbers, and the decoder paints. One of them changes more than its own 8 × 8 pixels, but hardly anything beyond 32.",
    formula:
      "z are the latents, w is the brush (1 in its middle, 0 at its edge), a is the strength, in standard deviations σ of all latents. The decoder sees the painted latents whole, so what you see is exact, not patched in.",
    tool: "Brush",
    add: "adds",
    take: "takes away",
    noise: "adds noise",
    erase: "erases",
    copy: "copies another picture",
    channel: "On the channel",
    all: "all",
    radius: "Radius",
    radiusOf: "{cells} places",
    strength: "Strength",
    strengthOf: "{strength} σ",
    clear: "Clear",
    map: "Channel {channel}",
    mapAll: "Channel {channel}; the brush is on all",
    canvas: "{name}. Arrow keys move the brush, space paints. Brush at column {x}, row {y}.",
    decoded: "Decoded",
    reach:
      "Inner square: 32 pixels around the brush. Beyond it, one latent at 2 σ changes at most 6 levels of 255; beyond the outer one, at 98 pixels, less than one.",
    changed: "Pixels changed",
    psnr: "To the reconstruction",
    strokes: "Strokes",
  },
  {
    title: "画潜变量",
    question: "一个潜变量能影响多远？",
    sentence:
      "在小图或图片上涂抹：你改的是数字，画画的是解码器。一个数影响的不止自己那 8 × 8 个像素，但超过 32 像素就几乎没有了。",
    formula:
      "z 是潜变量，w 是笔刷（中心为 1，边缘为 0），a 是强度，以全部潜变量的标准差 σ 为单位。解码器看到的是整幅改过的潜变量，所以结果是精确的，不是拼上去的。",
    tool: "笔刷",
    add: "增加",
    take: "减少",
    noise: "加噪声",
    erase: "擦除",
    copy: "复制另一张图",
    channel: "作用于通道",
    all: "全部",
    radius: "半径",
    radiusOf: "{cells} 格",
    strength: "强度",
    strengthOf: "{strength} σ",
    clear: "清空",
    map: "通道 {channel}",
    mapAll: "通道 {channel}；笔刷作用于全部通道",
    canvas: "{name}。方向键移动笔刷，空格涂抹。笔刷在第 {x} 列、第 {y} 行。",
    decoded: "解码结果",
    reach:
      "内框：笔刷周围 32 像素。超出内框，2 σ 的一个潜变量最多改变 255 级中的 6 级；超出外框（98 像素）则不到一级。",
    changed: "变化的像素",
    psnr: "与重建相比",
    strokes: "笔画",
  },
);
