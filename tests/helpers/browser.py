"""A headless Chromium for tests, driven by the DevTools protocol over a pipe, with nothing else.

Chromium reads commands from its file descriptor 3 and writes replies and events to 4: JSON values
that end with a zero byte.
"""

import base64
import json
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here")

#: Shell and Chromium see the pipes as 0 and 1; the protocol wants them as 3 and 4.
START = 'exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null'
OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",  # for root in a container; the page is this package's own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--hide-scrollbars",
)
#: Seconds after which an answer that doesn't come is an error.
PATIENCE = 60.0

KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": (" ", 32, " "),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
}


class Browser:
    """A Chromium process and its one connection."""

    def __init__(self, process):
        self.process = process
        self.number = 0
        self.events = []
        self.unread = b""

    def call(self, method, session=None, **params):
        """Send a command and return its result; events that arrive meanwhile are kept."""
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        self.process.stdin.write(json.dumps(command).encode() + b"\0")
        self.process.stdin.flush()
        while (message := self.message()).get("id") != self.number:
            self.events.append(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def message(self):
        """Return the next message."""
        while b"\0" not in self.unread:
            piece = self.process.stdout.read1(2**16)
            if not piece:
                raise RuntimeError("Chromium has gone")
            self.unread += piece
        whole, _, self.unread = self.unread.partition(b"\0")
        return json.loads(whole)

    def page(self, address, **settings):
        """Open a page in a tab of its own."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, target, attached["sessionId"]).open(address, **settings)


class Page:
    """A tab."""

    def __init__(self, browser, target, session):
        self.browser, self.target, self.session = browser, target, session

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def open(self, address, *, width=1280, height=900, dark=False, still=True, scripts=True):
        """Load an address as a screen of that size shows it; `still` asks for reduced motion."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=width < 600)
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if still else "no-preference",
        }
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=address)
        self.wait_for_event("Page.loadEventFired")
        return self

    def wait_for_event(self, method):
        deadline = time.monotonic() + PATIENCE
        while not self.of(method):
            assert time.monotonic() < deadline, f"{method} doesn't come"
            self.browser.events.append(self.browser.message())

    def of(self, *methods):
        """Return the parameters of the events so far with these names."""
        return [
            event["params"]
            for event in self.browser.events
            if event.get("sessionId") == self.session and event["method"] in methods
        ]

    def js(self, code):
        """Evaluate an expression, awaited if it is a promise, and return its value."""
        done = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def settle(self):
        """Wait until what was changed is shown."""
        self.js("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")

    def text(self, selector):
        """Return what a reader sees of an element, on one line."""
        return " ".join(
            self.js(f"document.querySelector({json.dumps(selector)}).innerText").split()
        )

    def middle(self, selector, across=0.5):
        """Return a point in an element, after scrolling there."""
        code = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = element.getBoundingClientRect();
            return [box.left + {across} * box.width, box.top + box.height / 2];
        }})()"""
        return self.js(code)

    def click(self, selector):
        """Press and release the mouse on an element."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y)
        self.settle()

    def mouse(self, kind, x, y, buttons=1):
        self.call(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            buttons=buttons,
            clickCount=1,
        )

    def drag(self, selector, start, end, moves=8):
        """Drag across an element with the mouse, from one part of its width to another."""
        x, y = self.middle(selector, start)
        to, _ = self.middle(selector, end)
        self.mouse("mousePressed", x, y)
        for k in range(1, moves + 1):
            self.mouse("mouseMoved", x + k / moves * (to - x), y)
        self.mouse("mouseReleased", to, y)
        self.settle()

    def swipe(self, selector, start, end, moves=8):
        """Drag across an element with a finger."""
        x, y = self.middle(selector, start)
        to, _ = self.middle(selector, end)
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        for k in range(1, moves + 1):
            point = {"x": x + k / moves * (to - x), "y": y}
            self.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=[point])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def press(self, key, times=1, shift=False):
        """Press a key."""
        name, code, text = KEYS[key]
        event = {"key": name, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        for _ in range(times):
            self.call("Input.dispatchKeyEvent", type="keyDown", **event, text=text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)
        self.settle()

    def choose(self, selector, value):
        """Choose an option of a list, or move a slider to a value."""
        self.js(f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.value = {json.dumps(value)};
            for (const kind of ["input", "change"]) element.dispatchEvent(new Event(kind));
        }})()""")
        self.settle()

    def screenshot(self, path, whole=True):
        """Write what is seen to a PNG file."""
        done = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(done["data"]))

    def complaints(self):
        """Return what the page wrote to the console, and what went wrong in it."""
        return self.of("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")

    def requests(self):
        """Return the addresses that the page asked for."""
        return [event["request"]["url"] for event in self.of("Network.requestWillBeSent")]

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)


@contextmanager
def chromium(profile):
    """Run Chromium with a profile in that directory."""
    # the protocol's pipes, and whole arguments: nothing is parsed by the shell
    arguments = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(
        ["sh", "-c", START, "sh", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    browser = Browser(process)
    try:
        yield browser
        browser.call("Browser.close")
    finally:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
        process.stdout.close()
