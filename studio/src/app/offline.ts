/** Keeps the page, the engine and the model for visits without a network. */

/** How long the first visit waits for the service worker, which keeps what passes through it. */
const patienceMs = 3000;

/**
 * To be awaited before the engine and the model are fetched: they are kept on their way. Where the browser forbids it, or takes too
 * long, the studio works with a network only.
 */
export async function keepForOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const { serviceWorker } = navigator;
  const isControlled = new Promise<void>((resolve) => {
    if (serviceWorker.controller !== null) resolve();
    serviceWorker.addEventListener("controllerchange", () => {
      resolve();
    });
    setTimeout(resolve, patienceMs);
  });
  try {
    await serviceWorker.register(new URL("service-worker.js", document.baseURI));
    await isControlled;
  } catch {
    // Private windows and unsafe origins.
  }
}
