"""`aver show`: a contact sheet's facts and bytes, what it says when something is absent, and which clip is meant."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from aver.cli.sheet import canvas, decode, facts, gather, page, pictures, strips
from aver.cli.sheet.decode import choose
from aver.cli.sheet.facts import Sheet
from aver.cli.sheet.page import draw
from aver.cli.show import file_name, show
from aver.corpora.catalogue import catalogue, write_catalogue
from aver.errors import REASONS, CorpusError
from aver.faces.index import Faces, index_faces, write_faces
from aver.faces.settle import DETECTED, INTERPOLATED, MISSING
from aver.ledger import Failure
from aver.media.ffmpeg import executable
from aver.media.frames import Frames
from aver.media.index import index_media, write_media
from aver.media.probe import ProbeParams, probe
from aver.params.blocks import Synthetic
from aver.params.file import load
from aver.store.out import read_rows
from aver.synthetic.plan import plan
from aver.synthetic.render import RenderParams, render_clip
from aver.windows.index import index_windows, write_windows

REPOSITORY = Path(__file__).parents[2]
#: The face is covered for a moment, which is interpolated, and from here on, which is not.
COVERED, GONE_S = (0.4, 0.6), 1.2
LATE_S = 0.25
FACE, MUTE, HEARD, BROKEN, SEVERAL = "talk/face.mkv", "talk/mute.mp4", "heard.wav", "broken.mkv", "several.mkv"


def run_ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([executable(), "-nostdin", "-y", "-v", "error", *map(str, arguments)], check=True)


def make_clips(root: Path) -> None:
    (root / "talk").mkdir(parents=True)
    settings = Synthetic(speakers=2, takes=1, seed=7, fps=15, frame_px=160, duration_s=(1.8, 1.9))
    whole, other = root.parent / "whole.mp4", root.parent / "other.mp4"
    for path, number in ((whole, 0), (other, -1)):
        path.write_bytes(render_clip(RenderParams(plan(settings)[number], settings))["mp4"].tobytes())
    # One large and one small face, and after a cut the other person alone.
    small = "[1:v]scale=100:100,pad=160:160:30:30,split[b][c];[0:v][b]hstack,trim=end=1.2[two]"
    alone = "[c]pad=320:160:160:0,trim=end=0.7[one];[two][one]concat,setpts=PTS-STARTPTS"
    run_ffmpeg("-i", whole, "-i", other, "-filter_complex", f"{small};{alone}", root / SEVERAL)
    hide = f"between(t,{COVERED[0]},{COVERED[1]})+gte(t,{GONE_S})"
    box = f"drawbox=enable='{hide}':x=40:y=40:w=80:h=90:t=fill:c=gray"
    run_ffmpeg("-i", whole, "-itsoffset", str(LATE_S), "-i", whole, "-map", "0:v", "-map", "1:a", "-vf", box,
               "-c:a", "pcm_s16le", root / FACE)  # fmt: skip
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=size=90x160:rate=10:duration=1", root / MUTE)
    run_ffmpeg("-f", "lavfi", "-i", "aevalsrc=0.5*sin(880*PI*t):s=8000:d=1.5", root / HEARD)
    run_ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=160x120:rate=25", "-t", "3", "-g", "10", root.parent / "long.mkv")
    content = (root.parent / "long.mkv").read_bytes()
    (root / BROKEN).write_bytes(content[: len(content) // 2])
    (root / "labels.csv").write_text(f"path,label,speaker\n{FACE},happy,01\n")


def run_stages(name: str, params) -> None:
    """Do what the stage scripts do, for one corpus."""
    root, data = Path(params.corpora[name].root), Path("data")
    for stage in ("corpora", "media", "faces", "windows"):
        (data / stage / name).mkdir(parents=True)
    write_catalogue(data / "corpora" / name, catalogue(name, params.corpora[name]), 1.0)
    clips = read_rows(data / "corpora" / name / "clips.parquet")
    write_media(data / "media" / name, index_media(name, clips, root, params), 1.0)
    media = read_rows(data / "media" / name / "media.parquet")
    write_faces(data / "faces" / name, index_faces(name, clips, media, root, params), 1.0)
    write_windows(data / "windows" / name, index_windows(media, params.windows))


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Stand in a folder with params.yaml, two corpora and their stage outs."""
    folder = tmp_path_factory.mktemp("sheets")
    make_clips(folder / "raw" / "mine")
    (folder / "raw" / "twin").mkdir()
    shutil.copy(folder / "raw" / "mine" / HEARD, folder / "raw" / "twin" / HEARD)
    content = yaml.safe_load((REPOSITORY / "params.yaml").read_text(encoding="utf-8"))
    content["corpora"] = {
        name: {"root": str(folder / "raw" / name), "adapter": "folder"} for name in ("mine", "twin", "unread")
    }
    content["benchmarks"]["synthetic"]["corpora"] = ["mine"]
    content["parallel"] = {"jobs": 1, "backend": "sequential"}
    (folder / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("AVER_CACHE", str(folder / "cache"))
        for name in ("mine", "twin"):
            run_stages(name, load())
        yield folder


@pytest.fixture
def outs(home, tmp_path) -> Path:
    """Return a copy of the stage outs that a test may change."""
    return shutil.copytree(home / "data", tmp_path / "data")


@pytest.fixture
def drawn(monkeypatch) -> Counter[str]:
    """Count the words that are written on sheets."""
    words: Counter[str] = Counter()
    write = canvas.Page.write

    def spy(page, x, y, text, *rest, **how):
        words[text] += 1
        return write(page, x, y, text, *rest, **how)

    monkeypatch.setattr(canvas.Page, "write", spy)
    return words


def of(clip_id: str, count: int = 24, data: Path = Path("data"), corpus: str = "mine") -> Sheet:
    return gather.gather(data, corpus, clip_id, load(), count)


def texts(sheet: Sheet) -> list[str]:
    return [note.text for note in sheet.notes]


def chunks(png: bytes) -> list[str]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8].decode())
        at += length + 12
    return found


