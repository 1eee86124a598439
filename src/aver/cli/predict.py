"""`aver predict CLIP…`: what the trained models say of new clips, over time and of each clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aver.cli.prediction.answer import Answer
    from aver.cli.prediction.run import Predicted

#: The folder of the stage outs, in the repository's root folder, where AVER's commands work.
DATA = Path("data")
#: Steps in the table of one clip, where the user asks for no other number.
STEPS = 12


@click.command()
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="CLIP…")
@click.option("--benchmark", default="", help="Whose models to ask. Default: the first one in params.yaml.")
@click.option("--strategy", default="", help="Whose models to ask, e.g. visual. Default: `fusion` of params.yaml.")
@click.option("--protocol", default="", help="Whose models to ask. Default: the benchmark's own (not those beside it).")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), metavar="FILE|-",
    help="Everything as JSON; - for the terminal, instead of tables.",
)  # fmt: skip
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="One row per clip and per step.")  # fmt: skip
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png",
              help="Faces over the probabilities in time; of several clips FILE-1.png, FILE-2.png, …")  # fmt: skip
@click.option("--steps", type=click.IntRange(0), help=f"Most steps in the table of a clip. Default: {STEPS}, of "
              "several clips none.")  # fmt: skip
@click.pass_context
def predict(
    context: click.Context,
    clips: tuple[Path, ...],
    benchmark: str,
    strategy: str,
    protocol: str,
    json_file: Path | None,
    csv_file: Path | None,
    picture: Path | None,
    steps: int | None,
) -> None:
    """Ask the trained models about new clips.

    CLIP is a video or sound file. It goes through the same steps as the corpora (and through the clip cache), then to
    all models of one strategy, one for each fold and seed: with 5 speaker-disjoint folds and 3 seeds that are 15
    models, each trained on other speakers. The answer is the mean of their probabilities:

    \b
    over time    at each step (a frame with a face and the window of sound that
                 holds it, a window of both, or of sound alone), from the steps
                 up to it: no line is the answer of its own step alone
    of the clip  the mean over its sequences, cut as in training: what the report scores

    Of a clip that the benchmark holds, only those models are asked that neither trained nor validated on it. Train the
    models with `dvc repro` first. Exit status: 0, or 1 if a clip has no answer.

    \b
    Example:
      aver predict talk.mp4
      aver predict talk.mp4 --strategy visual --picture talk.png
      aver predict takes/*.mp4 --csv takes.csv
      aver predict talk.mp4 --json - | jq '.clips[0].probabilities'
      aver predict -- -odd-name.mp4

    docs/predict.md says what the numbers mean.
    """  # noqa: D301  click reads the control character
    # Imported here: `aver --help` need not wait for torch.
    from aver.cli.prediction.run import Wanted, run
    from aver.params.file import load

    # The group goes to the repository's root folder; where the user stands it leaves as the context's object.
    here = context.obj if isinstance(context.obj, Path) else Path.cwd()
    dash = json_file is not None and str(json_file) == "-"
    outputs = [file for file in (None if dash else json_file, csv_file, picture) if file]
    _check(outputs, picture, clips, here)
    done = run(DATA, clips, here, Wanted(benchmark, strategy, protocol), load())
    _write(done, here, None if dash else json_file, csv_file, picture)
    if dash:
        click.echo(done.json(), nl=False)
    else:
        _show(done, STEPS if len(clips) == 1 and steps is None else steps or 0)
    if done.refused:
        context.exit(1)


def _check(outputs: Sequence[Path], picture: Path | None, clips: Sequence[Path], here: Path) -> None:
    """Refuse before any work what could not be written, or would replace a clip."""
    if picture is not None and picture.suffix.lower() != ".png":
        raise click.BadParameter(
            f"{picture} does not end in .png, and no other format is written", param_hint="--picture"
        )
    inputs = {(here / clip).resolve() for clip in clips}
    for file in outputs:
        if (here / file).resolve() in inputs:
            raise click.UsageError(f"{file} is one of the clips; it would be replaced. Name another file.")
        if not (here / file).parent.is_dir():
            raise click.UsageError(f"{file}: there is no folder {file.parent}. Make it first, or name another file.")


def _write(done: Predicted, here: Path, json_file: Path | None, csv_file: Path | None, picture: Path | None) -> None:
    from aver.cli.prediction.files import as_csv, write

    if json_file is not None:
        write(here / json_file, json_file, done.json().encode())
    if csv_file is not None:
        write(here / csv_file, csv_file, as_csv(done.chosen.models.labels, done.answers).encode())
    if picture is not None:
        from aver.cli.prediction.picture import draw

        for number, answer in enumerate(done.answers, start=1):
            file = picture if done.named == 1 else picture.with_name(f"{picture.stem}-{number}{picture.suffix}")
            write(here / file, file, draw(done.clip(answer), answer, done.chosen, done.notices, done.params))
            click.echo(f"{file}  {answer.clip}", err=True)


def _show(done: Predicted, steps: int) -> None:
    from aver.cli.prediction.words import clips_table, time_table

    click.echo("\n".join([done.chosen.words, *done.notices]))
    if done.answers:
        click.echo(f"\nProbabilities in percent:\n\n{clips_table(done.answers)}")
    for answer in done.answers:
        _tell(answer, steps, time_table(answer, steps) if steps else "", alone=len(done.answers) == 1)
    for one in done.refused:
        click.echo(f"{one.clip}: {one.told}", err=True)


def _tell(answer: Answer, steps: int, over_time: str, *, alone: bool) -> None:
    for note in answer.notes:
        click.echo(note if alone else f"{answer.clip}: {note}")
    if over_time:
        left_out = len(answer.steps) - steps
        more = f" ({steps} of {len(answer.steps)} steps; --steps, --csv or --json give more)" if left_out > 0 else ""
        click.echo(
            f"\nOver time{'' if alone else f' in {answer.clip}'}{more}; each line rests on what is seen and heard"
        )
        click.echo(f"since the time in its first column:\n\n{over_time}")
