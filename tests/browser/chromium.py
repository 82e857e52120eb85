"""The Chromium (or Chrome, or Edge) that is installed on this machine. None is ever downloaded."""
import os
import shutil
import sys
from pathlib import Path

VARIABLE = "CHROMIUM"  # the path of its program, if it is none of those below
PROGRAMS = [
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable",
]  # fmt: skip
NAMES = ("Chromium", "Google Chrome", "Microsoft Edge")
ON_MACOS = [f"Applications/{name}.app/Contents/MacOS/{name}" for name in NAMES]
ON_WINDOWS = [
    "Chromium/Application/chrome.exe", "Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe",
]  # fmt: skip
HOW = {
    "darwin": "brew install --cask google-chrome",
    "win32": "winget install Google.Chrome",
}
ONLY_THIS_MACHINE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


def find():
    """The path of the program as text, or None if there is none; ValueError if CHROMIUM names no file."""
    named = os.environ.get(VARIABLE)
    if named:
        if not (program := shutil.which(named)):
            raise ValueError(f"{VARIABLE} is {named}, and there is no such program. Correct it, or unset it.")
        return program
    return next((found for found in map(shutil.which, [*PROGRAMS, *usual_places()]) if found), None)


def usual_places():
    """Where the installers of macOS and Windows put it, which is not in PATH."""
    if sys.platform == "darwin":
        return [str(base / place) for base in (Path("/"), Path.home()) for place in ON_MACOS]
    if sys.platform == "win32":
        bases = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
        return [str(Path(base, place)) for base in bases if base for place in ON_WINDOWS]
    return []


def how_to_get_it():
    """One line for who has none."""
    how = HOW.get(sys.platform, "apt install chromium")
    return f"No Chromium, Chrome or Edge is installed: {how}, or set {VARIABLE} to the path of one."


def launch(playwright, program):
    """Start it without a window; returns Playwright's Browser. Nothing but this machine is found by it.

    The names and addresses of all others lead nowhere, for pages, workers, sockets and the browser itself alike.
    """
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=program,
        chromium_sandbox=not is_root,  # Chromium refuses to start as root with it; Playwright's default is without
        args=["--no-proxy-server", f"--host-resolver-rules={ONLY_THIS_MACHINE}"],
    )