# ---------------------------------------------------------------- facts


def test_the_facts_of_a_whole_clip() -> None:
    sheet = of(FACE)
    row = sheet.media
    assert (sheet.clip["label"], sheet.clip["speaker"], sheet.notes) == ("happy", "01", [])
    assert (row["video_codec"], row["audio_codec"], row["width"], row["height"]) == ("h264", "pcm_s16le", 160, 160)
    assert sheet.fps == pytest.approx(15, rel=0.01)
    assert row["sound_start_s"] == pytest.approx(LATE_S, abs=0.002)
    assert sheet.duration_s == row["sound_end_s"] > row["picture_end_s"]

    times_s, ends_s = sheet.kept_s.T
    expected = np.where(times_s >= GONE_S, MISSING, DETECTED)
    expected[(times_s >= COVERED[0]) & (times_s <= COVERED[1])] = INTERPOLATED
    assert sheet.status is not None
    assert sheet.status.tolist() == expected.tolist()
    assert set(expected) == {MISSING, DETECTED, INTERPOLATED}
    assert sheet.coverage == np.mean(expected != MISSING)
    assert ends_s[:-1].tolist() == times_s[1:].tolist()
    assert ends_s[-1] == row["picture_end_s"]

    windows = [bar for bar in sheet.bars if bar.kind == "thirds"]
    assert {bar.kind for bar in sheet.bars} == set(load().windows)
    assert [bar.number for bar in windows] == [0, 1, 2]
    assert windows[0].t0_s == row["sound_start_s"]


def test_the_frames_shown_are_those_of_the_file_with_their_boxes(home) -> None:
    sheet = of(FACE)
    file = home / "raw" / "mine" / FACE
    frames = list(Frames(file, probe(ProbeParams(60.0), file), load().media.keep_every, 60.0))
    assert [frame.number for frame in sheet.shown] == list(range(len(frames)))
    assert sheet.status is not None
    (row,) = (row for row in read_rows(Path("data/faces/mine/faces.parquet")) if row["clip_id"] == FACE)
    boxes = np.reshape(row["boxes"], (-1, 4))
    for frame, picture, box in zip(sheet.shown, frames, boxes, strict=True):
        assert np.array_equal(frame.picture, picture)
        assert frame.time_s == sheet.kept_s[frame.number, 0]
        assert frame.status == sheet.status[frame.number]
        assert (frame.box is None) == (frame.status == MISSING)
        if frame.box:
            assert frame.box == pytest.approx(tuple(box / 160))


