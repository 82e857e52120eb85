"""Run by run.mjs in Pyodide: what JupyterLite's kernel worker does with each cell. The last value is JSON."""
import json
import time

import js
from pyodide_kernel import ipython_shell, kernel_instance, stderr_stream, stdout_stream

outputs = []


def stream(name, text):
    if outputs and outputs[-1]["output_type"] == "stream" and outputs[-1]["name"] == name:
        outputs[-1]["text"] += text
    else:
        outputs.append({"output_type": "stream", "name": name, "text": text})


def shown(kind):
    def add(data, metadata, *rest):
        outputs.append({"output_type": kind, "data": dict(data), "metadata": dict(metadata or {})})

    return add


def error(bundle):
    outputs.append({"output_type": "error"} | {name: bundle[name] for name in ("ename", "evalue", "traceback")})


async def run(cell):
    """How the kernel answers, the outputs, and the seconds."""
    outputs.clear()
    kernel_instance._parent_header = {"header": {}, "metadata": {"cellId": cell["id"]}}
    start = time.perf_counter()
    answer = await kernel_instance.run(cell["source"])
    if answer["status"] == "error":
        error(answer)
    elif posted := js.takeError():
        error(posted.to_py())
    return {"status": answer["status"], "outputs": list(outputs), "seconds": time.perf_counter() - start}


stdout_stream.publish_stream_callback = stderr_stream.publish_stream_callback = stream
ipython_shell.displayhook.publish_execution_result = lambda count, *shows: shown("execute_result")(*shows)
ipython_shell.display_pub.display_data_callback = shown("display_data")
json.dumps([await run(cell) for cell in json.loads(js.cells)], default=str)  # noqa: F704 (Pyodide awaits)
