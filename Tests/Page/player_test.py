"""What is heard of a call in a report's page, in Chromium."""
import unittest

from call_page import CALL, CallPage
from worklist_test import SAMPLES, scan


def repeated(recording, times):
    """Bytes of a WAV file with its audio again and again."""
    content = recording.read_bytes()
    start = content.index(b'data') + 8
    audio = content[start:start + int.from_bytes(content[start - 4:start], 'little')] * times
    sizes = [(start + len(audio) - 8).to_bytes(4, 'little'), len(audio).to_bytes(4, 'little')]
    return b'RIFF' + sizes[0] + content[8:start - 4] + sizes[1] + audio


class PlayerTest(CallPage):
    def test_a_stretch_plays(self):
        self.js('document.querySelectorAll(".stretches button")[1].click()')
        self.until('document.querySelector(".player .play").getAttribute("aria-label") === "Pause"')
        start = self.position
        self.assertGreaterEqual(start, 26)
        self.assertLess(start, 29)
        self.until(f'Number(document.querySelector(".player input").value) > {start + 0.5}')
        self.press(' ')
        self.until('document.querySelector(".player .play").getAttribute("aria-label") === "Play"')
        self.js('page.call.player.seek(20)')
        self.press('p')
        self.until('Math.abs(Number(document.querySelector(".player input").value) - 14) < 1.5')
        self.press('\ue014')
        self.until('Number(document.querySelector(".player input").value) > 18')
        self.press('n')
        self.until('Number(document.querySelector(".player input").value) > 27')

    def test_each_party_is_on_its_own_side(self):
        self.js('document.querySelectorAll(".stretches button")[0].click()')
        gains = lambda: self.js('return page.call.player.gains.map((ears) => ears.map((gain) => gain.gain.value))')
        self.until('page.call.player.gains !== undefined')
        self.assertEqual(gains(), [[1, 0], [0, 1]])
        self.js('[...document.querySelectorAll(".solos button")].find((button) => button.innerText === "caller").click()')
        self.assertEqual(gains(), [[0, 0], [1, 1]])
        # What is heard are samples, and not silence.
        self.js('''
          const { player } = page.call;
          window.meter = player.context.createAnalyser();
          player.gains[1][0].connect(meter);''')
        self.until('(() => { const data = new Float32Array(2048); meter.getFloatTimeDomainData(data); return Math.max(...data) > 0.02; })()')

    def test_clicking_a_drawing_plays_from_there(self):
        self.js('''
          const canvas = document.querySelectorAll(".pictures")[1], box = canvas.getBoundingClientRect();
          canvas.setPointerCapture = () => {};
          canvas.dispatchEvent(new PointerEvent("pointerdown", { clientX: box.left + box.width * 16 / 32.5, bubbles: true }));''')
        self.until('Math.abs(Number(document.querySelector(".player input").value) - 16) < 1.5')
        self.until('document.querySelector(".player .play").getAttribute("aria-label") === "Pause"')

    def test_without_audio_the_recording_beside_the_page_is_played(self):
        self.open(self.linked)
        self.assertEqual(self.js('return document.querySelector(".player p").innerText'), 'Played from the recording; each party is on its own channel of it.')
        self.js('document.querySelectorAll(".stretches button")[0].click()')
        self.until('Number(document.querySelector(".player input").value) > 14.2')
        (self.folder / CALL).rename(self.folder / 'gone')
        try:
            self.open(self.linked)
            self.until('document.querySelector(".player p").innerText.startsWith("This browser cannot play the recording")')
            self.assertEqual(self.js('return document.querySelector(".player p a").getAttribute("href")'), f'./{CALL}')
        finally:
            (self.folder / 'gone').rename(self.folder / CALL)
            self.browser.console()

    def test_what_of_a_flagged_call_is_not_in_the_page_is_played_from_the_recording(self):
        call = self.folder / 'flagged' / 'call-agent.wav'
        call.parent.mkdir()
        call.write_bytes(repeated(SAMPLES / 'synthetic-hts.ulaw.wav', 8))
        # Flagged from end to end, whatever the model says of a second of it.
        page = scan(call.parent / 'report.html', '--channel-names', 'caller', '--alarm-at', '3', '--clear-at', '9', call)
        self.open(page)
        clips = self.js('return page.call.player.clips.map((clip) => [clip.start_s, clip.end_s])')
        self.assertEqual(clips, [[0, 20]])
        message = lambda: self.js('return document.querySelector(".player p").innerText')
        # At its end, what is heard goes on from the recording.
        self.js('page.call.player.playFrom(19.5)')
        self.assertEqual(message(), '')
        self.until('page.call.player.now > 20.3')
        self.assertEqual(message(), 'This part is not in the page; it is played from the recording.')
        self.js('page.call.player.seek(80)')
        self.until('!page.call.player.audio.paused && page.call.player.now > 80.5')
        self.assertIn(call.name, self.js('return page.call.player.audio.src'))
        # And back, from the page.
        self.js('page.call.player.seek(1)')
        self.until('Math.abs(page.call.player.now - 2) < 0.5')
        self.assertTrue(self.js('return page.call.player.audio.src').startswith('blob:'))
        self.assertEqual(message(), '')
        call.rename(call.with_name('gone'))
        self.open(page)
        self.js('page.call.player.playFrom(80)')
        self.until('document.querySelector(".player p").innerText.startsWith("This part is not in the page, and this browser cannot play")')
        self.assertEqual(self.js('return document.querySelector(".player p a").getAttribute("href")'), f'./{call.name}')
        self.browser.console()
        self.js('page.call.player.playFrom(1)')
        self.until('page.call.player.now > 1.3')
        self.assertEqual(message(), '')


if __name__ == '__main__':
    unittest.main()
