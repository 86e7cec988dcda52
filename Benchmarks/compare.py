#!/usr/bin/env python3
"""Bonafide beside general runtimes with the same network, in turn, on one core: compare.py [--minutes 20] [--rounds 7] [--calls FOLDER]

Writes a table in Markdown to stdout. A round runs every contender once, so that a change of the machine's pace meets them
all; a ratio is the median over rounds of the pairs. Run by `make bench`, which builds what is needed.

whole   the command (--fast: the first stage alone) on a mono mu-law WAV, against Python that reads it, computes features and runs the network in ONNX
        Runtime (all optimisations, one thread) in pieces of 60 s. Features once as the network needs them (PyTorch, one
        thread), and once as kaldi-native-fbank computes log-mel at the three windows, without the contrast of the
        envelope and without normalisation: less than the network needs, so a lower bound.
calls   the same on the first twenty WAV files of a folder, two parties a file: what `bonafide_models.evaluation.calls` writes. Time is that of the
        files, so that two parties are screened in it
network the layers alone, features given
mel     one log-mel spectrogram of 64 bands, window 32 ms, hop 10 ms
"""
import argparse, glob, os, platform, re, subprocess, sys, tempfile, time
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
import kaldi_native_fbank, librosa, numpy as np, onnxruntime, soundfile, torch  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, os.path.join(ROOT, "Models/src"))
from bonafide_models import features, networks  # noqa: E402

RATE, WINDOW, HOP, BANDS = 8000, 256, 80, 64
PIECE = 60 * RATE


