"""Label sets: every corpus's words, what is left out, and the words that nobody declared."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace

import pytest

from aver.corpora import baum1_sheets
from aver.errors import BenchmarkError
from aver.folds.choose import choose
from aver.folds.labels import EMOTION_OF, LABEL_SETS, OUTSIDE, label_of
from aver.params import names
from aver.params.blocks import Benchmark
from aver.params.names import module_of
from aver.synthetic.displays import EMOTIONS

BENCHMARK = Benchmark(corpora=("c",), protocol="subject", folds=2, validation_fraction=0.2, fold_seed=0, seeds=(0,))
SIX = ("anger", "disgust", "fear", "happiness", "sadness", "surprise")
#: The words of each corpus in the order of SIX; None where it has none.
CORPORA = {
    "ravdess": ("angry", "disgust", "fearful", "happy", "sad", "surprised"),
    "synthetic": ("angry", "disgust", "fearful", "happy", "sad", None),
    "cremad": ("anger", "disgust", "fear", "happy", "sad", None),
    "savee": SIX,
    "rml": SIX,
    "enterface05": SIX,
    "baum1": SIX,
}
#: The words of adapters that have no table of emotions of their own.
WORDS_OF = {"baum1": {*baum1_sheets.CODES["a"], *baum1_sheets.CODES["s"]}, "synthetic": set(EMOTIONS)}


def clips(*words, **columns):
    return [
        {"clip_id": f"{k}", "label": word, "perceived": "", "speaker": f"{k}", "sha256": f"{words}{k}", **columns}
        for k, word in enumerate(words)
    ]


def left_out(benchmark, found):
    return dict(choose(benchmark, {"c": found}, {"c": "c"}).left_out)


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_corpus_has_its_words_in_every_set(corpus):
    for emotion, word in zip(SIX, CORPORA[corpus], strict=True):
        if word:
            assert label_of(word, "native") == (word, "")
            assert label_of(word, "basic6") == label_of(word, "seven") == (emotion, "")
            assert label_of(word, "five") == (("", OUTSIDE) if emotion == "surprise" else (emotion, ""))


def test_calm_is_in_seven_alone_and_neutral_and_the_states_of_baum1_in_none():
    assert [label_of("calm", each)[0] for each in ("basic6", "five", "seven")] == ["", "", "calm"]
    states = set(baum1_sheets.CODES["a"] + baum1_sheets.CODES["s"]) - set(SIX)
    assert {"neutral", "boredom", "contempt", "interest", "unsure"} < states
    for word in states:
        assert {label_of(word, each) for each in ("basic6", "five", "seven")} == {("", OUTSIDE)}


@pytest.mark.parametrize("corpus", sorted({*names.ADAPTERS} - {"folder"}))
def test_every_word_that_an_adapter_gives_is_declared(corpus):
    """An adapter without an entry in `CORPORA` fails here: its words have to be declared."""
    words = set(WORDS_OF[corpus] if corpus in WORDS_OF else module_of("corpora", corpus).EMOTIONS.values())
    assert words <= set(EMOTION_OF)
    assert {word for word in words if label_of(word, "basic6")[0]} == set(CORPORA[corpus]) - {None}


def test_the_sets_are_those_that_params_may_name():
    assert sorted(LABEL_SETS) == sorted(names.LABEL_SETS)


def test_what_is_left_out_is_counted_by_reason_and_word_and_unknown_words_are_named(caplog):
    found = [*clips("happy", "happiness", "sad", "neutral", "neutral", "Happy", ""), *clips("sad", channel="song")]
    benchmark = replace(BENCHMARK, labels="basic6", where={"channel": ("", "speech")})
    with caplog.at_level(logging.WARNING):
        chosen = choose(benchmark, {"c": found}, {"c": "c"})
    assert Counter(clip["label"] for clip in chosen.clips) == {"happiness": 2, "sadness": 1}
    assert chosen.left_out == {
        ("c", "where", ""): 1,
        ("c", "no_label", ""): 1,
        ("c", "outside_label_set", "neutral"): 2,
        ("c", "unknown_word", "Happy"): 1,
    }
    assert "label set basic6 knows no such word: 'Happy' of c (1 clips)" in caplog.text


def test_native_takes_any_word(caplog):
    assert left_out(BENCHMARK, clips("Happy", "sulking", "")) == {("c", "no_label", ""): 1}
    assert not caplog.text


def test_the_perceived_label_is_another_column_and_a_tie_leaves_its_clip_out():
    found = clips("angry", "sad", "happy")
    for clip, vote in zip(found, ("sad", "happy", ""), strict=True):
        clip["perceived"] = vote
    chosen = choose(replace(BENCHMARK, label="perceived", labels="five"), {"c": found}, {"c": "c"})
    assert [(clip["clip_id"], clip["label"]) for clip in chosen.clips] == [("0", "sadness"), ("1", "happiness")]
    assert chosen.left_out == {("c", "no_label", ""): 1}


def test_different_words_for_one_emotion_do_not_become_two_labels():
    corpora = {"a": clips("angry", "disgust"), "b": clips("anger", "disgust")}
    joint = replace(BENCHMARK, corpora=("a", "b"))
    with pytest.raises(BenchmarkError, match=r"anger \(a: angry; b: anger\).*basic6 \| five \| seven") as error:
        choose(joint, corpora, {"a": "a", "b": "b"})
    assert "disgust (" not in str(error.value)
    assert len(choose(replace(joint, labels="basic6"), corpora, {"a": "a", "b": "b"}).clips) == 4
    assert len(choose(joint, {**corpora, "b": clips("angry", "bored")}, {"a": "a", "b": "b"}).clips) == 4


def test_a_corpus_that_gives_nothing_stops_the_benchmark():
    corpora = {"a": clips("angry", "sad"), "b": clips("neutral", "neutral")}
    with pytest.raises(BenchmarkError, match=r"corpus b gives no clip .*b: outside label set 'neutral' 2"):
        choose(replace(BENCHMARK, corpora=("a", "b"), labels="five"), corpora, {"a": "a", "b": "b"})
