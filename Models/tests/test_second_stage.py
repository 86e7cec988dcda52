"""Heads on states are stored, drawn for and fused as they are said to be."""

import dataclasses
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("librosa")
pytest.importorskip("safetensors")
import safetensors.torch

from bonafide_models.encoders import spectra
from bonafide_models.encoders.states import CHUNK
from bonafide_models.experiment import Heads, RecipeError
from bonafide_models.second_stage import coding, fusion, heads, stored, targets
from bonafide_models.second_stage.fusion import Party
from bonafide_models.second_stage.heads import Band, Head, learn
from bonafide_models.second_stage.rows import Pairs, Shifts, chances, gather
from bonafide_models.second_stage.stored import eight_bits, restored, score


def row(file, label, source, **others):
    system = "-" if label == "bonafide" else "machine"
    return {"file": file, "label": label, "source": source, "system": system, "split": "train", "speaker": "-"} | others


def test_eight_bits_keep_a_row_to_a_half_of_its_step(tmp_path):
    torch.manual_seed(0)
    tensors = {"a.weight": torch.randn(6, 40) * torch.logspace(-3, 2, 6)[:, None], "a.bias": torch.randn(6)}
    safetensors.torch.save_file(eight_bits(tensors), tmp_path / "m.safetensors")
    back = restored(tmp_path / "m.safetensors")
    assert set(back) == set(tensors) and torch.equal(back["a.bias"], tensors["a.bias"])
    step = tensors["a.weight"].abs().amax(1, keepdim=True) / 127
    assert ((back["a.weight"] - tensors["a.weight"]).abs() <= 0.501 * step).all()


@torch.no_grad()
def test_what_is_stored_scores_as_the_heads_do():
    torch.manual_seed(0)
    band, x = Band("narrowband", {}), np.random.default_rng(0).normal(2, 3, (50, 12)).astype(np.float16)
    band.heads = [Head(12, 8, 4).eval() for _ in range(3)]
    inputs = band.inputs(x).float()
    wanted = torch.stack([head(inputs) for head in band.heads]).mean(0)
    # Inputs are rounded to bfloat16 where heads learn.
    assert torch.allclose(score(band.tensors(), "narrowband", torch.from_numpy(x).float())[:, 0], wanted, atol=0.02)


@torch.no_grad()
def test_heads_that_are_kept_score_as_before(tmp_path):
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(2, 3, (50, 12)).astype(np.float16)
    first = Band("wideband", {})
    first.heads = [Head(12, 8, 4).eval() for _ in range(2)]
    first.inputs(x)
    safetensors.torch.save_file(eight_bits(first.tensors()), tmp_path / "m.safetensors")
    kept = restored(tmp_path / "m.safetensors")
    again = Band("wideband", kept)
    # Other rows do not move the scales that kept heads were learned with.
    again.inputs(x + 5)
    stored, wanted = again.tensors(), torch.from_numpy(x).float()
    assert len(again.heads) == 2 and not Band("narrowband", kept).heads
    assert torch.allclose(score(stored, "wideband", wanted), score(kept, "wideband", wanted), atol=1e-5)
    # Nor those of heads that are replaced, since the mark of coding is of the same inputs.
    new = Band("wideband", kept, replaced=True)
    new.inputs(x + 5)
    assert not new.heads and new.moments and np.array_equal(new.moments[0], kept["wideband.inputs.mean"].numpy())