def session(network, folder):
    """The network in ONNX Runtime: features (1, T, bands, inputs) and state to outputs and state."""
    path, config = os.path.join(folder, "network.onnx"), network.config
    example = (torch.zeros(1, 64, config["bands"], config["inputs"]), torch.zeros(1, 1, config["hidden"]))
    torch.onnx.export(network, example, path, input_names=["features", "state"], output_names=["outputs", "last"],
                      dynamic_axes={"features": {1: "frames"}, "outputs": {1: "scores"}}, dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def fbank(window):
    """Options of kaldi-native-fbank for a window of so many samples; it pads it to a power of two."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.frame_length_ms = 1000 * window / RATE
    options.frame_opts.frame_shift_ms = 1000 * HOP / RATE
    options.frame_opts.window_type = "hann"
    options.frame_opts.dither = 0
    options.frame_opts.preemph_coeff = 0
    options.frame_opts.remove_dc_offset = False
    options.frame_opts.snip_edges = True
    options.mel_opts.num_bins = BANDS
    options.mel_opts.low_freq, options.mel_opts.high_freq = 60, 3900
    return options


def kaldi(x, window):
    extractor = kaldi_native_fbank.OnlineFbank(fbank(window))
    extractor.accept_waveform(RATE, x)
    extractor.input_finished()
    return np.stack([extractor.get_frame(k) for k in range(extractor.num_frames_ready)])


class Contenders:
    def __init__(self, samples, path, folder, bonafide, calls):
        self.calls = calls
        self.samples, self.path, self.bonafide = samples, path, bonafide
        self.network = networks.loaded(os.path.join(ROOT, "Models/narrowband.safetensors"))
        self.front = features.LogMel()
        self.session = session(self.network, folder)
        self.pieces = [self.features(p) for p in self.cut(samples)]

    @staticmethod
    def cut(x):
        return [x[k:k + PIECE] for k in range(0, len(x), PIECE)]

    @torch.no_grad()
    def features(self, x):
        return self.front(torch.from_numpy(x)[None]).numpy()

    def onnx(self, pieces):
        state = np.zeros((1, 1, self.network.config["hidden"]), np.float32)
        for p in pieces:
            _, state = self.session.run(None, {"features": p, "state": state})

    @torch.no_grad()
    def torch_network(self):
        state = None
        for p in self.pieces:
            _, state = self.network(torch.from_numpy(p), state)

    def onnx_whole(self):
        x, _ = soundfile.read(self.path, dtype="float32")
        self.onnx(self.features(p) for p in self.cut(x))

    def onnx_calls(self):
        for path in self.calls:
            x, _ = soundfile.read(path, dtype="float32")
            for party in x.T:
                self.onnx(self.features(p) for p in self.cut(np.ascontiguousarray(party)) if len(p) >= 2 * WINDOW)

    def onnx_kaldi(self):
        x, _ = soundfile.read(self.path, dtype="float32")
        def features(p):
            resolutions = [kaldi(p, w) for w in (WINDOW, WINDOW // 2 + 1, 2 * WINDOW)]   # +1: it pads to the next power of two
            count = min(map(len, resolutions))
            return np.stack([r[:count] for r in resolutions] + [np.zeros((count, BANDS), np.float32)], -1)[None]
        self.onnx(features(p) for p in self.cut(x))

    def command(self):
        self.scan([self.path])

    def scan(self, paths):
        subprocess.run([self.bonafide, "scan", "--fast", "--jobs", "1", "--format", "csv", "--no-progress", *paths], stdout=subprocess.DEVNULL)

    @torch.no_grad()
    def torch_mel(self):
        self.front.mel(torch.from_numpy(self.samples)[None], WINDOW).clamp_min(1e-10).log()

    def librosa(self):
        np.log(np.maximum(librosa.feature.melspectrogram(y=self.samples, sr=RATE, n_fft=WINDOW, hop_length=HOP, center=False, n_mels=BANDS,
                                                        fmin=60, fmax=3900, norm=None), 1e-10))

    def kaldi(self):
        kaldi(self.samples, WINDOW)


def stages(program, path):
    """Nanoseconds per second of audio of each step, one round of the Swift program; and its GFLOP/s where it has them."""
    lines = subprocess.run([program, path, "1"], check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    return {name: (float(ns), gflops) for name, ns, _, gflops in (line.split("\t") for line in lines)}


def ceilings():
    """What one core of this machine does: GFLOP/s of sgemm in NumPy's OpenBLAS at 1024 cubed and at the size of the last
    convolution, GB/s of a copy (read and written) of what no cache holds."""
    def median(run):
        times = []
        for _ in range(9):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        return np.median(times)

    def sgemm(m, n, k):
        a, b = np.ones((m, k), np.float32), np.ones((k, n), np.float32)
        return 2e-9 * m * n * k / median(lambda: a @ b)
    source, target = np.ones(1 << 26, np.float32), np.zeros(1 << 26, np.float32)
    return sgemm(1024, 1024, 1024), sgemm(1000, 160, 864), 2e-9 * source.nbytes / median(lambda: np.copyto(target, source))


def machine():
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    flags = open("/proc/cpuinfo").read()
    sets = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f in flags]
    return f"{cpu.group(1) if cpu else platform.processor()}, {', '.join(sets)}; Linux {platform.release()}"


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--minutes", type=int, default=20)
    a.add_argument("--rounds", type=int, default=7)
    a.add_argument("--programs", default=os.path.join(ROOT, ".build/release"), help="folder of bonafide and bonafide-stages")
    a.add_argument("--calls", help="folder of calls of two parties, 8 kHz")
    o = a.parse_args()
    calls = sorted(glob.glob(os.path.join(o.calls, "*.wav")))[:20] if o.calls else []
    of_calls = sum(soundfile.info(call).duration for call in calls)
    torch.set_num_threads(1)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    speech, rate = soundfile.read(os.path.join(ROOT, "samples/genuine-en.ulaw.wav"), dtype="float32")
    assert rate == RATE
    samples = np.resize(speech, o.minutes * 60 * RATE).astype(np.float32)
    seconds = len(samples) / RATE
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "audio.wav")
        soundfile.write(path, samples, RATE, "ULAW")
        c = Contenders(samples, path, folder, os.path.join(o.programs, "bonafide"), calls)
        timed = {"whole: bonafide scan": c.command, "whole: ONNX Runtime, same features (PyTorch)": c.onnx_whole,
                 "whole: ONNX Runtime, kaldi-native-fbank (less)": c.onnx_kaldi,
                 "network: ONNX Runtime": lambda: c.onnx(c.pieces), "network: PyTorch": c.torch_network,
                 "mel: kaldi-native-fbank": c.kaldi, "mel: PyTorch": c.torch_mel, "mel: librosa": c.librosa}
        if calls:
            timed |= {"calls: bonafide scan": lambda: c.scan(calls), "calls: ONNX Runtime, same features (PyTorch)": c.onnx_calls}
        times = {name: [] for name in ["network: Bonafide", "mel: Bonafide", "features: Bonafide", *timed]}
        gflops = []
        for round in range(-1, o.rounds):
            found = {}
            for name, run in timed.items():
                start = time.perf_counter()
                run()
                found[name] = (time.perf_counter() - start) / (of_calls if name.startswith("calls") else seconds) * 1e9
            own = stages(os.path.join(o.programs, "bonafide-stages"), path)
            found |= {"network: Bonafide": own["network"][0], "mel: Bonafide": own["mel, one window"][0], "features: Bonafide": own["features, all"][0]}
            if round >= 0:                              # the first warms up
                gflops.append(float(own["network"][1]))
                for name, value in found.items():
                    times[name].append(value)
    print(f"{time.strftime('%Y-%m-%d')}, {machine()}; one core, {o.minutes} minutes of mu-law, {o.rounds} rounds\n")
    print("| | ms per minute of audio | × real time | time ÷ Bonafide's, median of pairs (min–max) |\n|---|---|---|---|")
    own = {"whole": "whole: bonafide scan", "calls": "calls: bonafide scan"} | {part: f"{part}: Bonafide" for part in ("network", "mel", "features")}
    for name in sorted(times, key=lambda n: (list(own).index(n.split(":")[0]), n != own[n.split(":")[0]])):
        ratios = np.array(times[name]) / np.array(times[own[name.split(":")[0]]])
        value = np.median(times[name])
        print(f"| {name} | {value * 60e-6:.2f} | {1e9 / value:,.0f} | {np.median(ratios):.2f} ({ratios.min():.2f}–{ratios.max():.2f}) |")
    large, own_size, copied = ceilings()
    print(f"\nNetwork: {np.median(gflops):.0f} GFLOP/s by the layers' shapes. sgemm of NumPy's OpenBLAS, one thread: {large:.0f} at 1024³, "
          f"{own_size:.0f} at 1000 × 160 × 864; copy {copied:.0f} GB/s.")


if __name__ == "__main__":
    main()
