/** The graphics processor that a browser offers. */

/** The browser's graphics processor; undefined where there is none, or none that may be used. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  const { navigator } = globalThis as { navigator?: Partial<Navigator> };
  // In browsers without an adapter, too, there may be a navigator.gpu.
  const adapter = await navigator?.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ?? undefined;
}

/** Whether the processor computes what is called an adapter: many times slower than WebAssembly. */
export function isSoftware({ info }: Pick<GPUAdapter, "info">): boolean {
  const { vendor, architecture, device, description } = info;
  const names = [vendor, architecture, device, description].join(" ");
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names);
}
