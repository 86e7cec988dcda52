"""`bonafide serve` for tests with clients of other makers, and what a scan says of the same audio."""

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


class Host:
    """A host that runs while it is entered; `rtp` is the first of ten ports, each of which is a call."""

    def __init__(self, command, rtp=15800):
        self.command, self.rtp = command, rtp

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        self.process = subprocess.Popen(
            [self.command, "serve", "--fast", "--no-auth", "--http", "0", "--audiosocket", "0", "--rtp", f"{self.rtp}-{self.rtp + 9}", "--idle-timeout", "3"],
            stdout=(self.folder / "events").open("w"), stderr=(self.folder / "log").open("w"))
        places = self.wait_for(lambda: re.findall(r"listening at (\w+)://.*?:(\d+)", (self.folder / "log").read_text()), at_least=3)
        self.ports = {kind: int(port) for kind, port in places}
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.scratch.cleanup()

    def wait_for(self, found, at_least=1, seconds=60):
        """What is found, once there is so much of it."""
        for _ in range(seconds * 20):
            if len(there := found()) >= at_least:
                return there
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text() + (self.folder / "events").read_text()[-2000:])

    def events(self, call):
        return [event for line in (self.folder / "events").read_text().splitlines() if (event := json.loads(line))["call"] == call]

    def ended(self, call):
        """The result of a call, once it has ended."""
        return self.wait_for(lambda: [event["result"] for event in self.events(call) if event["event"] == "call_ended"])[-1]


def mu_law(name, folder, seconds):
    """The samples of one of samples/*.ulaw.wav, in a file without a header."""
    data = (SAMPLES / name).read_bytes()
    start = data.index(b"data") + 8
    path = Path(folder, name).with_suffix("")
    path.write_bytes(data[start:start + 8000 * seconds])
    return path


def scanned(command, path):
    """What a scan says of µ-law samples: the party."""
    scan = subprocess.run([command, "scan", "--fast", "--raw", "ulaw:8000", "--format", "json", path], stdout=subprocess.PIPE, check=False)
    return json.loads(scan.stdout)["files"][0]["channels"][0]


def compare(what, result, expected, seconds, within):
    """Says how a call's parties compare with scans, by their order; fails where they differ by more."""
    found = sorted(party["llr"] for party in result["channels"])
    wanted = sorted(party["llr"] for party in expected)
    assert len(found) == len(wanted), f"{what}: {result}"
    apart = max(abs(one - other) for one, other in zip(found, wanted))
    missing = result["duration_s"] - result["heard_s"]
    print(f"{what}: {result['duration_s']:.2f} s, {missing:.2f} s missing; LLRs {', '.join(f'{llr:.3f}' for llr in found)}, {apart:.4f} from a scan's at most")
    assert abs(result["duration_s"] - seconds) < 0.5, result
    assert apart < within, result
