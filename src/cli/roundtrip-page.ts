/** The page of `vaekit roundtrip` and `vaekit demo`: which model, and what became of each picture. */
import { describeScaling, type Vae } from "../node/index.ts";
import { renderRoundtripReport, type RoundtripPicture } from "../node/report/index.ts";
import { modelLabel } from "./model-label.ts";
import { packageVersion } from "./package.ts";

/** The report's page. */
export function roundtripPage(vae: Vae, pictures: readonly RoundtripPicture[]): string {
  const { spatialFactor } = vae;
  return renderRoundtripReport({
    modelName: modelLabel(vae),
    parameterCount: vae.parameterCount,
    configSummary: [
      { name: "Latent channels", value: String(vae.facts.latentChannels) },
      { name: "Pixels per latent", value: `${spatialFactor} × ${spatialFactor}` },
      { name: "Scaling", value: describeScaling(vae.scaling) },
    ],
    environment: [
      { name: "Device", value: vae.device ?? "unknown" },
      { name: "vaekit", value: packageVersion() },
    ],
    pictures,
  });
}
