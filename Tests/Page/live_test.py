"""The page of the calls under way of `bonafide serve`, in Chromium, with calls by AudioSocket."""
import re
import socket
import struct
import subprocess
import threading
import time
import unittest

from browser import Browser, axe
from worklist_test import COMMAND, SAMPLES


def decoded(recording):
    """Samples of 16 bits of a recording in µ-law, 8 kHz, of one channel."""
    content = (SAMPLES / recording).read_bytes()
    start = content.index(b'data') + 8
    table = []
    for code in range(256):
        code = ~code & 0xFF
        value = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
        table.append(-value if code & 0x80 else value)
    return [table[byte] for byte in content[start:]]


class Call:
    """A call by AudioSocket, four times as fast as people talk, so that it is soon over what an alarm takes."""

    def __init__(self, port, number, samples):
        self.name = f'audiosocket-{number:08x}-0000-0000-0000-000000000000'
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.socket.sendall(b'\x01\x00\x10' + bytes.fromhex(f'{number:08x}') + bytes(12))
        self.samples = samples
        self.thread = threading.Thread(target=self.send)
        self.thread.start()

    def send(self):
        for start in range(0, len(self.samples), 800):
            piece = self.samples[start:start + 800]
            self.socket.sendall(struct.pack('>BH', 0x10, 2 * len(piece)) + struct.pack(f'<{len(piece)}h', *piece))
            time.sleep(0.025)

    def end(self):
        self.thread.join()
        self.socket.sendall(b'\x00\x00\x00')
        self.socket.close()


class LiveTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = subprocess.Popen(
            [COMMAND, 'serve', '--fast', '--no-auth', '--http', '0', '--audiosocket', '0', '--false-alarms-per-call', '50%', '--alarm-after', '1',
             '--idle-timeout', '600'], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.host.wait)
        cls.addClassCleanup(cls.host.kill)
        lines = [cls.host.stderr.readline() for _ in range(2)]
        cls.http, cls.audio = (int(re.search(r':(\d+)$', line.strip())[1]) for line in lines)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.driver.quit)

    def js(self, script, *arguments):
        return self.browser.js(script, *arguments)

    def rows(self):
        return self.js('return [...document.querySelectorAll("#rows tr")].map((row) => row.innerText.replace(/\\s+/g, " ").trim())')

    def wait(self, holds, what):
        for _ in range(600):
            if holds():
                return
            time.sleep(0.1)
        self.fail(f'{what}: {self.rows()}')

    def test_calls_are_shown_the_worst_first(self):
        self.browser.driver.get(f'http://127.0.0.1:{self.http}/')
        self.wait(lambda: self.js('return document.getElementById("state").textContent') == '0 calls, 0 parties', 'no calls')
        genuine = decoded('genuine-en.ulaw.wav')[:8000 * 20]
        synthetic = decoded('synthetic-hts.ulaw.wav')
        calls = [Call(self.audio, 1, genuine), Call(self.audio, 2, synthetic)]
        self.wait(lambda: len(self.rows()) == 2, 'two calls')
        # The genuine one came first, and goes below; the alarm is a word, not a colour alone.
        self.wait(lambda: 'ALARM: synthetic' in self.rows()[0], 'an alarm')
        for call in calls:
            call.thread.join()
        worst, other = self.rows()
        self.assertIn(calls[1].name, worst)
        self.assertIn(calls[0].name, other)
        self.assertNotIn('ALARM', other)
        self.assertLess(float(re.search(r' s ([−-]\d+\.\d) ', worst)[1].replace('−', '-')), 0)
        self.assertEqual(self.js('return document.getElementById("state").textContent'), '2 calls, 2 parties')
        # A point for each update so far.
        points = self.js('return document.querySelector("#rows tr polyline").getAttribute("points").split(" ").length')
        self.assertGreaterEqual(points, 3)
        weights = self.js('return [...document.querySelectorAll("#rows tr")].map((row) => Number(getComputedStyle(row.lastElementChild).fontWeight))')
        self.assertGreater(weights[0], weights[1])
        self.fits()
        self.all_can_use_it()
        # A page that is opened now has the same.
        self.browser.driver.refresh()
        self.wait(lambda: len(self.rows()) == 2 and 'ALARM: synthetic' in self.rows()[0], 'the same')
        calls[1].end()
        self.wait(lambda: len(self.rows()) == 1 and calls[0].name in self.rows()[0], 'an end')
        calls[0].end()
        self.wait(lambda: self.js('return document.getElementById("state").textContent') == '0 calls, 0 parties', 'no calls')
        self.assertEqual(self.browser.console(), [])
        hosts = {re.match(r'https?://([^/]+)/', address)[1] for address in self.browser.requests() if address.startswith('http')}
        self.assertEqual(hosts, {f'127.0.0.1:{self.http}'})

    def fits(self):
        """Nothing is beyond the edge, nor over anything else, at any width."""
        for width in (1280, 700, 400, 320):
            self.browser.resize(width, 900)
            self.assertEqual(self.js('return document.documentElement.scrollWidth'), width)
            ends = self.js('return [...document.querySelectorAll("#rows td, #rows svg")].map((part) => part.getBoundingClientRect().right)')
            self.assertLessEqual(max(ends), width)
        self.browser.resize(1280, 900)

    def all_can_use_it(self):
        script = axe()
        if script is None:
            print('live_test: who can use the page is not checked: pip install axe-core-python')
            return
        for width in (1280, 400):
            for dark in (False, True):
                self.browser.resize(width, 900)
                self.browser.set_dark(dark)
                self.js(script)
                found = self.browser.driver.execute_async_script('''
                  const done = arguments[arguments.length - 1];
                  axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
                    .then(({ violations }) => done(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`)));''')
                self.assertEqual(found, [], f'{width} {"dark" if dark else "light"}')
        self.browser.resize(1280, 900)
        self.browser.set_dark(False)


if __name__ == '__main__':
    unittest.main()
