// JupyterLite's service worker, and before it ours, which answers with what the first page has put into the cache.
const SITE = self.registration.scope;
const OURS = `workbook ${SITE} `; // as in first-visit.js
const COMPLETE = `${SITE}complete`;
const LISTED = new RegExp(`^${SITE}(files|api/contents)/`);
const HEARTBEAT = "/api/service-worker-heartbeat"; // JupyterLite asks its service worker whether it is there

self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method !== "GET" || !url.startsWith(SITE) || new URL(url).pathname === HEARTBEAT) return;
  event.stopImmediatePropagation();
  event.respondWith(answer(event.request));
});

async function answer(request) {
  // By its address: ignoreSearch would look at all that is kept, each time. A folder's page is index.html.
  const address = request.url.split(/[?#]/)[0].replace(/\/$/, "/index.html");
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS)) {
      const cache = await caches.open(name);
      const kept = await cache.match(address, { ignoreVary: true });
      if (kept) return kept;
      // JupyterLite asks for each new file whether the site has one of its name. All that the site has is kept.
      if (LISTED.test(address) && (await cache.match(COMPLETE))) return new Response("", { status: 404 });
    }
  }
  return fetch(request);
}

importScripts("service-worker-jupyterlite.js");