def test_states_of_lower_layers_are_taken_over_ranges_of_frequencies():
    torch.manual_seed(0)
    states = [torch.randn(2, 5, 7, 12), torch.randn(2, 5, 3, 12), torch.randn(2, 5, 2, 6)]
    mask = torch.tensor([[1, 1, 0, 1, 0, 1], [0, 1, 1, 1, 1, 1]]).float()
    found = spectra.statistics(states, mask)
    assert found.shape == (2, 2 * 5 * 2 + 2 * 5 * 3 + 2 * 5 * 3)
    frames = mask[1].bool()
    assert torch.allclose(found[1, :10].view(5, 2), states[2][1][:, :, frames].mean(2), atol=1e-6)
    assert torch.allclose(found[1, 10:20].view(5, 2), states[2][1][:, :, frames].std(2, correction=0), atol=1e-6)
    spoken = states[0][1][:, :, frames.repeat_interleave(2)]
    # The lowest frequency is left over: 1 to 2, 3 to 4, 5 to 6.
    deviations = spoken.std(2, correction=0)[:, 1:].reshape(5, 3, 2).mean(2)
    assert torch.allclose(found[1, 35:50].view(5, 3), deviations, atol=1e-6)


def test_chances_are_alike_for_classes_and_by_the_root_for_sources():
    rows = [row(str(i), "spoof", "large" if i < 16 else "small") for i in range(20)] + [row("g", "bonafide", "small")]
    chance = chances(rows)
    assert chance[:20].sum() == pytest.approx(0.5) and chance[20] == pytest.approx(0.5)
    assert chance[:16].sum() == pytest.approx(2 * chance[16:20].sum())


def test_pairs_are_of_one_source():
    rows = [row(f"{s}{label}{k}", label, s) for s in "ab" for label in ("bonafide", "spoof") for k in range(3)]
    genuine, synthetic = Pairs([*rows, row("c", "spoof", "c")]).drawn(np.random.default_rng(0), 100)
    assert all(rows[i]["label"] == "bonafide" and rows[k]["label"] == "spoof" for i, k in zip(genuine, synthetic))
    assert all(rows[i]["source"] == rows[k]["source"] for i, k in zip(genuine, synthetic))