def test_few_of_many_frames_are_chosen_evenly_from_first_to_last() -> None:
    sheet = of(FACE, count=4)
    last = len(sheet.kept_s) - 1
    numbers = [frame.number for frame in sheet.shown]
    assert (numbers[0], numbers[-1], len(numbers)) == (0, last, 4)
    assert [frame.time_s for frame in sheet.shown] == [sheet.kept_s[number, 0] for number in numbers]
    for kept in range(1, 60):
        for count in range(1, 30):
            chosen = choose(kept, count)
            assert len(set(chosen)) == min(kept, count)
            assert set(chosen) <= set(range(kept))
            assert len(set(np.diff(chosen).tolist())) <= 2


def test_large_frames_are_kept_small(monkeypatch) -> None:
    monkeypatch.setattr(decode, "THUMB_PX", 40)
    assert {frame.picture.shape for frame in of(FACE).shown} == {(40, 40, 3)}


def test_the_waveform_has_the_time_and_the_height_of_the_sound() -> None:
    sheet = of(HEARD)
    wave = sheet.wave
    assert wave is not None
    assert wave.edges_s[[0, -1]].tolist() == pytest.approx([0.0, 1.5])
    assert wave.high.max() == pytest.approx(0.5, abs=0.02)
    assert wave.low.min() == pytest.approx(-0.5, abs=0.02)
    assert np.median(wave.rms) == pytest.approx(0.5 / np.sqrt(2), abs=0.02)
    late = of(FACE).wave
    assert late is not None
    assert late.edges_s[0] == pytest.approx(LATE_S, abs=0.002)


# ---------------------------------------------------------------- what is said


def test_what_is_absent_is_said(drawn) -> None:
    mute, heard = of(MUTE), of(HEARD)
    assert [text.split(":")[0] for text in texts(mute)] == ["No sound", "No face was found in any kept frame."]
    assert [text.split(":")[0] for text in texts(heard)] == ["No picture"]
    assert (mute.wave, mute.bars, mute.coverage) == (None, [], 0.0)
    assert (heard.shown, heard.status, heard.coverage) == ([], None, None)
    draw(mute)
    assert drawn["no sound"] == 2  # in the header and in place of the waveform
    assert drawn["missing"] == len(mute.shown) + 1  # on every frame and in the legend
    assert set(texts(mute)) <= set(drawn)
    drawn.clear()
    draw(heard)
    assert drawn["no picture"] == 3
    assert not drawn["What was seen"]


def test_frames_are_marked_by_their_status(drawn, monkeypatch) -> None:
    lines: Counter[tuple[str, bool]] = Counter()
    area = canvas.Page.area

    def spy(page, *place, **how):
        if "linestyle" in how:
            lines[how["edgecolor"], how["linestyle"] != "solid"] += 1
        return area(page, *place, **how)

    monkeypatch.setattr(canvas.Page, "area", spy)
    sheet = of(FACE)
    draw(sheet)
    shown = Counter(frame.status for frame in sheet.shown)
    legend = 1
    del lines["white", False]
    assert len(set(canvas.COLOURS.values())) == len(canvas.COLOURS) == 4
    assert lines == {
        (canvas.COLOURS[DETECTED], False): shown[DETECTED] + legend,
        (canvas.COLOURS[INTERPOLATED], True): shown[INTERPOLATED] + legend,
    }
    assert drawn["missing"] == shown[MISSING] + legend
    assert drawn["happy"] == drawn[f"all {len(sheet.kept_s)} kept frames"] == 1
    assert drawn[f"sound starts {LATE_S:.3f} s later"] == 1
    padded = sum(bar.status == "padded" for bar in sheet.bars)
    assert padded == sum(count for words, count in drawn.items() if words.endswith(" padded") and "," not in words)


