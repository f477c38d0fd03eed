"""A plugin of pytest that writes the CPU time of each test, and of processes that it waits for.

``python -m pytest -p cpu_times --cpu-times times.json``, with this folder on the path.
"""

import json
import os
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--cpu-times", type=Path, help="JSON: seconds of CPU time by test")


def pytest_configure(config):
    if path := config.getoption("--cpu-times"):
        config.pluginmanager.register(Times(path))


class Times:
    def __init__(self, path):
        self.path, self.seconds = path, {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        start = sum(os.times()[:4])
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = sum(os.times()[:4]) - start

    def pytest_sessionfinish(self):
        self.path.write_text(json.dumps(self.seconds), encoding="utf-8")
