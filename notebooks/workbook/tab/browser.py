"""What the kernel of a tab asks of the browser around it: JavaScript, and nothing else here does.

Tests that run the kernel in Node give what a page would give: see tests/tab/run.mjs.
"""
import asyncio
import re
import uuid
from contextlib import suppress

import js
from pyodide.code import run_js
from pyodide.ffi import create_proxy, to_js

PATIENCE = 20  # seconds
CHANNEL = "workbook"  # to and from the page: see site/labextension
TAKE = """async (name) => {
    if (!globalThis.navigator?.locks) return true;
    const take = () => new Promise((answer) => navigator.locks.request(
        `workbook ${name}`, { ifAvailable: true },
        (lock) => { answer(lock !== null); return lock && new Promise(() => {}); }));
    for (let turn = 0; turn < 10; turn++) {  // the kernel that this one takes the place of has it for a moment
        if (await take()) return true;
        await new Promise((go) => setTimeout(go, 50));
    }
    return false;
}"""
# Where there is no page, workbookPGlite has the module and the file: see tests/tab/run.mjs.
POSTGRESQL = """async (place) => {
    const { module, cluster } = globalThis.workbookPGlite ?? {
        module: await import(`${place}/index.js`), cluster: await (await fetch(`${place}/cluster.tar.gz`)).blob() };
    return module.PGlite.create({ loadDataDir: cluster });
}"""

channel = js.BroadcastChannel.new(CHANNEL)
saved = {}  # {path: its bytes, or None}
written = {}  # {number of what the page was asked to show: a future that ends when that is written}


def heard(event):
    future = written.get(getattr(event.data, "shown", None))
    if future and not future.done():
        future.set_result(None)
    if path := getattr(event.data, "saved", None):
        content = event.data.content  # bytes, or JavaScript's null
        saved[path] = content.to_bytes() if hasattr(content, "to_bytes") else None


channel.onmessage = create_proxy(heard)


def saved_files():
    """{path: bytes, or None where it was deleted} of the files that were saved at the left since the last call."""
    found = dict(saved)
    saved.clear()
    return found


async def show(files, anew):
    """Let the page write {path: bytes, or None to delete it}; of the folders `anew` nothing else stays.

    Comes back when it is written, or after PATIENCE where no page is left to do it.
    """
    number = str(uuid.uuid4())
    written[number] = asyncio.get_running_loop().create_future()
    message = {"show": [[path, content] for path, content in files.items()], "anew": anew, "number": number}
    channel.postMessage(object_of(message))
    with suppress(TimeoutError):
        await asyncio.wait_for(written[number], PATIENCE)
    del written[number]


def tell(state):
    """Tell the page what the kernel is doing; "" when it is ready."""
    channel.postMessage(object_of({"state": state} if state else {"ready": True}))


async def postgresql():
    """Start PostgreSQL on a new cluster; returns execute(bytes) -> bytes of its protocol."""
    place = js.location.href.partition("/extensions/")[0] + "/static/pglite" if hasattr(js, "location") else None
    database = await run_js(POSTGRESQL)(place)
    return lambda data: database.execProtocolRawSync(to_js(data)).to_bytes()


async def take(name):
    """Have `name` for this kernel, until it ends; False if another kernel of this browser has it."""
    return await run_js(TAKE)(name)


def put_out_error(header, answer):
    """Add the error to the outputs of the cell, as the kernel does it for a cell that fails."""
    name = re.sub(r"^<class '(?:.*\.)?(\w+)'>$", r"\1", answer["ename"])
    bundle = {"ename": name, "evalue": answer["evalue"], "traceback": list(answer["traceback"])}
    message = {"type": "execute_error", "parentHeader": header, "bundle": bundle}
    js.postMessage(object_of({"_kernelMessage": message}))


def object_of(value):
    return to_js(value, dict_converter=js.Object.fromEntries)