def test_several_faces_and_cuts_are_shown(drawn, monkeypatch) -> None:
    lines: Counter[str] = Counter()
    line = canvas.Page.line

    def spy(page, xs, ys, colour, width, **how):
        lines[colour] += 1
        return line(page, xs, ys, colour, width, **how)

    monkeypatch.setattr(canvas.Page, "line", spy)
    sheet = of(SEVERAL)
    assert sheet.cuts == [9]
    assert sheet.tracks == 3
    assert sheet.seen is not None
    assert sheet.seen.tolist() == [2] * 9 + [1] * (len(sheet.seen) - 9)
    assert [len(frame.others) for frame in sheet.shown] == [1] * len(sheet.shown)
    assert [frame.number for frame in sheet.shown if frame.after_cut] == [9]
    for frame in sheet.shown:  # the chosen one stands left, the small one and, later, the other person right
        assert (frame.box is not None) == (frame.number < 9)
        assert frame.box is None or frame.box[0] < 0.5
        assert frame.others[0][0] > 0.5
    told = [text.split(":")[0].split(";")[0] for text in texts(sheet)]
    assert told == ["One cut", "3 tracks of faces were found"]
    draw(sheet)
    assert drawn["another face"] == drawn["cut"] == drawn["up to 2 at once"] == 1
    assert drawn["2 faces"] == 9
    assert drawn[f"{facts.covered(sheet)}, 1 cut"] == 1
    assert lines[canvas.CUT] == 3  # in the legend, before frame 9, on the time line
    assert [frame.after_cut for frame in of(SEVERAL, count=2).shown] == [False, True]


def test_the_number_of_faces_over_time() -> None:
    kept_s = np.stack([np.arange(4) / 4, np.arange(1, 5) / 4], axis=1)
    sheet = Sheet("c", "even", status=np.ones(4, np.uint8), kept_s=kept_s)
    strip = strips.count_strip(sheet, np.array([0, 1, 2, 1], np.uint8), 2.0, 8, 4)
    assert strip[0, :, 3].tolist() == [0, 255, 255, 255, 0, 0, 0, 0]
    assert len({tuple(pixel) for pixel in strip[0, 1:4].tolist()}) == 2


def test_a_clip_that_failed_still_has_a_sheet(outs, drawn) -> None:
    broken = of(BROKEN)
    (note,) = broken.notes
    assert note.failed
    assert note.text.startswith("Failed at media: truncated:")
    assert note.text.endswith(f"Remedy: {REASONS['truncated'].remedy}.")
    draw(broken)
    assert drawn["broken.mkv"]
    assert "Failed at media: truncated" in " ".join(drawn)

    rows = [row for row in read_rows(outs / "faces" / "mine" / "faces.parquet") if row["clip_id"] != FACE]
    failures = [Failure(FACE, "faces", "too_long", "decoding took more than 1 s")]
    write_faces(outs / "faces" / "mine", Faces(rows, failures, []), 1.0)
    sheet = of(FACE, data=outs)
    (note,) = sheet.notes
    assert note.text.startswith("Failed at faces: too_long:")
    assert (sheet.status, sheet.coverage) == (None, None)
    assert {(frame.status, frame.box) for frame in sheet.shown} == {(None, None)}
    assert sheet.wave is not None
    draw(sheet)
    assert not drawn["missing"]


def test_what_is_not_known_yet_is_said(outs) -> None:
    shutil.rmtree(outs / "faces")
    (note,) = of(FACE, data=outs).notes
    assert note.text.startswith("Not known yet: the faces stage has not run.")
    shutil.rmtree(outs / "media")
    shutil.copytree("data/media/twin", outs / "media" / "mine")
    (note,) = of(FACE, data=outs).notes
    assert note.text.startswith("The media stage does not know this clip yet.")


