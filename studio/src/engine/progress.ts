/** Fetches a file and says how much of it is there. */

export interface Progress {
  readonly loaded: number;
  /** 0 where the server does not say. */
  readonly total: number;
  readonly bytesPerSecond: number;
}

/** Whoever opens the file next has it from the browser's cache. A failure is left for that call, which explains it. */
export async function fetchWithProgress(url: URL, onProgress: (progress: Progress) => void): Promise<void> {
  const startMs = performance.now();
  const response = await fetch(url);
  const total = Number(response.headers.get("content-length") ?? 0);
  const reader = response.body?.getReader();
  if (!response.ok || reader === undefined) return;
  let loaded = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    loaded += part.value.length;
    const seconds = (performance.now() - startMs) / 1000;
    onProgress({ loaded, total, bytesPerSecond: loaded / Math.max(seconds, 1e-3) });
  }
}
