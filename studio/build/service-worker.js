/**
 * Keeps the page's files when it is installed, and the engine and the model when the page fetches them, so that the studio works
 * without a network after the first visit and fetches nothing twice.
 */
const version = "vaekit-studio-__VERSION__";
const files = __FILES__;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const removeOthers = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("vaekit-studio-") && name !== version);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(removeOthers());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(self.registration.scope)) return;
  if (request.headers.has("range")) return;
  event.respondWith(answer(event));
});

/** The page whatever its query, and every other file as it was kept; else from the network, and kept. */
async function answer(event) {
  const { request } = event;
  const cache = await caches.open(version);
  const kept = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreSearch: true });
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  // Where the browser has no room, the file comes from the network next time, too.
  if (response.status === 200) event.waitUntil(cache.put(request, response.clone()).catch(() => undefined));
  return response;
}
