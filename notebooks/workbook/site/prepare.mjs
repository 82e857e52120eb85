// Do once, when the site is built, what else every kernel would do when it starts: node prepare.mjs PARTS
// PARTS/pyodide gets a wheel with the bytecode of the modules that are always imported, and PARTS/pglite a file with a
// database cluster as initdb makes it. Both start the kernel twice as fast.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

process.on("uncaughtException", (error) => {
  console.error(`prepare.mjs: ${error.message.trim().split("\n").pop()}`); // of a traceback in Python, what it is about
  process.exit(1);
});

const parts = path.resolve(process.argv[2]);
const pyodide = path.join(parts, "pyodide");
const lock = path.join(pyodide, "pyodide-lock.json");

const { loadPyodide } = await import(pathToFileURL(path.join(pyodide, "pyodide.mjs")));
const packages = Object.keys(JSON.parse(fs.readFileSync(lock, "utf8")).packages);
const python = await loadPyodide({ indexURL: pyodide, lockFileURL: lock, packages, stdout: () => {} });
const script = fs.readFileSync(new URL("prepare.py", import.meta.url), "utf8");
fs.writeFileSync(path.join(parts, "bytecode.zip"), (await python.runPythonAsync(script)).toJs());

const { PGlite } = await import(pathToFileURL(path.join(parts, "pglite", "index.js")));
const cluster = await (await PGlite.create()).dumpDataDir("gzip");
fs.writeFileSync(path.join(parts, "pglite", "cluster.tar.gz"), new Uint8Array(await cluster.arrayBuffer()));
process.exit(0);