def test_faces_of_other_frames_are_not_drawn(outs) -> None:
    """The media stage ran again with another `keep_every`, the faces stage did not."""
    rows = read_rows(outs / "faces" / "mine" / "faces.parquet")
    for row in rows:
        row["status"], row["boxes"] = row["status"][1:], row["boxes"][4:]
    write_faces(outs / "faces" / "mine", Faces(rows, [], []), 1.0)
    sheet = of(FACE, data=outs)
    assert texts(sheet) == ["The faces are older than the media stage. Run `dvc repro`."]
    assert sheet.status is None


def test_a_file_that_is_gone_or_changed_is_said(home) -> None:
    file = home / "raw" / "mine" / MUTE
    content = file.read_bytes()
    try:
        file.write_bytes(content + b"more")
        assert "changed" in texts(of(MUTE))[-1]
        assert not of(MUTE).shown
        file.unlink()
        assert "missing" in texts(of(MUTE))[-1]
    finally:
        file.write_bytes(content)
    assert of(MUTE).shown


# ---------------------------------------------------------------- bytes


def test_the_same_sheet_is_the_same_bytes_whatever_the_readers_settings(monkeypatch, tmp_path) -> None:
    png = draw(of(FACE, count=3))
    monkeypatch.setitem(mpl.rcParams, "font.size", 30.0)
    monkeypatch.setitem(mpl.rcParams, "savefig.dpi", 40.0)
    monkeypatch.setitem(mpl.rcParams, "hatch.linewidth", 5.0)
    monkeypatch.setenv("AVER_CACHE", str(tmp_path / "empty"))  # outs came here without the clip cache
    assert draw(of(FACE, count=3)) == png
    assert mpl.rcParams["font.size"] == 30.0
    assert set(chunks(png)) <= {"IHDR", "pHYs", "IDAT", "IEND"}
    assert struct.unpack(">I", png[16:20]) == (2000,)
    assert draw(of(FACE, count=2)) != png


# ---------------------------------------------------------------- the drawing


def test_a_short_gap_stays_visible_in_a_long_clip() -> None:
    frames, columns = 40_000, 100
    times_s = np.arange(frames) / 10
    status = np.full(frames, DETECTED, np.uint8)
    status[12_345] = MISSING
    long = Sheet("c", "long", status=status, kept_s=np.stack([times_s, times_s + 0.1], axis=1))
    strip = strips.status_strip(long, 5000.0, columns, 8)
    seen = strip[..., 3].any(axis=0)
    assert seen.tolist() == [True] * 80 + [False] * 20  # the picture ends before the sound
    blue = np.array(mpl.colors.to_rgb(canvas.COLOURS[DETECTED])) * 255
    others = np.abs(strip[..., :3] - blue).max(axis=(0, 2)) > 2
    assert np.flatnonzero(others & seen).tolist() == [int(1234.5 / 50)]


def test_every_frame_has_its_place_on_the_strip() -> None:
    times_s = np.arange(4) / 4  # each begins on the edge of a column …
    for shift_s in (0.0, 0.004):  # … or within one
        kept_s = np.stack([times_s, times_s + 0.25], axis=1) + shift_s
        strip = strips.status_strip(Sheet("c", "even", status=np.ones(4, np.uint8), kept_s=kept_s), 2.0, 200, 4)
        white = (strip == 255).all(axis=(0, 2))
        assert np.flatnonzero(white).tolist() == [25, 50, 75]