def test_rows_are_moved_between_pages_and_speakers():
    rng = np.random.default_rng(0)
    rows = [row(f"{k}", ("bonafide", "spoof")[k // 6 % 2], str(k % 6)) for k in range(240)]
    # One input tells the page, another the speaker, a third the class, a fourth neither.
    page, genuine = [3.0 * int(r["source"]) for r in rows], [r["label"] == "bonafide" for r in rows]
    x = torch.from_numpy(np.stack([page, rng.normal(0, 2, len(rows)), genuine, np.ones(len(rows))], 1)).float()
    pages = Shifts(x, rows, page=1, speaker=0).drawn(rng, 500)
    assert pages[:, 0].std() > 2 and pages[:, 1].std() < 1 and pages[:, 2:].abs().max() == 0
    speakers = Shifts(x, rows, page=0, speaker=1).drawn(rng, 500)
    assert speakers[:, 1].std() > 1 and speakers[:, [0, 2, 3]].abs().max() == 0


def test_a_head_leans_less_on_what_rows_are_moved_by():
    rng = np.random.default_rng(0)
    rows = [row(f"{k}", ("bonafide", "spoof")[k % 2], str(k // 2 % 8)) for k in range(1600)]
    spoof = np.array([k % 2 for k in range(1600)])
    page = np.array([k // 2 % 8 for k in range(1600)]) / 4
    # The first input says the class but for the page, which the second says half of.
    x = np.stack([2 * spoof + page, page + rng.normal(0, 1, 1600)], 1)
    x = torch.from_numpy((x - x.mean(0)) / x.std(0)).float()
    weights = []
    for shifts in (None, Shifts(x, rows, page=1.5, speaker=0)):
        head = learn(x, rows, 0, epochs=40, shifts=shifts)
        probe = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        weights.append(float((head(probe)[0] - head(probe)[1]).detach()))
    assert 0 < weights[1] < 0.8 * weights[0]


def test_rows_of_samples_of_dev_and_doubled_ones_are_not_learned_from(tmp_path):
    tables = {
        "corpus.train.clean.0": [
            row("kept", "bonafide", "one"),
            row("doubled", "bonafide", "two"),
            row("dev", "bonafide", "one", split="dev"),
            row("speaker", "bonafide", "one", speaker="Allison Smith"),
            row("note", "bonafide", "one", note="partly June Wallack"),
        ],
        "recipe.train.clean.0": [row("longer", "bonafide", "two")],
    }
    for name, rows in tables.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.json").write_text(json.dumps(rows))
        np.save(tmp_path / name / "0000.npy", np.arange(len(rows) * 40, dtype=np.float16).reshape(len(rows), 5, 2, 4))
    x, rows = gather(tmp_path, list(tables), spectra=False)
    assert [r["file"] for r in rows] == ["kept", "longer"]
    assert x.shape == (2, 4 * 2 * 4) and x[0, 0] == 0


def parties(rng, count=1600):
    """Two scores that know different things, in four sources."""
    out = []
    for i in range(count):
        genuine = i % 2 == 0
        first, second = rng.normal(1.2 if genuine else -1.2, 1.5, 2)
        about = {"label": "bonafide" if genuine else "spoof", "source": f"s{i // 2 % 4}", "system": "x", "kind": "read"}
        about |= {"split": "dev", "condition": ("plain", "ulaw")[i // 2 % 2], "seconds": "4"}
        about |= {"model": fusion.MODELS[i // 8 % 2], "speech": 4.0, "snr": 40.0, "coded": 0.0}
        out.append(Party(first=first, second=second, **about))
    return out


def test_both_scores_together_are_better_than_one_and_points_have_their_rates():
    every = parties(np.random.default_rng(0))
    judgements, fusions = fusion.judged(every, every)
    genuine = np.array([p.genuine for p in every])
    of_both = fusion.metrics.eer(judgements[genuine, 0], judgements[~genuine, 0])
    first = np.array([p.first for p in every])
    assert of_both < fusion.metrics.eer(first[genuine], first[~genuine]) - 0.04
    for model, fit in fusions.items():
        of_model = np.array([p.model == model for p in every])
        llr = judgements[:, 0]
        assert (llr[of_model & genuine] <= fit.alarm).mean() <= 0.0101
        assert (llr[of_model & ~genuine] >= fit.clear).mean() == pytest.approx(0.05, abs=0.006)


def test_figures_are_of_other_folds():
    every, lines = parties(np.random.default_rng(1)), []
    table = fusion.table(every, fusion.cross_validated(every), lines.append)
    assert set(table) == {"dev plain 4 s", "dev ulaw 4 s"} and len(lines) == 2
    assert all(0.02 < figures["eer"] < 0.2 for figures in table.values())


@torch.no_grad()
def test_the_mark_of_coding_tells_what_was_coded_and_is_stored(tmp_path, monkeypatch):
    rng, count = np.random.default_rng(0), CHUNK + 400
    names = rng.choice(["", "ulaw", "gsm", "amr5"], count)
    x = rng.normal(0, 1, (count, 4, 2, 4)).astype(np.float16)
    x[:, 0, 0, 1] += 2 * np.isin(names, ["gsm", "amr5"])
    folder = tmp_path / "recipe.train.codec8.1"
    folder.mkdir()
    rows = [row(str(i), "bonafide", "one", speaker="Allison" if i == 3 else "-") for i in range(count)]
    (folder / "rows.json").write_text(json.dumps(rows))
    for k, part in enumerate((slice(CHUNK), slice(CHUNK, None))):
        np.save(folder / f"{k:04d}.npy", x[part])
        (folder / f"{k:04d}.json").write_text(json.dumps({"seconds": [], "codecs": list(names[part])}))
    learned, low = coding.load(tmp_path, [folder.name], False)
    assert len(learned) == count - 1 and low == np.delete(np.isin(names, ["gsm", "amr5"]), 3).tolist()
    beside = tmp_path / "spectra" / folder.name
    beside.mkdir(parents=True)
    np.save(beside / "0001.npy", rng.normal(0, 1, (400, 6)).astype(np.float16))
    both, some = coding.load(tmp_path, [folder.name], True)
    assert both.shape == (400, 32 + 6) and some == np.isin(names[CHUNK:], ["gsm", "amr5"]).tolist()
    # Where both encoders listen, the one of spectra tells.
    monkeypatch.setattr(heads, "OF_SPEECH", 32)
    wide = Band("wideband", {})
    wide.inputs(both)
    with torch.enable_grad():
        wide.mark(str(tmp_path), [folder.name])
    assert not wide.coding["weight"][:32].any() and wide.coding["weight"][32:].all()
    band = Band("narrowband", {})
    with pytest.raises(RecipeError):
        band.mark(str(tmp_path), [folder.name])
    band.inputs(x.reshape(count, -1))
    with torch.enable_grad():
        band.mark(str(tmp_path), [folder.name])
    safetensors.torch.save_file(eight_bits(band.tensors()), tmp_path / "m.safetensors")
    inputs, kept = torch.from_numpy(x.reshape(count, -1)).float(), restored(tmp_path / "m.safetensors")
    mark = stored.coding(kept, "narrowband", inputs)[:, 0]
    low = torch.from_numpy(np.isin(names, ["gsm", "amr5"]))
    assert ((mark > 0) == low).float().mean() > 0.75
    (folder / "0000.json").unlink()
    with pytest.raises(RecipeError):
        coding.load(tmp_path, [folder.name], False)
    strongly = coding.coded(torch.tensor([-3.0, 0.0, 5.0, 10.0, 30.0]))
    assert torch.allclose(strongly, torch.tensor([0, 0, 0.5, 1, 1]))


def test_coding_is_weighed_where_it_misleads():
    """One condition's genuine parties have low scores by nothing but their codec."""
    rng, every = np.random.default_rng(2), []
    for p in parties(rng, 4000):
        coded = p.condition == "ulaw"
        shift = -1.5 if coded and p.genuine and rng.random() < 0.1 else 0.0
        about = {"first": p.first + 3 * shift, "second": p.second + 3 * shift, "coded": float(coded)}
        every.append(dataclasses.replace(p, **about))
    judgements, fusions = fusion.judged(every, every)
    plain, fit = fusion.judged([dataclasses.replace(p, coded=0.0) for p in every], every)[0], fusions["narrowband"]
    assert fit.coding > 0.2
    genuine = np.array([p.genuine for p in every])
    assert (judgements[genuine, 0] <= judgements[genuine, 1]).mean() <= 0.0101
    low, coded = plain[:, 0] < 0, np.array([p.coded for p in every]) == 1
    assert (judgements[low & coded, 0] > plain[low & coded, 0]).all()
    assert np.allclose(judgements[~(low & coded), 0], plain[~(low & coded), 0])
    without = fusion.points(every, plain[:, 0])[0]
    assert (judgements[:, 0] <= judgements[:, 1])[~genuine].mean() > (plain[:, 0] <= without)[~genuine].mean()


def test_targets_are_of_heads_that_did_not_hear_the_source():
    rng = np.random.default_rng(0)
    labels = ["bonafide"] * 12 + ["spoof"] * 12
    rows = [row(f"{s}/{i}", label, f"source {s}") for s in range(12) for i, label in enumerate(labels)]
    side = np.array([1.0 if r["label"] == "bonafide" else -1.0 for r in rows])
    pages = rng.normal(0, 1, (12, 12))[[int(r["source"].split()[1]) for r in rows]]
    states = (pages + 0.3 * rng.normal(size=(len(rows), 12))).astype(np.float16)
    # Told by the first input in all sources but one, by the second inside that: what a head that heard it would know.
    states[:, 0] += 2 * side
    odd = np.array([r["source"] == "source 3" for r in rows])
    states[odd, 0] -= (4 * side)[odd]
    states[odd, 1] += (8 * side)[odd]
    scores = targets.held_out(Heads(model="", epochs=60), states, rows)
    assert np.mean(side[~odd] * scores[~odd] > 0) > 0.8
    assert np.mean(side[odd] * scores[odd] > 0) < 0.6
    assert targets.held(-9.0, rows[0]) == targets.LEAST and targets.held(9.0, rows[0]) == targets.MOST
    assert targets.held(-1.0, rows[12]) == -1.0
