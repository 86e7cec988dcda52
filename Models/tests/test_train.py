"""A batch is what it says, and a network learns, stops and goes on."""

import multiprocessing

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
from bonafide_models import losses
from bonafide_models.data import batches
from bonafide_models.experiment import Experiment, RecipeError
from bonafide_models.training import loop
from bonafide_models.training import music as hold_music
from bonafide_models.training.teachers import Teachers
from made import RATE, tone


@pytest.fixture(scope="session")
def music(tmp_path_factory):
    path = tmp_path_factory.mktemp("music") / "hold.wav"
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 330 * np.arange(20 * RATE) / RATE), RATE)
    return [str(path)]


def maker(cache, music, easy=0.0, targets=None, seed=1):
    share = multiprocessing.Value("d", easy)
    return batches.BatchMaker(Experiment(model="", cache=str(cache), batch=8), seed, music, share, targets or {})


def settings(cache, run, **others):
    run.mkdir(exist_ok=True)
    values = {"cache": str(cache), "run": str(run), "steps": 4, "batch": 8, "look_every": 100, "channels": (4, 8, 8, 8)}
    return Experiment(model="", **values | others)


def learned(experiment, music, batch_seed=1):
    """A run whose batches are made in this process: as `Training.run` has them, without a worker."""
    torch.manual_seed(experiment.seed)
    training = loop.Training(experiment)
    source = batches.BatchMaker(experiment, batch_seed, music, training.easy, {})

    class Queue:
        def get(self, timeout):
            return tuple(source.batch())

    training.run(Queue())
    return training


def test_a_clip_that_is_short_is_repeated(cache):
    clip = np.arange(100, dtype=np.int16)
    rows = [{"start": 0, "count": 100}]
    out = batches.crop(np.random.default_rng(0), rows, {"": clip}, 0, "", 250, easy=True)
    assert len(out) == 250
    step = np.diff(np.round(out * 32768)) % 100
    assert np.all(step == 1)


def test_played_faster_or_slower_a_clip_keeps_its_length():
    clip = tone(np.random.default_rng(0), 6, 0)
    rng, rows = np.random.default_rng(0), [{"start": 0, "count": len(clip)}]
    for _ in range(12):
        out = batches.crop(rng, rows, {"": clip}, 0, "", 3 * RATE)
        assert len(out) == 3 * RATE
        assert 0.3 < np.std(out) / np.std(clip / 32768) < 1.7


def test_half_of_the_rate_keeps_what_is_below():
    t = np.arange(1600) / 16000
    low, high = np.sin(2 * np.pi * 1000 * t), np.sin(2 * np.pi * 6000 * t)
    out = batches.halved(np.stack([low, high]).astype(np.float32))
    assert np.abs(out[0] - low[::2]).max() < 1e-3
    assert np.abs(out[1]).max() < 1e-3


def test_a_batch_has_both_classes_in_turn(cache, music):
    source, mixed = maker(cache, music, targets={"one/bonafide0.wav": 2.0}), []
    for _ in range(4):
        batch = source.batch()
        assert batch.features.shape == (8, 1 + (24000 - 256) // 80, 64, 4) and np.isfinite(batch.features).all()
        assert batch.narrow.shape[0] == 0
        assert batch.frame.shape == batch.speech.shape == (8, 75)
        kept = batch.label >= 0
        assert np.array_equal(batch.label[kept], np.tile([1, 0], 4)[kept])
        assert np.all((batch.frame == batch.label[:, None])[kept])
        # A mixed one is of both classes, or for once of the other from end to end, and has no target.
        mixed += [batch.frame[i].mean() for i in np.flatnonzero(~kept)]
        assert np.isin(batch.frame, (0, 1)).all()
        assert np.isnan(batch.target[~kept]).all()
        assert set(batch.target[~np.isnan(batch.target)]) <= {2.0}
    assert any(0 < share < 1 for share in mixed)


def test_batches_are_those_of_their_seed(cache, music):
    first, again, other = (maker(cache, music, seed=seed).batch() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(first, again))
    assert not np.array_equal(first.features, other.features)


def test_what_is_masked_is_at_the_mean_of_its_clip():
    torch.manual_seed(1)
    features = torch.randn(16, 100, 64, 4) + torch.arange(16.0)[:, None, None, None]
    out = losses.masked(features)
    hidden = out != features
    assert 0 < hidden.float().mean() < 0.3
    mean = features.mean((1, 2, 3), keepdim=True).expand_as(features)
    assert torch.equal(out[hidden], mean[hidden])


def test_teachers_on_the_wrong_side_are_corrected():
    teachers = Teachers([])
    scores = teachers.corrected(torch.tensor([-3.0, 4.0, -4.0, 0.5, -7.0]), torch.tensor([1.0, 1.0, 0.0, 0.0, -1.0]))
    assert scores.tolist() == [1.0, 4.0, -4.0, -1.0, -7.0]


def test_a_run_learns_and_writes_what_it_promises(cache, music, tmp_path):
    o = settings(cache, tmp_path / "run", steps=60, learning_rate=1e-2, easy=True)
    training = learned(o, music)
    assert training.progress.step == 60
    clip = [values[0] for values in training.losses]
    assert np.mean(clip[-15:]) < 0.88 * np.mean(clip[:15])
    scores = dict(line.split() for line in (tmp_path / "run/dev.txt").read_text().splitlines())
    assert len(scores) == 12


def test_a_run_goes_on_where_it_stopped(cache, music, tmp_path):
    learned(settings(cache, tmp_path / "run", steps=3), music)
    o = settings(cache, tmp_path / "run", steps=5)
    training = loop.Training(o)
    assert training.progress.step == 3
    saved = torch.load(tmp_path / "run/checkpoint.pt")
    assert all(torch.equal(v, saved["network"][k]) for k, v in training.network.state_dict().items())
    assert learned(o, music).progress.step == 5


def test_averaged_weights_follow(cache, tmp_path):
    training = loop.Training(settings(cache, tmp_path / "run"))
    for value in training.network.parameters():
        value.data.fill_(1)
    for value in training.average.parameters():
        value.data.fill_(0)
    training.progress.step = 10
    training.follow()
    assert all(torch.allclose(value, torch.full_like(value, 0.5)) for value in training.average.parameters())


def test_a_cache_of_another_rate_is_refused(cache, tmp_path):
    with pytest.raises(RecipeError, match="8000 Hz, the recipe at 16000"):
        loop.Training(settings(cache, tmp_path / "run", sample_rate_hz=16000))


def test_the_music_of_samples_is_left_out(tmp_path):
    for name in ("other.wav", hold_music.OF_SAMPLES[0]):
        (tmp_path / name).touch()
    assert hold_music.pieces(tmp_path) == [str(tmp_path / "other.wav")]
    assert hold_music.pieces("") == []
    with pytest.raises(RecipeError, match="no WAV file"):
        hold_music.pieces(tmp_path / "nowhere")
