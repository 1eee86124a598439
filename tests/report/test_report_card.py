"""The card of a corpus: its numbers against arithmetic by hand, its words, its plots, and what is not there."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from aver.corpora import folder as adapter
from aver.corpora.clip import CLIPS, Clip
from aver.corpora.findings import FINDINGS, Finding
from aver.corpora.published import Part
from aver.ledger import Failure, write_ledger
from aver.report.card import card_of
from aver.report.card_figures import plots, published_labels
from aver.report.card_properties import frame_rate
from aver.report.card_tables import Tables, read_tables
from aver.report.card_words import content, faces, heading, media, sentence
from aver.report.render import page
from aver.store.out import write_table

#: Speaker, sex, label, perceived, modality.
SPOKEN = [
    ("ann", "female", "happy", "happy", "audiovisual"),
    ("ann", "female", "happy", "sad", "audiovisual"),
    ("ann", "female", "sad", "sad", "audiovisual"),
    ("bob", "male", "happy", "", "audiovisual"),
    ("bob", "male", "", "sad", "audio"),
]
PART = Part(
    "video", "Authors 2000", {"modality": "audiovisual"}, clips=5, speakers=2,
    counts={"label": {"happy": 3, "sad": 1, "calm": 1}}, note="said twice",
)  # fmt: skip
SONG = Part("song", "Authors 2000", {"channel": "song"}, clips=7)


def clip_rows():
    return [
        Clip(f"c{k}", f"c{k}.mp4", label, perceived, speaker, sex, take=f"t{k // 2}", modality=modality).row()
        for k, (speaker, sex, label, perceived, modality) in enumerate(SPOKEN)
    ]


def medium(name, end_s=2.0, times=None, rate=48000, width=640, sound=(0.0, 2.0)):
    times = [k / 25 for k in range(50)] if times is None else times
    return {
        "clip_id": name, "has_picture": bool(times), "has_sound": rate > 0, "video_codec": "h264",
        "audio_codec": "aac", "width": width, "height": 480, "source_rate_hz": rate,
        "picture_start_s": times[0] if times else None, "picture_end_s": end_s if times else None,
        "sound_start_s": sound[0] if rate else None, "sound_end_s": sound[1] if rate else None,
        "frame_times_s": times,
    }  # fmt: skip


def face(name, frames, missing, **more):
    absent = "" if frames > missing else "no_face" if frames else "no_picture"
    return {"clip_id": name, "absent": absent, "frames": frames, "missing": missing, **more}


@pytest.fixture(autouse=True)
def published(monkeypatch):
    monkeypatch.setattr(adapter, "PUBLISHED", (PART, SONG))


@pytest.fixture
def tables():
    uneven = [0.0, 0.04, 0.08, 0.2, 0.24]
    return Tables(
        "own", "folder", clips=clip_rows(),
        media=[
            medium("c0"), medium("c1", rate=22050), medium("c2", width=320, sound=(0.25, 1.75)),
            medium("c3", end_s=0.28, times=uneven, sound=(0.0, 3.0)), medium("c4", times=[], sound=(0.0, 4.0)),
        ],
        faces=[face("c0", 10, 0), face("c1", 10, 6), face("c2", 10, 10), face("c3", 4, 1), face("c4", 0, 0)],
    )  # fmt: skip


def test_counts_of_the_names(tables):
    card = card_of(tables)
    assert (card.clips, card.takes, card.speakers) == (5, 3, {"ann": 3, "bob": 2})
    assert card.counts["label"] == {"(unknown)": 1, "happy": 3, "sad": 1}
    assert card.counts["perceived"] == {"(unknown)": 1, "happy": 1, "sad": 3}
    assert card.counts["sex"] == {"female": 3, "male": 2} and "channel" not in card.counts
    # Both labels are known of c0, c1 and c2; of these c1 is perceived as another.
    assert (card.agreement.clips, card.agreement.agreed) == (3, 2)
    assert card.agreement.confusion == {"happy": {"happy": 1, "sad": 1}, "sad": {"happy": 0, "sad": 1}}
    said = dict(content(card))
    assert said["speakers"] == "2 (female 1, male 1); clips: 2 (bob) to 3 (ann), median 2.5"
    assert said["as intended"] == "perceived in 2 of 3 clips with both labels (66.7 %)"


def test_speaker_of_two_sexes_and_speaker_of_none():
    rows = [
        Clip("a", "a", speaker="x", sex="female").row(),
        Clip("b", "b", speaker="x", sex="male").row(),
        Clip("c", "c", speaker="y").row(),
    ]
    assert card_of(Tables("own", "folder", clips=rows)).speaker_sex == {"x": "female and male", "y": "(unknown)"}


def test_found_against_published(tables):
    video, song = card_of(tables).parts
    assert (video.clips.found, video.clips.published, video.clips.differs) == (4, 5, True)
    assert not video.speakers.differs and video.differs
    assert {value: (one.found, one.published) for value, one in video.values["label"].items()} == {
        "happy": (3, 3), "sad": (1, 1), "calm": (0, 1),
    }  # fmt: skip
    assert heading(video) == "clips 4 (published: 5), speakers 2 as published"
    assert not song.here and not song.differs and heading(song) == "not here (7 clips published)"


def test_value_that_nobody_publishes_is_shown_beside_a_dash(monkeypatch, tables):
    monkeypatch.setattr(adapter, "PUBLISHED", (replace(PART, clips=None, counts={"label": {"happy": 3}}),))
    part = card_of(tables).parts[0]
    assert part.values["label"]["sad"].published is None and not part.differs


def test_media_and_faces(tables):
    card = card_of(tables)
    assert card.media.durations_s == [2.0, 2.0, 2.0, 3.0, 4.0]
    # 0.24 s with five frames: 4 / 0.24; its one long step makes the rate vary.
    assert card.media.values["frame rate"] == {"25 fps": 3, "variable": 1} and card.media.variable_rate == 1
    assert card.media.values["picture"] == {"640 × 480": 3, "320 × 480": 1}
    said = dict(media(card.media))
    assert said["duration"] == "2.00 s (c0) to 4.00 s (c4), median 2.00 s; 0.00 h in all"
    assert said["sound starts"] == "0.000 s (c0) to 0.250 s (c2) after the picture, median 0.000 s"
    # c2: 1.5 s of sound with 2 s of picture; c3: 3 s with 0.28 s.
    assert said["sound lasts"] == "−0.500 s (c2) to 2.720 s (c3) longer than the picture, median 0.000 s"
    assert card.faces.coverages == [0.0, 0.4, 0.75, 1.0]
    assert (card.faces.low, card.faces.no_face, card.faces.cuts) == (2, 1, None)
    assert dict(faces(card.faces))["face coverage"] == "median 57.5 %, least 0.0 % (c2)"


def test_cuts_and_several_faces_count_once_the_faces_stage_knows_them(tables):
    rows = [face("c0", 5, 0, cuts=2, tracks=1), face("c1", 5, 0, cuts=0, tracks=3), face("c2", 5, 0, cuts=0, tracks=2)]
    card = card_of(replace(tables, faces=rows))
    assert dict(faces(card.faces))["faces, clips"] == (
        "0 below 50 %, 0 without a face, 1 with cuts, 2 with several faces"
    )


def test_clips_unlike_most_of_their_modality_are_named(tables):
    said = [sentence(one) for one in card_of(tables).unusual]
    assert said == [
        "1 clip of 4 (audiovisual) has a frame rate that varies: c3",
        "1 clip of 4 (audiovisual) has 320 × 480: c2",
        "1 clip of 4 (audiovisual) has 22050 Hz: c1",
    ]
    even = [medium("c0", rate=8000), medium("c1", rate=16000)]
    assert not card_of(replace(tables, media=even)).unusual  # one against one: neither is usual


@pytest.mark.parametrize(
    ("rate", "shown"), [(30000 / 1001, "29.97 fps"), (30, "30 fps"), (24000 / 1001, "23.976 fps"), (17.3, "17.3 fps")]
)
@pytest.mark.parametrize("digits", [9, 3])
def test_frame_rates_survive_time_stamps_in_whole_milliseconds(rate, shown, digits):
    assert frame_rate([round(k / rate, digits) for k in range(120)]) == (shown, False)


def test_codes_of_an_older_version_stand_for_themselves(tables):
    lists = {key: [{"clip_id": "c0", "stage": "media", "reason": "old", "kind": "old", "detail": None}]
             for key in ("failures", "findings")}  # fmt: skip
    card = card_of(replace(tables, **lists))
    assert [(group.code, group.meaning) for group in (*card.failed, *card.findings)] == [
        ("media: old", "old"),
        ("old", "old"),
    ]


def test_what_no_stage_has_left_is_a_dash(tmp_path):
    card = card_of(read_tables(tmp_path, "own", "folder"))
    assert not card.is_read and content(card) == [("clips", "–")] and plots(card) == []
    assert {value for _, value in [*media(None), *faces(None)]} == {"–"}


@pytest.fixture
def odd_names(folder):
    """A corpus on disk whose names try everything."""
    names = ['<img src=x onerror="alert(1)">.mp4', "red\x1b[31m\nline.mp4", "'quoted' & | \u202egnp.mp4", "n" * 250]
    clips = [Clip(n, n, "<u>glad</u>", "", f"<i>{k}</i>", take=n).row() for k, n in enumerate(names)]
    out = folder / "corpora/clips"
    write_table(out / "clips.parquet", clips, CLIPS)
    write_table(out / "findings.parquet", [Finding(n, "irregular_name", n).row() for n in names], FINDINGS)
    write_ledger(out, [Failure(n, "corpora", "bad_name", n) for n in names], {"clips": 4, "ignored": names})
    for stage, rows in (("media", [medium(names[0])]), ("faces", [face(names[0], 5, 1)])):
        pd.DataFrame(rows).to_parquet(folder / stage / "clips" / f"{stage}.parquet")
    return names


def test_page_escapes_the_names_and_draws_each_plot(odd_names, read):
    html = page(read(), [])
    assert "<img src=x" not in html and "<u>" not in html and "<i>" not in html
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;.mp4" in html
    assert "red\\x1b[31m\\nline.mp4" in html and "\x1b" not in html and "\u202e" not in html
    assert html.count('src="data:image/png;base64,') == 4
    assert "n" * 250 not in html.partition("<h2>Coverage")[0]  # the tables of failed clips below have it whole


def test_page_marks_what_differs(folder, read):
    write_table(folder / "corpora/clips/clips.parquet", clip_rows(), CLIPS)
    html = page(read(), [])
    table = html.partition("<caption>video</caption>")[2].partition("</table>")[0]
    rows = [line for line in table.splitlines() if 'class="differs"' in line]
    assert [line.partition('row">')[2].partition("<")[0] for line in rows] == ["clips", "calm"]
    assert all("<td>−1</td>" in line for line in rows)
    assert "song: not here (7 clips published)." in html


def test_published_labels_are_drawn_only_where_parts_hold_every_clip_once(tables, monkeypatch):
    whole = replace(PART, where={})
    for parts, drawn in (((whole,), {"happy": 3, "sad": 1, "calm": 1}), ((whole, whole), {}), ((PART,), {})):
        monkeypatch.setattr(adapter, "PUBLISHED", parts)
        assert published_labels(card_of(tables)) == drawn


def test_plots_are_the_same_bytes_again(tables):
    first = plots(card_of(tables))
    assert [plot.title for plot in first] == [
        "Clips per label", "Clips per speaker", "Durations", "Coverage of faces",
    ]  # fmt: skip
    assert plots(card_of(tables)) == first
