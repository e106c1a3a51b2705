/** Keeps the page, the engine and the model for visits without a network. */

/**
 * To be called when all of them are here: then they come from the browser's memory and not a second time from the server. Where the
 * browser forbids it, the studio works with a network only.
 */
export async function keepForOffline(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
  } catch {
    // Private windows and unsafe origins.
  }
}
