"""Recipes are read as they are, and what is wrong with one is said in a line."""

import pytest

from bonafide_models import experiment
from bonafide_models.experiment import Experiment, Heads, RecipeError
from bonafide_models.repository import ROOT

RECIPES = sorted((ROOT / "Models/experiments").rglob("*.toml"))


def recipe(folder, text):
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_settings_are_those_of_the_file_but_for_the_changed_ones(tmp_path):
    path = recipe(tmp_path, 'model = "m"\nsteps = 7\nlearning_rate = 1\nteachers = ["a", "b"]\nshares = { free = 1 }\n')
    read = experiment.read(path, Experiment, steps=None, run="elsewhere")
    assert read == Experiment(
        model="m", steps=7, learning_rate=1.0, teachers=("a", "b"), shares={"free": 1.0}, run="elsewhere"
    )
    assert experiment.read(path, Experiment, steps=9).steps == 9


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "model is missing"),
        ('model = "m"\nstepps = 1', "no setting 'stepps'"),
        ('model = "m"\nsteps = "1"', "steps: '1' is no int"),
        ('model = "m"\nsteps = true', "steps: True is no int"),
        ('model = "m"\nteachers = "one"', "teachers: 'one' is no list"),
        ('model = "m"\nteachers = [1]', "teachers: 1 is no str"),
        ('model = "m"\nsample_rate_hz = 44100', "8000 and 16000"),
        ('model = "m"\nchannels = [1]', "channels are four"),
        ('model = "m"\nbatch = 3', "even"),
        ('model = "m"\nsilent = 2', "shares, from 0 to 1"),
        ('model = "m"\nspliced = -0.1', "shares, from 0 to 1"),
        ('model = "m"\nspeech_loss = -1.0', "a weight, 0 at least"),
        ('model = "m"\nshares = { sideways = 1 }', "no kind of pair sideways"),
        ('model = "m"\nshares = 1', "is no table"),
        ("model", "recipe.toml: "),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    with pytest.raises(RecipeError, match=message) as caught:
        experiment.read(recipe(tmp_path, text), Experiment)
    assert "\n" not in str(caught.value)


def test_a_recipe_that_is_not_there_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"gone\.toml: No such file"):
        experiment.read(tmp_path / "gone.toml", Experiment)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_of_the_repository_are_read(path):
    if path.stem == "second":
        assert experiment.read(path, Heads).model == "Models/second"
        return
    read = experiment.read(path, Experiment)
    assert read.tables and read.steps > 1000
    assert sum(read.shares.values()) == pytest.approx(1)


def test_heads_take_rows_of_both_bands(tmp_path):
    with pytest.raises(RecipeError, match=r"recipe\.toml: narrowband and wideband"):
        experiment.read(recipe(tmp_path, 'model = "m"\nnarrowband = ["a,b"]\n'), Heads)
    kept = recipe(tmp_path, 'model = "m"\nkeep = "old.safetensors"\nwideband = ["a,b"]\n')
    assert experiment.read(kept, Heads).wideband == ("a,b",)
    for band in ("narrowband", "both"):
        lines = f'model = "m"\nkeep = "old.safetensors"\nwideband = ["a,b"]\nreplaced = ["{band}"]\n'
        with pytest.raises(RecipeError, match=f"replaced: {band}"):
            experiment.read(recipe(tmp_path, lines), Heads)
