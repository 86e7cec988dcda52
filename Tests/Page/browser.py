"""Headless Chromium with a page of the command, by Debian's python3-selenium, chromium and chromium-driver."""
import json
import os
import shutil
import subprocess
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service


def axe():
    """The script of axe-core, where a wrapper of PyPI is installed that carries it."""
    for package, name in (('axe_selenium_python', 'node_modules/axe-core/axe.min.js'), ('axe_core_python', 'axe.min.js')):
        for python in (shutil.which('python3'), '/usr/bin/python3'):
            run = subprocess.run([python, '-c', f'import {package}; print({package}.__file__)'], capture_output=True, text=True)
            file = Path(run.stdout.strip()).parent / name
            if run.returncode == 0 and file.exists():
                return file.read_text()
    return None


class Browser:
    """A window of a width, light or dark; as a context manager it is closed in the end."""

    def __init__(self, width=1280, height=900, dark=False, scale=1):
        options = Options()
        options.binary_location = '/usr/bin/chromium'
        for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage',
                         '--disable-component-update', '--autoplay-policy=no-user-gesture-required', '--mute-audio'):
            options.add_argument(argument)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        self.service = Service('/usr/bin/chromedriver')
        self.driver = webdriver.Chrome(service=self.service, options=options)
        self.resize(width, height, scale)
        self.set_dark(dark)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def command(self, name, **arguments):
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def resize(self, width, height, scale=1):
        self.command('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=scale, mobile=width < 600)

    def set_dark(self, dark):
        self.command('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def open(self, page, fragment=''):
        self.driver.get(Path(page).resolve().as_uri() + fragment)

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def screenshot(self, path):
        self.driver.save_screenshot(str(path))

    def console(self):
        """What the page has said on the console since it was last asked, errors and violations of its policy included."""
        return [entry['message'] for entry in self.driver.get_log('browser')]

    def requests(self):
        """Addresses that were asked for since it was last asked."""
        events = [json.loads(entry['message'])['message'] for entry in self.driver.get_log('performance')]
        return [event['params']['request']['url'] for event in events if event['method'] == 'Network.requestWillBeSent']

    def processor_time(self):
        """Seconds that the processor has worked for the pages of this browser."""
        parents, times = {}, {}
        for stat in Path('/proc').glob('[0-9]*/stat'):
            try:
                fields = stat.read_text().rsplit(') ', 1)[1].split()
                is_page = b'--type=renderer' in (stat.parent / 'cmdline').read_bytes()
            except OSError:
                continue
            parents[int(stat.parent.name)] = int(fields[1])
            times[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK') if is_page else 0
        ours = {self.service.process.pid}
        while (more := {process for process, parent in parents.items() if parent in ours} - ours):
            ours |= more
        return sum(times.get(process, 0) for process in ours)
