#!/usr/bin/python3
"""Makes the pictures of the documentation: screenshots.py FOLDER."""
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from browser import Browser
from worklist_test import COMMAND, SAMPLES

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as scratch, Browser(width=1100, height=560) as browser:
    page = Path(scratch) / 'report.html'
    run = subprocess.run([COMMAND, 'scan', '--format', 'html', '--output', page, '--channel-names', 'agent,caller', 'samples'], cwd=SAMPLES.parent)
    if run.returncode not in (0, 1):
        sys.exit(run.returncode)
    browser.open(page)
    browser.screenshot(folder / 'report-list.png')
    browser.js('[...document.querySelectorAll(".rows a")].find((a) => a.innerText.includes("call-agent")).click()')
    time.sleep(0.5)
    browser.resize(1100, 900)
    time.sleep(0.5)
    browser.js('scrollTo(0, document.querySelector(".party[aria-current]").offsetTop - 70)')
    time.sleep(0.2)
    browser.screenshot(folder / 'report-call.png')