@pytest.mark.parametrize("ratio", [0.2, 9 / 16, 1.0, 16 / 9, 8.0])
@pytest.mark.parametrize("count", [1, 2, 13, 24, 60])
def test_thumbnails_stay_on_the_page(count: int, ratio: float) -> None:
    columns, width = pictures._columns(count, ratio)
    rows = -(-count // columns)
    pitch = max(width, canvas.MIN_CELL) + canvas.GAP
    assert width > 0.1
    assert columns * pitch - canvas.GAP <= canvas.WIDTH - 2 * canvas.MARGIN + 1e-9
    assert rows * (width / ratio + canvas.CAPTION + canvas.GAP) <= canvas.MAX_GRID * max(1, count / 24) + 1e-9


def test_long_words_stay_within_their_place() -> None:
    page = canvas.Page()
    assert page.write(0, 0, "short", 12, most=2.0) == page.width("short", 12)
    assert page.write(0, 0, "long/" * 60 + "name.mp4", 12, most=2.0) <= 2.0
    assert page.axes.texts[-1].get_text().endswith("name.mp4")
    page.write(0, 0, "two\nlines", 12)
    assert page.axes.texts[-1].get_text() == "two?lines"


# ---------------------------------------------------------------- the command


def run_show(*arguments: str, obj: Path | None = None):
    return CliRunner().invoke(show, list(arguments), obj=obj)


@pytest.fixture
def quick(monkeypatch) -> list[tuple[str, str]]:
    """Draw nothing; return the corpus and clip id of every sheet that was asked for."""
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(gather, "gather", lambda data, corpus, clip_id, params, count: asked.append((corpus, clip_id)))
    monkeypatch.setattr(page, "draw", lambda sheet: b"png")
    return asked


def test_the_command_writes_a_sheet_where_the_user_stands(home, tmp_path) -> None:
    done = run_show(MUTE, "--frames", "2", obj=tmp_path)
    assert (done.exit_code, done.output) == (0, "talk_mute.mp4.png\n"), done.exception
    assert (tmp_path / "talk_mute.mp4.png").read_bytes() == draw(of(MUTE, count=2))
    assert not list(home.glob("*.png"))
    done = run_show(MUTE, "--out", str(tmp_path / "no" / "x.png"))
    assert isinstance(done.exception, CorpusError)
    assert "cannot be written" in str(done.exception)


@pytest.mark.parametrize("typed", [FACE, "face.mkv", "raw/mine/talk/face.mkv", "{root}/raw/mine/talk/face.mkv"])
def test_a_clip_is_named_by_id_or_path(home, tmp_path, quick, typed: str) -> None:
    done = run_show(typed.format(root=home), "--out", str(tmp_path / "a.png"))
    assert done.exit_code == 0, done.exception
    assert quick == [("mine", FACE)]


def test_a_path_counts_from_where_the_user_stands(home, tmp_path, quick) -> None:
    assert run_show("../twin/heard.wav", "--out", "a.png", obj=home / "raw" / "mine").exit_code == 0
    assert quick == [("twin", HEARD)]
    (home / "raw" / "mine" / "a.png").unlink()


def test_a_clip_of_two_corpora_has_to_be_told_apart(tmp_path, quick) -> None:
    message = str(run_show(HEARD).exception)
    assert "corpus mine" in message
    assert "corpus twin" in message
    assert "--corpus" in message
    assert run_show(HEARD, "--corpus", "twin", "--out", str(tmp_path / "a.png")).exit_code == 0
    assert quick == [("twin", HEARD)]


def test_an_unknown_name_is_answered_with_similar_ones(monkeypatch, tmp_path, quick) -> None:
    for typed in ("talk/fase.mkv", "fase.mkv", "/a/folder/of/another/machine/faces.mkv"):
        error = run_show(typed).exception
        assert isinstance(error, CorpusError)
        assert f"Similar: {FACE}" in str(error)
    assert "Similar" not in str(run_show("zzzzzz").exception)
    assert "mine, twin" in str(run_show(FACE, "--corpus", "unread").exception)
    params = Path("params.yaml").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(params, encoding="utf-8")
    assert "no corpus was read yet" in str(run_show(FACE).exception)
    assert not quick


def test_a_sheets_name_is_a_name_and_no_path() -> None:
    assert file_name("../../etc/a:b\n.mp4") == "_.._etc_a_b_.mp4.png"
    assert file_name("S01_angry_T1") == "S01_angry_T1.png"


def test_importing_the_command_is_light() -> None:
    heavy = ("cv2", "matplotlib", "numpy", "pyarrow")
    code = f"import sys, aver.cli.show; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=REPOSITORY / "src")  # fmt: skip
    assert done.stdout.strip() == "[]"
