"""The list of a report's page, in Chromium: python3 -m unittest discover -s Tests/Page -p '*_test.py'."""
import json
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from browser import Browser

PACKAGE = Path(__file__).resolve().parents[2]
COMMAND = PACKAGE / '.build/release/bonafide'
SAMPLES = PACKAGE / 'samples'


def scan(report, *arguments, form='html', status=(0, 1)):
    """Writes a page, or another form of report, without the second stage, which the page does not depend on."""
    run = subprocess.run([COMMAND, 'scan', '--fast', '--format', form, '--output', report, *arguments], capture_output=True, text=True)
    if run.returncode not in status:
        raise AssertionError(f'{run.returncode}: {run.stderr}')
    return Path(report)


def rows(browser):
    """Texts of the rows on the screen."""
    return browser.js('return [...document.querySelectorAll(".rows .row")].map((row) => row.innerText.replace(/\\s+/g, " "))')


def verdicts(browser):
    return browser.js('return [...document.querySelectorAll(".rows .badge")].map((badge) => badge.classList[1])')


def coarse(line):
    """Drawings as a scan of so many recordings has them: 80 columns at most (PageScan.trace), and not those of a scan of a few."""
    traces = json.loads(line)['traces']
    for trace in traces:
        if trace is None:
            continue
        scale = max(1, len(trace['speech']) / 80)
        for key, size in (('lowest', 160), ('highest', 160), ('speech', 80), ('peaks', 80), ('spectra', 80 * 16)):
            trace[key] = (trace[key] or trace['lowest'])[:size]
        trace['bands'] = 16
        for key in ('hop_s', 'peak_hop_s', 'spectrum_hop_s'):
            trace[key] *= scale
    return json.dumps({'traces': traces}, separators=(',', ':'))


def multiplied(page, target, recordings):
    """The page without audio, with its recordings again and again under names of their own."""
    head, data = page.read_text().split('id="data">\n')
    lines = data.split('\n')
    last = next(index for index, line in enumerate(lines) if line.startswith('{"end"'))
    groups = []
    for line in lines[1:last]:
        if line.startswith('{"path"'):
            groups.append([line])
        elif line.startswith('{"traces"'):
            groups[-1].append(coarse(line))
    groups = [group for group in groups if json.loads(group[0])['error'] is None]
    with target.open('w') as file:
        file.write(f'{head}id="data">\n{lines[0]}\n')
        for number in range(recordings):
            for line in groups[number % len(groups)]:
                file.write(line.replace('{"path":"', f'{{"path":"{number:05}-', 1) + '\n')
        file.write('\n'.join(lines[last:]))


class WorklistTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        calls = cls.folder / 'calls'
        calls.mkdir()
        for sample in SAMPLES.iterdir():
            if sample.suffix in ('.wav', '.flac'):
                shutil.copy(sample, calls)
        (calls / 'no audio.wav').write_text('hello')
        (calls / 'cut.wav').write_bytes((SAMPLES / 'call-agent-caller.ulaw.wav').read_bytes()[:60000])
        cls.page = scan(cls.folder / 'report.html', '--channel-names', 'agent,caller', '--clear-at', '0.7', calls)
        cls.browser = cls.enterClassContext(Browser())

    def setUp(self):
        self.browser.resize(1280, 900)
        self.browser.driver.get('about:blank')
        self.browser.console(), self.browser.requests()
        self.browser.open(self.page)

    def tearDown(self):
        self.assertEqual(self.browser.console(), [])
        self.assertEqual({url for url in self.browser.requests() if not url.startswith(('data:', 'about:'))} - {self.page.as_uri(), (self.folder / 'many.html').as_uri()}, set())

    def test_the_most_suspicious_are_first(self):
        order = {'synthetic': 0, 'inconclusive': 1, 'bonafide': 2}
        ranks = [order[verdict] for verdict in verdicts(self.browser)]
        self.assertEqual(ranks, sorted(ranks))
        self.assertEqual(set(ranks), {0, 1, 2})
        self.assertRegex(rows(self.browser)[0], r'^▲ Synthetic moderate(ly strong)? −[45]\.\d caller call-agent-caller\.ulaw\.wav')

    def test_counts_are_filters(self):
        counts = self.browser.js('return [...document.querySelectorAll(".counts button")].map((button) => button.innerText.replace(/\\s+/g, " "))')
        shown = verdicts(self.browser)
        self.assertEqual(counts[0], f'{len(shown)} All parties')
        self.browser.js('document.querySelector(".counts .synthetic").click()')
        self.assertEqual(len(verdicts(self.browser)), shown.count('synthetic'))
        self.assertRegex(counts[1], rf'^{shown.count("synthetic")} Synthetic \d+ %')

    def test_search_and_sort(self):
        search = self.browser.driver.find_element('css selector', 'input[type=search]')
        search.send_keys('GENUINE wav')
        self.assertEqual(len(rows(self.browser)), 4)
        self.browser.js('document.querySelector(".heads .file button").click()')
        names = [row.split('genuine-')[1][:2] for row in rows(self.browser)]
        self.assertEqual(names, ['en', 'es', 'fr', 'it'])
        self.browser.js('document.querySelector(".heads .file button").click()')
        self.assertEqual([row.split('genuine-')[1][:2] for row in rows(self.browser)], names[::-1])
        self.assertEqual(self.browser.js('return document.querySelector(".heads .file").getAttribute("aria-sort")'), 'descending')
        search.send_keys(' nothing has this name')
        self.assertEqual(self.browser.js('return document.querySelector(".status").textContent'), 'No party fits.')

    def test_what_was_not_heard_is_listed(self):
        text = self.browser.js('return document.querySelector(".problems").innerText')
        self.assertIn('1 recording could not be screened; 1 recording was not heard in full', text)
        self.assertRegex(text, r'no audio\.wav not screened: the content is text, not audio')
        self.assertRegex(text, r'cut\.wav 0:\d\d not heard')

    def test_keys_go_through_the_list_and_open_a_call(self):
        body = self.browser.driver.find_element('css selector', 'body')
        body.send_keys('jj')
        self.assertEqual(self.browser.js('return document.querySelector(".row[aria-current]").getAttribute("aria-rowindex")'), '3')
        self.browser.driver.switch_to.active_element.send_keys('\ue007')
        self.assertIn('synthetic', self.browser.js('return document.querySelector(".view h2").innerText'))
        self.browser.driver.find_element('css selector', 'body').send_keys('\ue00c')
        self.assertEqual(self.browser.js('return document.querySelector(".row[aria-current]").getAttribute("aria-rowindex")'), '3')

    def test_nothing_is_beside_the_screen(self):
        for width in (1280, 820, 400, 320):
            self.browser.resize(width, 800)
            self.assertEqual(self.browser.js('return document.documentElement.scrollWidth'), width)

    def test_ten_thousand_parties_open_soon_and_stay_fluid(self):
        page = self.folder / 'many.html'
        multiplied(self.page, page, 9000)
        self.assertLess(page.stat().st_size, 30e6)
        # By the processor's time, since this machine may have other things to do.
        start = self.browser.processor_time()
        self.browser.open(page)
        parties = int(self.browser.js('return document.querySelector(".counts b").textContent').replace(',', ''))
        spent = self.browser.processor_time() - start
        self.assertGreater(spent, 0)
        self.assertLess(spent, 3)
        self.assertGreaterEqual(parties, 10_000)
        self.assertLess(self.browser.js('return document.querySelectorAll(".rows .row").length'), 60)
        steps = self.browser.js('''
          const times = [];
          for (let y = 0; y < 400000; y += 9973) {
            scrollTo(0, y);
            const start = performance.now();
            dispatchEvent(new Event('resize'));
            document.body.getBoundingClientRect();
            times.push(performance.now() - start);
          }
          return Math.max(...times);''')
        self.assertLess(steps, 100)
        self.browser.requests()


