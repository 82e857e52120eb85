// The first page: fetches all that the workbook needs into the browser's cache, and goes on to JupyterLab.
// Later visits find it there, also offline. A newer site, which packs.json tells, takes the place of the older one.
import { unzip } from "./fflate.js";

const WORKBOOK = "lab/index.html?path=00_start_here.ipynb";
const here = new URL(".", location.href).href;
const OURS = `workbook ${here} `; // how our caches' names begin; another site of the same host has others
const COMPLETE = new URL("complete", here).href;
const TYPES = {
  html: "text/html", js: "text/javascript", mjs: "text/javascript", css: "text/css", json: "application/json",
  wasm: "application/wasm", svg: "image/svg+xml", png: "image/png", woff2: "font/woff2", woff: "font/woff",
};
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const state = document.getElementById("state");
const bar = document.getElementById("progress");

async function begin() {
  if (new URLSearchParams(location.search).has("afresh")) await forgetEverything();
  if (!("serviceWorker" in navigator) || !("caches" in globalThis)) {
    return go("This browser keeps nothing for the next visit: a private window, or an address without https.");
  }
  const listed = await newest();
  const known = await complete();
  if (listed && !known.includes(OURS + listed.version)) {
    await fetchAll(listed);
  } else if (!listed && !known.length) {
    throw new Error("the site could not be reached");
  }
  state.textContent = "The workbook opens.";
  await registered();
  go();
}

// What the site has now; undefined when it cannot be reached.
async function newest() {
  try {
    const answer = await fetch("packs.json", { cache: "no-store" });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

async function complete() {
  const found = [];
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && (await (await caches.open(name)).match(COMPLETE))) found.push(name);
  }
  return found;
}

async function fetchAll({ version, packs }) {
  const whole = packs.reduce((sum, pack) => sum + pack.size, 0);
  const cache = await caches.open(OURS + version);
  let before = 0;
  for (const pack of packs) {
    const line = document.getElementById("packs").appendChild(document.createElement("li"));
    state.textContent = `Fetching ${pack.name}; ${megabytes(whole)} MB in all, once.`;
    const progress = (done) => {
      bar.value = (before + done) / whole;
      line.textContent = `${pack.name}: ${megabytes(done)} of ${megabytes(pack.size)} MB`;
    };
    const isKept = new URL(`${pack.file}.kept`, here).href; // by a visit that was broken off
    if (!(await cache.match(isKept))) {
      await keep(cache, await fetched(pack, progress));
      await cache.put(isKept, new Response());
    }
    progress(pack.size);
    before += pack.size;
  }
  await cache.put(COMPLETE, new Response(version));
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== OURS + version) await caches.delete(name);
  }
}

async function fetched(pack, progress) {
  const answer = await fetch(pack.file);
  if (!answer.ok) throw new Error(`${pack.file} is not there (${answer.status})`);
  const parts = [];
  let done = 0;
  for (const reader = answer.body.getReader(); ; ) {
    const part = await reader.read();
    if (part.done) break;
    parts.push(part.value);
    progress((done += part.value.length));
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  if (crypto.subtle) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hex = Array.from(digest, (each) => each.toString(16).padStart(2, "0")).join("");
    if (hex !== pack.sha256) throw new Error(`${pack.file} is not as it was built`);
  }
  return bytes;
}

async function keep(cache, bytes) {
  const files = await new Promise((resolve, reject) => {
    unzip(bytes, (error, all) => (error ? reject(error) : resolve(all)));
  });
  for (const [path, content] of Object.entries(files)) {
    const type = TYPES[path.split(".").pop()] ?? "application/octet-stream";
    await cache.put(new URL(path, here).href, new Response(content, { headers: { "Content-Type": type } }));
  }
}

async function registered() {
  await navigator.serviceWorker.register("service-worker.js?enableCache=false");
  await navigator.serviceWorker.ready;
}

// "Begin afresh": notebooks, scratch copies, settings and the record of what was done.
async function forgetEverything() {
  for (const { name } of await indexedDB.databases()) {
    if (name === `JupyterLite Storage - ${new URL(here).pathname}`) { // another site of the same host has its own
      await new Promise((done) => {
        const request = indexedDB.deleteDatabase(name);
        request.onsuccess = request.onerror = request.onblocked = done;
      });
    }
  }
  history.replaceState(null, "", location.pathname);
}

function go(reason) {
  const link = document.getElementById("go");
  link.hidden = false;
  bar.hidden = true;
  if (reason) state.textContent = reason;
  else location.replace(WORKBOOK);
}

try {
  await begin();
} catch (error) {
  go(`Not all could be fetched: ${error.message}. Load this page again to go on.`);
}
