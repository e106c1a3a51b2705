/**
 * Keeps the page's files when it is installed, and the engine and the model when the page says which it has used, so that the studio
 * works without a network after the first visit and fetches nothing twice. What a new version of the page has unchanged stays.
 */
const page = "vaekit-studio-page-__PAGE__";
const model = "vaekit-studio-model-__MODEL__";
/** Files whose names change with their content, of every version. */
const assets = "vaekit-studio-assets";
const files = __FILES__;
/** All assets of this version. */
const assetNames = new Set(__ASSETS__);
/** The engine's files that each of its workers fetches. */
const engines = __ENGINES__;

const { scope } = self.registration;
const urlOf = (name) => new URL(name, scope).href;
const nameOf = (url) => url.slice(scope.length).replace(/[?#].*$/s, "");

function cacheOf(name) {
  if (name.startsWith("assets/")) return caches.open(assets);
  return caches.open(name.startsWith("model/") ? model : page);
}

self.addEventListener("install", (event) => {
  event.waitUntil(Promise.all(files.map(keep)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const removeOthers = async () => {
    const names = await caches.keys();
    const old = names.filter(
      (name) => name.startsWith("vaekit-studio-") && ![page, model, assets].includes(name),
    );
    await Promise.all(old.map((name) => caches.delete(name)));
    const cache = await caches.open(assets);
    const kept = await cache.keys();
    const unused = kept.filter(({ url }) => !assetNames.has(nameOf(url)));
    await Promise.all(unused.map((request) => cache.delete(request)));
    await self.clients.claim();
  };
  event.waitUntil(removeOthers());
});

/** The page has what it needs, by these addresses; answered when all of it is kept. */
self.addEventListener("message", (event) => {
  const names = event.data.loaded.filter((url) => url.startsWith(scope)).map(nameOf);
  const all = new Set([...names, ...names.flatMap((name) => engines[name] ?? [])]);
  const isKept = Promise.all([...all].map(keep)).then(
    () => true,
    () => false,
  );
  event.waitUntil(isKept.then((kept) => event.ports[0].postMessage(kept)));
});

/** From the browser's own cache, where the page has just put it. */
async function keep(name) {
  const url = urlOf(name);
  const cache = await cacheOf(name);
  if ((await cache.match(url)) !== undefined) return;
  const isImmutable = name.startsWith("assets/");
  const response = await fetch(url, {
    cache: isImmutable || name.startsWith("model/") ? "force-cache" : "default",
  });
  if (response.status !== 200) throw new Error(`${name}: ${response.status}`);
  await cache.put(url, response);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope)) return;
  if (request.headers.has("range")) return;
  event.respondWith(answer(event));
});

/** The page whatever its query, and every other file as it was kept; else from the network, and kept. */
async function answer(event) {
  const { request } = event;
  const name = request.mode === "navigate" ? "" : nameOf(request.url);
  const cache = await cacheOf(name);
  const kept = await cache.match(urlOf(name));
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  // Where the browser has no room, the file comes from the network next time, too.
  if (response.status === 200)
    event.waitUntil(cache.put(urlOf(name), response.clone()).catch(() => undefined));
  return response;
}
