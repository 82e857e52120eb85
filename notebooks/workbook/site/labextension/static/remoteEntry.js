// An extension of JupyterLab, written as the built file that JupyterLab loads: no build step, no dependency but fflate.
// It adds a line at the top: what the kernel is doing, "Download my work", "Begin afresh".
(() => {
  const NAME = "workbook-in-tab";
  const FFLATE = new URL("fflate.js", document.currentScript.src).href;
  const AFRESH = "Begin afresh? All notebooks, scratch copies and what is noted as done are deleted in this browser.";
  let shared; // what JupyterLab shares: {package: {version: {get}}}

  async function packageOf(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  async function activate(app) {
    const { Widget } = await packageOf("@lumino/widgets");
    const state = element("span", { role: "status" });
    const bar = new Widget({ node: element("div", {}, [
      state,
      button("Download my work", () => download(app, state)),
      button("Begin afresh", () => beginAfresh(app)),
    ]) });
    bar.id = NAME;
    bar.node.style.cssText = "display:flex;gap:.6em;align-items:center;justify-content:flex-end;padding:0 .8em";
    app.shell.add(bar, "top", { rank: 1000 });
    listen(app, state);
    await offerWhatIsNew(bar.node).catch(() => {}); // offline
  }

  // Who opens this page by a bookmark passes the first page by, which fetches what is new and keeps it for offline use.
  async function offerWhatIsNew(bar) {
    const first = new URL("../", location.href).href;
    const { version } = await (await fetch(`${first}packs.json`, { cache: "no-store" })).json();
    if (!("caches" in globalThis) || (await caches.has(`workbook ${first} ${version}`))) return;
    bar.prepend(element("a", { href: `${first}index.html` }, ["Get the newest workbook, also for offline use"]));
  }

  function element(tag, attributes, children = []) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function button(text, click) {
    const made = element("button", { type: "button", class: "jp-mod-styled jp-mod-minimal" }, [text]);
    made.addEventListener("click", click);
    return made;
  }

  // To and from the kernels: see workbook/tab/browser.py. What a kernel has changed is shown at the left, and what the
  // learner saves there is told to the kernels.
  function listen(app, state) {
    const channel = new BroadcastChannel("workbook");
    const { contents, kernels } = app.serviceManager;
    const known = new Set();
    const ours = new Set(); // paths that are being written here
    let last = Promise.resolve();
    channel.onmessage = ({ data }) => {
      if (data.state) state.textContent = `${data.state} …`;
      if (data.ready) state.textContent = "Ready";
      if (data.show) {
        last = last.then(() => show(contents, data, ours)).catch((error) => console.error(error));
        last = last.then(() => channel.postMessage({ shown: data.number }));
      }
    };
    kernels.runningChanged.connect((_, models) => {
      for (const { id } of models) {
        if (!known.has(id)) state.textContent = "Python is starting …";
        known.add(id);
      }
    });
    contents.fileChanged.connect(async (_, { type, oldValue, newValue }) => {
      if (ours.has(oldValue?.path) || ours.has(newValue?.path)) return;
      if (oldValue?.path && type !== "save") channel.postMessage({ saved: oldValue.path, content: null });
      if (newValue?.path && newValue.type !== "directory") {
        const content = bytesOf(await contents.get(newValue.path, { content: true }));
        channel.postMessage({ saved: newValue.path, content });
      }
    });
  }

  async function show(contents, { show, anew }, ours) {
    const there = new Map(show);
    for (const folder of anew) {
      for (const path of await filesBelow(contents, folder)) if (!there.has(path)) there.set(path, null);
    }
    const folders = new Set();
    for (const [path, bytes] of there) {
      ours.add(path);
      if (bytes === null) await contents.delete(path).catch(() => {});
      else {
        await makeFolder(contents, path.slice(0, path.lastIndexOf("/")), folders, ours);
        await contents.save(path, model(path, bytes));
      }
      ours.delete(path);
    }
  }

  async function filesBelow(contents, folder) {
    const files = {};
    await collect(contents, folder, files).catch(() => {}); // there is no such folder yet
    return Object.keys(files);
  }

  async function makeFolder(contents, folder, folders, ours) {
    if (!folder || folders.has(folder)) return;
    const above = folder.slice(0, Math.max(folder.lastIndexOf("/"), 0));
    await makeFolder(contents, above, folders, ours);
    folders.add(folder);
    const there = await contents.get(folder, { content: false }).catch(() => undefined);
    if (there) return;
    ours.add(folder);
    const made = await contents.newUntitled({ path: above, type: "directory" });
    await contents.rename(made.path, folder);
    ours.delete(folder);
  }

  function model(path, bytes) {
    const common = { type: "file", path, name: path.split("/").pop(), mimetype: "text/plain", writable: true };
    try {
      const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
      if (!text.includes("\0")) return { ...common, format: "text", content: text };
    } catch {
      // not a text
    }
    let binary = "";
    for (let at = 0; at < bytes.length; at += 4096) binary += String.fromCharCode(...bytes.subarray(at, at + 4096));
    return { ...common, mimetype: "application/octet-stream", format: "base64", content: btoa(binary) };
  }

  async function download(app, state) {
    const { zipSync } = await import(FFLATE);
    await app.commands.execute("docmanager:save-all").catch(() => {});
    const files = {};
    await collect(app.serviceManager.contents, "", files);
    const link = element("a", { download: "my-work.zip", href: URL.createObjectURL(new Blob([zipSync(files)])) });
    link.click();
    URL.revokeObjectURL(link.href);
    state.textContent = `${Object.keys(files).length} files are in my-work.zip`;
  }

  async function collect(contents, folder, files) {
    for (const { path, type } of (await contents.get(folder, { content: true })).content) {
      if (type === "directory") await collect(contents, path, files);
      else files[path] = bytesOf(await contents.get(path, { content: true }));
    }
  }

  function bytesOf({ content, format }) {
    if (format === "base64") return Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
    return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content, null, 1));
  }

  async function beginAfresh(app) {
    if (!confirm(AFRESH)) return;
    await app.serviceManager.kernels.shutdownAll();
    location.href = new URL("../index.html?afresh", location.href).href;
  }

  const plugin = { id: `${NAME}:plugin`, autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB[NAME] = {
    init: async (scope) => { shared = scope; },
    get: async () => () => ({ __esModule: true, default: [plugin] }),
  };
})();
