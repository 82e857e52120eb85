// Run a notebook's cells in the kernel of a tab, in Node: node run.mjs PYODIDE PGLITE DRIVE CELLS OUTPUTS
// PYODIDE and PGLITE are folders, DRIVE is the one that the page would show; CELLS is a JSON file, a list of
// {id, source}; OUTPUTS will be one of how each was answered.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, pglite, drive, cells, outputs] = process.argv.slice(2).map((each) => path.resolve(each));
const { loadPyodide } = await import(pathToFileURL(path.join(pyodide, "pyodide.mjs")));

// What the page gives in a browser: see notebooks/workbook/tab/browser.py.
globalThis.workbookPGlite = {
  module: await import(pathToFileURL(path.join(pglite, "index.js"))),
  cluster: new Blob([fs.readFileSync(path.join(pglite, "cluster.tar.gz"))]),
};
const page = new BroadcastChannel("workbook");
page.onmessage = ({ data }) => data.show && page.postMessage({ shown: data.number });
globalThis.postMessage = (message) => errors.push(message._kernelMessage.bundle);
const errors = [];

const lock = path.join(pyodide, "pyodide-lock.json");
const packages = Object.keys(JSON.parse(fs.readFileSync(lock, "utf8")).packages);
const python = await loadPyodide({
  indexURL: pyodide,
  lockFileURL: lock,
  packages,
  stdout: () => {},
  stderr: (line) => console.error(line),
});
python.FS.mkdirTree("/drive");
python.FS.mount(python.FS.filesystems.NODEFS, { root: drive }, "/drive");
python.FS.chdir("/drive");
globalThis.takeError = () => errors.pop();
globalThis.cells = fs.readFileSync(cells, "utf8");
const here = path.dirname(new URL(import.meta.url).pathname);
const result = await python.runPythonAsync(fs.readFileSync(path.join(here, "in_node.py"), "utf8"));
fs.writeFileSync(outputs, result);
process.exit(0);
