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

  // To and from the kernels: see workbook/tab/browser.py.
  function listen(app, state) {
    const channel = new BroadcastChannel("workbook");
    const known = new Set();
    channel.onmessage = ({ data }) => {
      if (data.state) state.textContent = `${data.state} …`;
      if (data.ready) state.textContent = "Ready";
    };
    app.serviceManager.kernels.runningChanged.connect((_, models) => {
      for (const { id } of models) {
        if (!known.has(id)) state.textContent = "Python is starting …";
        known.add(id);
      }
    });
    app.serviceManager.contents.fileChanged.connect((_, { oldValue, newValue }) => {
      for (const file of [oldValue, newValue]) {
        if (file?.path) channel.postMessage({ saved: file.path });
      }
    });
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