class HostileNamesTest(unittest.TestCase):
    def test_names_are_shown_and_harmless(self):
        names = ['<script>document.title="hit"<!-- .wav', '"quote\' &amp;.wav', 'a\u202egnp.wav', 'line\nbreak.wav', b'bytes\xff.wav',
                 '<img src=x onerror=document.title="hit">.wav', '</script>.wav'.replace('/', '\u2215')]
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            calls = Path(folder) / 'calls'
            # A path that ends the script element that the data are in.
            (calls / '<').mkdir(parents=True)
            shutil.copy(SAMPLES / 'genuine-en.ulaw.wav', calls / '<' / 'script><script>document.title="hit"')
            for name in names:
                target = bytes(calls) + b'/' + (name if isinstance(name, bytes) else name.encode())
                shutil.copy(SAMPLES / 'genuine-en.ulaw.wav', target)
            page = scan(Path(folder) / 'report.html', '--channel-names', '<b>agent</b>', calls, status=(0, 2))
            browser.open(page)
            text = browser.js('return document.querySelector("main").textContent')
            for shown in ('<script>document.title="hit"<!-- .wav', '"quote\' &amp;.wav', 'a\\u{202e}gnp.wav', 'line\\u{a}break.wav',
                          'bytes\ufffd.wav', '<img src=x onerror=document.title="hit">.wav', 'script><script>document.title="hit"', '<b>agent</b>'):
                self.assertIn(shown, text)
            self.assertEqual(browser.driver.title, 'Screening report')
            self.assertEqual(browser.js('return document.querySelectorAll("main img, main script, main b b").length'), 0)
            self.assertEqual(browser.console(), [])


class PolicyTest(unittest.TestCase):
    def test_no_other_script_runs_and_nothing_is_fetched(self):
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            page = scan(Path(folder) / 'report.html', SAMPLES / 'genuine-en.ulaw.wav')
            # Even where something had got in.
            page.write_text(page.read_text().replace('</main>', '<img src="http://127.0.0.1:9/x.png"><script>document.title = "hit"</script></main>'))
            browser.open(page)
            browser.js('fetch("http://127.0.0.1:9/").catch(() => {})')
            self.assertEqual(browser.driver.title, 'Screening report')
            refused = ' '.join(browser.console())
            self.assertGreaterEqual(refused.count('Content Security Policy'), 3)
            self.assertNotIn('ERR_CONNECTION', refused)


class InterruptedScanTest(unittest.TestCase):
    def test_an_interrupted_scan_leaves_a_page_of_what_was_done(self):
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            page = Path(folder) / 'report.html'
            fifo = Path(folder) / 'fifo.wav'
            subprocess.run(['mkfifo', fifo], check=True)
            # Where the tests run in the background, the signal is ignored, and the command leaves it so.
            run = subprocess.Popen([COMMAND, 'scan', '--fast', '--jobs', '1', '--format', 'html', '--output', page, SAMPLES / 'genuine-en.ulaw.wav', fifo],
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # noqa: PLW1509
            end = time.monotonic() + 20
            # Until the first recording is written; the second waits for somebody to write.
            while not any('"traces"' in part.read_text().split('id="data">')[-1] for part in Path(folder).glob('*.part')):
                self.assertIsNone(run.poll())
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
            run.send_signal(signal.SIGINT)
            self.assertEqual(run.wait(20), -signal.SIGINT)
            self.assertEqual(sorted(path.name for path in Path(folder).iterdir()), ['fifo.wav', 'report.html'])
            browser.open(page)
            self.assertEqual(len(rows(browser)), 1)
            self.assertIn('This page is not whole: the scan was interrupted after 1 recording.', browser.js('return document.querySelector("header").innerText'))
            # Wherever it was cut.
            text = page.read_text()
            page.write_text(text[:text.rindex('"channels"')])
            browser.open(page)
            self.assertIn('interrupted after 0 recordings', browser.js('return document.querySelector("header").innerText'))
            self.assertEqual(browser.console(), [])


class MarkupTest(unittest.TestCase):
    @unittest.skipUnless(shutil.which('tidy'), 'tidy is not here')
    def test_markup_is_valid(self):
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            page = scan(Path(folder) / 'report.html', SAMPLES / 'call-agent-caller.ulaw.wav')
            made = Path(folder) / 'made.html'
            browser.open(page)
            made.write_text('<!DOCTYPE html>\n' + browser.js('return document.documentElement.outerHTML'))
            for file in (page, made):
                run = subprocess.run(['tidy', '-q', '-e', '--drop-empty-elements', 'no', file], capture_output=True, text=True)
                # It is older than these attributes.
                faults = [line for line in run.stderr.splitlines() if 'proprietary attribute "aria-' not in line]
                self.assertEqual(faults, [])


if __name__ == '__main__':
    unittest.main()
