/** Keeps the page, the engine and the model for visits without a network. */

/**
 * Keeps what this page has loaded, and all that its other views need. To be called when the model is open, so that it takes nothing
 * of the network before.
 *
 * @returns whether everything is kept now: not where the browser forbids it, or a server does not have the studio's service worker.
 */
export async function keepForOffline(): Promise<boolean> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return false;
  const { serviceWorker } = navigator;
  try {
    await serviceWorker.register(new URL("service-worker.js", document.baseURI));
    const { active } = await serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    return active !== null && (await answered(active, loaded));
  } catch {
    // Private windows and unsafe origins.
    return false;
  }
}

function answered(worker: ServiceWorker, loaded: readonly string[]): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<boolean>) => {
      port1.close();
      resolve(data);
    };
    worker.postMessage({ loaded }, [port2]);
  });
}
