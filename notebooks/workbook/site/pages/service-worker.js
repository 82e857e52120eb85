// JupyterLite's service worker, whose requests find first what the first page has put into the browser's cache.
const OURS = `workbook ${self.registration.scope} `; // as in first-visit.js
const network = self.fetch.bind(self);

self.fetch = async (request) => {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS)) {
      const kept = await (await caches.open(name)).match(request, { ignoreSearch: true, ignoreVary: true });
      if (kept) return kept;
    }
  }
  return network(request);
};

importScripts("service-worker-jupyterlite.js");
