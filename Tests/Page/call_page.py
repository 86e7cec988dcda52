"""What tests of a call in a report's page share."""
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from browser import Browser
from worklist_test import SAMPLES, scan

CALL = 'call-agent-caller.ulaw.wav'


class CallPage(unittest.TestCase):
    """Tests of the caller's view, each in a page that has just been opened; a page without audio is `linked`."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        for sample in (CALL, 'genuine-en.ulaw.wav', 'synthetic-hts.ulaw.wav'):
            shutil.copy(SAMPLES / sample, cls.folder)
        options = ('--channel-names', 'agent,caller', '--clear-at', '0.7', *sorted(cls.folder.glob('*.wav')))
        cls.page = scan(cls.folder / 'report.html', *options)
        cls.linked = scan(cls.folder / 'linked.html', '--embed-audio', 'none', *options)
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        self.open(self.page)

    def open(self, page):
        """The call of the caller, in a page without memory."""
        self.browser.resize(1280, 900)
        self.browser.set_dark(False)
        self.browser.driver.get('about:blank')
        self.browser.console(), self.browser.requests()
        self.browser.open(page)
        self.browser.js('localStorage.clear()')
        self.browser.driver.get('about:blank')
        self.browser.open(page)
        self.js('[...document.querySelectorAll(".rows a")].find((a) => a.closest(".row").innerText.includes("caller") && a.innerText.includes("call-agent")).click()')
        self.until('!document.querySelector(".view").hidden')

    def tearDown(self):
        self.assertEqual(self.browser.console(), [])
        self.assertEqual([url for url in self.browser.requests() if not url.startswith(('file:', 'data:', 'about:', 'blob:'))], [])

    def js(self, script):
        return self.browser.js(script)

    def until(self, condition, seconds=5):
        end = time.monotonic() + seconds
        while not self.js(f'return {condition}'):
            self.assertLess(time.monotonic(), end, condition)
            time.sleep(0.05)

    def press(self, keys):
        self.browser.driver.find_element('css selector', 'body').send_keys(keys)

    @property
    def position(self):
        return float(self.js('return document.querySelector(".player input").value'))
