"""The view of a call in a report's page, in Chromium."""
import base64
import csv
import io
import json
import subprocess
import time
import unittest

from browser import axe
from call_page import CALL, CallPage
from worklist_test import COMMAND, SAMPLES, scan


class CallTest(CallPage):
    def test_it_says_why_and_lists_what_is_flagged(self):
        text = self.js('return document.querySelector(".party[aria-current]").innerText')
        self.assertRegex(text, r'2 stretches of caller, \d+ s in all, are flagged; the evidence is strongest at 0:(1[3-9]|2[7-9]|3[0-3])\.')
        rows = self.js('return [...document.querySelectorAll(".stretches tbody tr")].map((row) => row.innerText.replace(/\\s+/g, " "))')
        self.assertEqual(len(rows), 2)
        self.assertRegex(rows[0], r'^▶ 0:1[23] 0:19 −[45]\.\d moderate(ly strong)?$')
        self.assertIn('This is evidence, not proof.', self.js('return document.querySelector(".casefile").innerText'))

    def test_what_was_screened_is_proved(self):
        text = self.js('return document.querySelector(".hashes").innerText')
        digest = subprocess.run(['sha256sum', SAMPLES / CALL], capture_output=True, text=True).stdout.split()[0]
        self.assertIn(digest, text)
        self.assertRegex(text, r'Model narrowband, SHA-256\s+[0-9a-f]{64}')
        self.assertIn('--channel-names agent,caller', text)

    def test_drawings_show_speech_and_flags_where_they_are(self):
        # The caller is silent for twelve seconds, then speaks; what is drawn there differs.
        colours = self.js('''
          const canvas = document.querySelectorAll(".pictures canvas")[1], context = canvas.getContext("2d");
          const at = (seconds, y) => [...context.getImageData(seconds / 32.5 * canvas.width, y * devicePixelRatio, 1, 1).data].join();
          return [at(6, 46), at(16, 46), at(6, 250), at(30, 250), getComputedStyle(document.documentElement).getPropertyValue("--spoof").trim()];''')
        red = ','.join(str(int(colours[4][i:i + 2], 16)) for i in (1, 3, 5)) + ',255'
        self.assertNotEqual(colours[0], red)
        self.assertEqual(colours[1], red)
        self.assertNotEqual(colours[2], colours[3])
        brightness = self.js('''
          const canvas = document.querySelectorAll(".pictures canvas")[1], context = canvas.getContext("2d");
          const mean = (from, to) => {
            const x = from / 32.5 * canvas.width, data = context.getImageData(x, 70, (to - from) / 32.5 * canvas.width, 60).data;
            return data.reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / data.length;
          };
          return [mean(2, 10), mean(14, 18)];''')
        self.assertGreater(brightness[1], 3 * brightness[0])
        # That it should be told beforehand that a canvas is read.
        self.browser.console()

    def test_a_part_of_a_long_call_can_be_seen_closer(self):
        def seen():
            return self.js('return [page.call.zoom.from, page.call.zoom.to]')
        length = self.js('return page.call.zoom.recording.duration_s')
        self.assertEqual(seen(), [0, length])
        self.press('+')
        self.assertEqual(seen(), [length / 4, 3 * length / 4])
        self.js('''
          const canvas = document.querySelectorAll(".pictures")[1], box = canvas.getBoundingClientRect();
          canvas.setPointerCapture = () => {};
          canvas.dispatchEvent(new PointerEvent("pointerdown", { clientX: box.left + box.width / 2, bubbles: true }));
          canvas.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));''')
        self.until('document.querySelector(".player .play").getAttribute("aria-label") === "Pause"')
        self.assertAlmostEqual(self.position, length / 2, delta=1.5)
        self.press('++')
        self.assertAlmostEqual(seen()[1] - seen()[0], 10)
        # What is played stays in sight.
        self.js('document.querySelectorAll(".stretches button")[1].click()')
        self.until('page.call.zoom.to > 28')
        self.press('0')
        self.assertEqual(seen(), [0, length])
        self.js('document.querySelector(".pictures").dispatchEvent(new WheelEvent("wheel", { cancelable: true, ctrlKey: true, deltaY: -100 }))')
        self.assertAlmostEqual(seen()[1] - seen()[0], 0.8 * length)

    def test_verdicts_of_the_reader_survive_and_are_exported(self):
        self.js('document.querySelector(".party[aria-current] .decision button").click()')
        note = self.browser.driver.find_element('css selector', '.party[aria-current] textarea')
        note.send_keys('said "hello",\ntwice')
        note.send_keys('\ue00c')
        self.js('document.querySelectorAll(".party .decision .spoof")[0].click()')
        self.browser.driver.refresh()
        self.until('document.querySelector(".party[aria-current] .decision [aria-pressed=true]")?.innerText === "Confirm: synthetic"')
        self.assertEqual(self.js('return document.querySelector(".party[aria-current] textarea").value'), 'said "hello",\ntwice')
        self.press('\ue00c')
        self.until('document.querySelector(".view").hidden')
        self.browser.command('Browser.setDownloadBehavior', behavior='allow', downloadPath=str(self.folder))
        for button, name in enumerate(('screening-report.csv', 'screening-report.json')):
            self.js(f'document.querySelectorAll(".exports button")[{button}].click()')
            end = time.monotonic() + 5
            while not (self.folder / name).exists():
                self.assertLess(time.monotonic(), end)
                time.sleep(0.05)
        table = list(csv.DictReader(io.StringIO((self.folder / 'screening-report.csv').read_text(), newline='')))
        path = str(self.folder / CALL)
        self.assertEqual(table, [
            {'path': path, 'channel': '1', 'label': 'spoof', 'verdict': 'rejected', 'note': ''},
            {'path': path, 'channel': '2', 'label': 'spoof', 'verdict': 'confirmed', 'note': 'said "hello",\ntwice'}])
        self.assertEqual(len(json.loads((self.folder / 'screening-report.json').read_text())['verdicts']), 2)
        # The table is one of truth, and of genuine parties.
        answers = scan(self.folder / 'answers.csv', self.folder / CALL, form='csv')
        run = subprocess.run([COMMAND, 'evaluate', 'screening-report.csv', answers, '--bootstrap', '0'], cwd=self.folder, capture_output=True, text=True)
        self.assertRegex(run.stdout, r'spoof flagged +50.00 % .* 1 of 2\n', run.stderr)
        run = subprocess.run([COMMAND, 'calibrate', '--fast', '--genuine', 'screening-report.csv'], cwd=self.folder, capture_output=True, text=True)
        self.assertIn('screening-report.csv: has no row whose label is bonafide', run.stderr)
        self.js('document.querySelector(".tools [type=checkbox]").click()')
        self.assertEqual(len(self.js('return [...document.querySelectorAll(".rows .row")].map((row) => row.innerText)')), 2)

    def test_it_prints_as_a_case_file_of_two_pages(self):
        pdf = self.folder / 'case.pdf'
        pdf.write_bytes(base64.b64decode(self.browser.command('Page.printToPDF', preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)['data']))
        self.assertEqual(pdf.read_bytes().count(b'/Type /Page\n') or pdf.read_bytes().count(b'/Type /Page '), 2)

    def test_nothing_is_beside_the_screen(self):
        for width in (1280, 820, 400, 320):
            self.browser.resize(width, 800)
            self.assertEqual(self.js('return document.documentElement.scrollWidth'), width)
            # Error rates are seen without scrolling, on a phone, too.
            if width >= 400:
                self.assertEqual(self.js('const box = document.querySelector(".casefile .scroll"); return box.scrollWidth - box.clientWidth'), 0)

    def test_drawings_are_not_stretched_on_paper(self):
        self.js('dispatchEvent(new Event("beforeprint"))')
        self.assertEqual(self.js('const canvas = document.querySelector(".pictures canvas"); return [canvas.width, canvas.height / parseFloat(canvas.style.height)]'),
                         [3 * 688, 3])
        self.js('dispatchEvent(new Event("afterprint"))')
        self.assertEqual(self.js('const canvas = document.querySelector(".pictures canvas"); return canvas.width - canvas.clientWidth'), 0)

    def test_all_can_use_it(self):
        script = axe()
        if script is None:
            self.skipTest('axe-core is not here: pip install axe-core-python')
        for fragment in ('list', 'call'):
            if fragment == 'list':
                self.press('\ue00c')
            else:
                self.open(self.page)
            for width in (1280, 400):
                for dark in (False, True):
                    self.browser.resize(width, 900)
                    self.browser.set_dark(dark)
                    self.browser.js(script)
                    found = self.browser.driver.execute_async_script('''
                      const done = arguments[arguments.length - 1];
                      axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
                        .then(({ violations }) => done(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`)));''')
                    self.assertEqual(found, [], f'{fragment} {width} {"dark" if dark else "light"}')


if __name__ == '__main__':
    unittest.main()
