"""The page of an evaluation, in Chromium."""
import random
import subprocess
import tempfile
import unittest
from pathlib import Path

from browser import Browser
from worklist_test import COMMAND


class EvaluationTest(unittest.TestCase):
    def test_all_figures_and_charts_are_on_a_phone(self):
        numbers = random.Random(1)
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            truth, scores, page = (Path(folder) / name for name in ('truth.csv', 'scores.txt', 'page.html'))
            labels = ['spoof' if index % 2 else 'bonafide' for index in range(200)]
            truth.write_text('path,label,source,generator\n' + ''.join(
                f'f{index}.wav,{label},s{index % 7},{"a-generator-with-a-long-name-" + str(index % 5) if label == "spoof" else "-"}\n'
                for index, label in enumerate(labels)))
            scores.write_text(''.join(f'f{index}.wav {numbers.gauss(-2 if label == "spoof" else 2, 2):.3f}\n' for index, label in enumerate(labels)))
            subprocess.run([COMMAND, 'evaluate', truth, scores, '--by', 'generator', '--format', 'html', '--output', page], check=True)
            browser.open(page)
            for width, charts in ((1280, 'broad'), (420, 'narrow'), (320, 'narrow')):
                browser.resize(width, 900)
                self.assertEqual(browser.js('return document.documentElement.scrollWidth'), width)
                ends = browser.js('return [...document.querySelectorAll("td, svg")].map((part) => part.getBoundingClientRect().right)')
                self.assertLessEqual(max(ends), width)
                shown = browser.js('return [...document.querySelectorAll("figure.wide > div")].filter((part) => part.offsetWidth > 0).map((part) => part.className)')
                self.assertEqual(set(shown), {charts})
                self.assertGreaterEqual(len(shown), 2)
            self.assertRegex(browser.js('return document.querySelector("tbody tr").innerText'), r'EER\s\d+\.\d+ %\s\d+\.\d+ – \d+\.\d+')
            self.assertEqual(browser.js('return getComputedStyle(document.querySelectorAll("tbody td")[2], "::before").content'), '"95 % interval: "')
            self.assertEqual(browser.console(), [])


if __name__ == '__main__':
    unittest.main()
