"""`aver corpus`: what it says before any stage has run and after, and what it never sends to a terminal."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner, Result

from aver.cli import card
from aver.cli.corpus import corpus
from aver.cli.failures import failures
from aver.corpora import ravdess
from aver.corpora.catalogue import catalogue, write_catalogue
from aver.corpora.published import Part
from aver.errors import CorpusError, ParamsError, main_of, visible
from aver.ledger import Failure, write_ledger
from aver.params.blocks import Corpus
from aver.report.card_published import Pair

ROOT = Path(__file__).parents[2]
RED = "red\x1b[31m\nline\x9b0m\u202e.mp4"
Aver = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository folder with two corpora and no stage that ever ran: four RAVDESS files, and odd names."""
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"] = {
        "ravdess": {"root": "raw/ravdess"},
        "mine": {"root": "raw/mine", "adapter": "folder"},
        "gone": {"root": "raw/gone", "adapter": "folder"},
    }
    content["benchmarks"] = {"own": {**content["benchmarks"]["synthetic"], "corpora": ["ravdess"]}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for actor, emotion, intensity in (("01", "03", "01"), ("01", "03", "02"), ("02", "01", "01"), ("02", "01", "02")):
        file = tmp_path / "raw/ravdess" / f"Actor_{actor}" / f"01-01-{emotion}-{intensity}-01-01-{actor}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(file.name.encode())
    for name in (RED, "n" * 200 + ".mp4", "notes.txt"):
        (tmp_path / "raw/mine").mkdir(exist_ok=True)
        (tmp_path / "raw/mine" / name).write_bytes(name.encode())
    counts = {"label": {"happy": 2, "neutral": 2}, "sex": {"male": 2, "female": 1}}
    whole = Part("speech, audio-video", "Authors 2000", {"channel": "speech"}, 4, 2, counts)
    monkeypatch.setattr(ravdess, "PUBLISHED", (whole, Part("song", "Authors 2000", {"channel": "song"}, 9)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def aver(here: Path) -> Aver:
    return lambda *arguments, ok=True: CliRunner().invoke(corpus, arguments, obj=here, catch_exceptions=not ok)


def read(here: Path, name: str = "ravdess") -> None:
    block = Corpus(str(here / "raw" / name), "folder" if name == "mine" else name)
    folder = here / "data/corpora" / name
    folder.mkdir(parents=True)
    write_catalogue(folder, catalogue(name, block), 1.0)


def facts(result: Result) -> Any:
    return json.loads(result.stdout)


def test_names_alone_before_any_stage_has_run(aver: Aver) -> None:
    said = aver("ravdess").stdout
    assert "Read just now from the names below raw/ravdess" in said
    assert "speakers        2 (female 1, male 1); clips: 1 (02) to 2 (01), median 1.5" in said
    # The second clip of actor 02 would be a neutral of strong intensity.
    assert "! speech, audio-video: clips 3 (published: 4), speakers 2 as published" in said
    assert "!neutral: 1 (published: 2), all others as published" in said
    assert "    sex: as published" in said and "song: not here (9 clips published)" in said
    assert "! corpora: bad_name, 1 file:" in said and "01-01-01-02-01-01-02" in said
    assert max(map(len, said.splitlines())) <= 100


def test_doubles_are_compared_before_any_stage_has_run(here: Path, aver: Aver) -> None:
    first = here / "raw/ravdess/Actor_01/01-01-03-01-01-01-01.mp4"
    for folder, content in (("copy", first.read_bytes()), ("other", b"other")):
        (here / "raw/ravdess" / folder).mkdir()
        (here / "raw/ravdess" / folder / first.name).write_bytes(content)
    said = " ".join(aver("ravdess").stdout.split())
    assert "copied, 1 clip:" in said and "corpora: duplicate, 1 file:" in said
    assert f"copy/{first.name} has the name of" not in said and "and other content" in said


def test_the_stages_tables_once_they_are_there(here: Path, aver: Aver) -> None:
    read(here)
    assert "media and faces not yet: `dvc repro` runs them" in aver("ravdess").stdout
    clips = pd.read_parquet(here / "data/corpora/ravdess/clips.parquet")["clip_id"]
    media = here / "data/media/ravdess"
    media.mkdir(parents=True)
    rows = [
        {"clip_id": clip, "has_picture": True, "has_sound": False, "video_codec": "h264", "audio_codec": "",
         "width": 640, "height": 360, "source_rate_hz": 0, "picture_start_s": 0.0, "picture_end_s": 0.2 + k,
         "sound_start_s": None, "sound_end_s": None, "frame_times_s": [0.0, 0.1]} for k, clip in enumerate(clips)
    ]  # fmt: skip
    pd.DataFrame(rows).to_parquet(media / "media.parquet")
    write_ledger(media, [Failure("x", "media", "truncated", "ends at 1 s")], {})
    said = aver("ravdess").stdout
    assert "faces not yet" in said and "frame rate      10 fps: 3" in said
    assert re.search(r"duration +0.20 s \(\S+\) to 2.20 s \(\S+\), median 1.20 s", said)
    assert "media: truncated, 1 clip" in said
    found = facts(aver("ravdess", "--json"))
    assert found["media"]["values"]["picture"] == {"640 × 360": 3} and "durations_s" not in found["media"]
    assert found["parts"][0]["differs"] and not found["parts"][1]["here"]


def test_a_root_set_since_the_stage_ran_is_read_by_its_names(here: Path, aver: Aver) -> None:
    read(here)
    recorded = {"root": "raw/ravdess"}
    lock = {"stages": {"corpora@ravdess": {"params": {"params.yaml": {"corpora.ravdess": recorded}}}}}
    (here / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    assert "As the stages found it" in aver("ravdess").stdout
    recorded["root"] = "raw/before"
    (here / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    said = " ".join(aver("ravdess").stdout.split())
    assert "Read just now" in said and "the corpora stage last read raw/before" in said


def test_one_line_per_corpus_and_one_that_is_not_there_stops_no_other(here: Path, aver: Aver) -> None:
    read(here)
    lines = {line["corpus"]: line for line in facts(aver("--json"))}
    assert lines["ravdess"]["clips"] == 3 and lines["ravdess"]["read"] == "by stages"
    assert lines["mine"]["clips"] == 2 and lines["mine"]["read"] == "by names"
    said = aver()
    assert said.exit_code == 0 and "differs (1 of 2 parts)" in said.stdout
    assert "corpus gone: raw/gone does not exist" in said.stdout
    with pytest.raises(CorpusError, match="does not exist"):
        aver("gone")
    (here / "data/corpora/ravdess/clips.parquet").write_bytes(b"damaged")
    said = aver()
    assert said.exit_code == 0 and "data/corpora/ravdess/clips.parquet is damaged" in said.stdout
    assert "by names" in said.stdout  # of the corpus `mine`
    with pytest.raises(ParamsError, match=r"did you mean 'ravdess'\?.*Known: gone, mine, ravdess"):
        aver("ravdes")


def test_any_folder_by_root_and_adapter(here: Path, aver: Aver) -> None:
    shutil.copytree(here / "raw/ravdess", here / "elsewhere/R")
    found = facts(aver("--root", "elsewhere/R", "--adapter", "ravdess", "--json"))
    assert found["clips"] == 3 and found["corpus"] == "ravdess"
    assert facts(aver("mine", "--root", "elsewhere/R", "--json"))["adapter"] == "folder"
    (here / "empty").mkdir()
    assert "There is no clip of this corpus below" in aver("ravdess", "--root", "empty").stdout
    assert aver("--root", "empty", ok=False).exit_code == aver("--adapter", "ravdess", ok=False).exit_code == 2


@pytest.mark.parametrize("stage_ran", [False, True])
def test_nothing_in_a_name_acts_on_the_terminal(here: Path, aver: Aver, stage_ran: bool) -> None:
    if stage_ran:
        read(here, "mine")
        out = here / "data/corpora/mine"
        write_ledger(out, [Failure(RED, "corpora", "unreadable", RED)], {"ignored": [RED, "x" * 300]})
        listed = CliRunner().invoke(failures, [], catch_exceptions=False).stdout
        assert "red\\x1b[31m\\nline\\x9b0m\\u202e.mp4" in listed and acts(listed) == set()
        assert acts(CliRunner().invoke(failures, ["--json"], catch_exceptions=False).stdout) == set()
    else:
        (here / "raw/mine" / (RED + "\x1b" * 90)).touch()
    for arguments in (("mine",), ("mine", "--all"), ("mine", "--json"), ()):
        said = aver(*arguments).stdout
        assert acts(said) == set()
        if arguments and arguments[-1] != "--json":
            assert "red\\x1b[31m\\nline" in said
            assert max(map(len, said.splitlines())) <= 100


def test_five_of_many_clips_are_named_and_all_on_request(here: Path, aver: Aver) -> None:
    read(here)
    rows = [Failure(f"clip-{k}", "corpora", "unreadable", "") for k in range(7)]
    write_ledger(here / "data/corpora/ravdess", rows, {})
    said, whole = aver("ravdess").stdout, aver("ravdess", "--all").stdout
    assert "corpora: unreadable, 7 files" in said and "… and 2 more (--all)" in said
    assert [f"clip-{k}:" in said for k in (4, 5)] == [True, False] and "clip-6:" in whole
    assert len(facts(aver("ravdess", "--json"))["failed"][0]["members"]) == 7


def acts(text: str) -> set[str]:
    return {letter for letter in text if not letter.isprintable()} - {"\n"}


def test_an_error_that_names_a_file_is_spelt_out_too(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise CorpusError(f"two lines:\n{RED}")

    with pytest.raises(SystemExit):
        main_of(fail)
    said = capsys.readouterr().err
    assert "two lines:\nred\\x1b[31m\nline\\x9b0m" in said and acts(said) == set()
    assert visible("caf\u00e9 \U0001f600") == "caf\u00e9 \U0001f600" and visible("\udcff\t") == "\\udcff\\t"


def test_a_small_sample_of_a_corpus_names_what_is_here_and_counts_the_rest():
    values = {f"{number:02d}": Pair(int(number == 7), 60) for number in range(24)}
    assert card._values(values, False) == ["!07: 1 (published: 60)", "!23 others not here"]
    assert len(card._values(values, True)) == 24
    few = {"female": Pair(0, 10), "male": Pair(5, 10), "": Pair(10, 10)}
    assert card._values(few, False) == ["!female: 0 (published: 10)", "!male: 5 (published: 10)",
                                        "all others as published"]  # fmt: skip
