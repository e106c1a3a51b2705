import { catalogue } from "../../text/catalogue.ts";

export const text = catalogue(
  {
    title: "Posterior",
    question: "How random is what the encoder says?",
    sentence:
      "For every latent the encoder gives a mean and a deviation, and a sample is drawn from both. The deviations are so small that you cannot see the draw: turn the temperature up thirty times, and you can.",
    formula:
      "μ and σ are the encoder's mean and deviation, ε is drawn from N(0, 1), T is the temperature: 1 is what training uses, 0 is the mean itself. The KL divergence, in nats, is the price of each latent: the information that a place holds beyond N(0, 1).",
    temperature: "Temperature",
    seed: "Seed {seed}",
    again: "Draw again",
    gain: "Gain of the difference",
    times: "× {gain}",
    mean: "The mean, decoded",
    sample: "A sample, decoded",
    difference: "Difference × {gain}",
    sigma: "σ, mean over the channels",
    kl: "KL per place, in nats",
    psnr: "Sample to mean",
    averageSigma: "Mean σ",
    deviation: "Deviation of z",
    totalKl: "KL in total",
    nats: "{nats} nats",
    from: "{low} to {high}",
    maps: "Most of the price is for σ being so small: each halving of it costs 16 · ln 2 = 11 nats a place. The rest is for means far from zero.",
  },
  {
    title: "后验",
    question: "编码器的回答有多随机？",
    sentence:
      "编码器为每个潜变量给出均值和标准差，样本由二者抽取。标准差极小，抽样看不出来；把温度提高三十倍，就看到了。",
    formula:
      "μ 与 σ 是编码器给出的均值与标准差，ε 抽自 N(0, 1)，T 是温度：1 即训练时的用法，0 就是均值本身。KL 散度以奈特计，是每个潜变量的代价：一处位置超出 N(0, 1) 的信息量。",
    temperature: "温度",
    seed: "种子 {seed}",
    again: "重新抽样",
    gain: "差异的放大倍数",
    times: "× {gain}",
    mean: "均值解码",
    sample: "样本解码",
    difference: "差异 × {gain}",
    sigma: "σ，各通道平均",
    kl: "每处的 KL，单位奈特",
    psnr: "样本对均值",
    averageSigma: "平均 σ",
    deviation: "z 的标准差",
    totalKl: "KL 总和",
    nats: "{nats} 奈特",
    from: "{low} 至 {high}",
    maps: "大部分代价是为了让 σ 这么小：每减半一次，每处多花 16 · ln 2 = 11 奈特。其余的是均值远离零的代价。",
  },
);
