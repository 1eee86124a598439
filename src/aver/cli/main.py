"""The `aver` command: look into the pipeline and its clip cache, and look after them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

import aver as aver_package
from aver import __version__
from aver.cli.corpus import corpus
from aver.cli.doctor import doctor
from aver.cli.explain import explain
from aver.cli.export import export
from aver.cli.failures import failures
from aver.cli.gc import gc
from aver.cli.plan import plan
from aver.cli.predict import predict
from aver.cli.retry import retry
from aver.cli.show import show
from aver.cli.status import status
from aver.cli.weights import weights
from aver.errors import main_of


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version")
@click.pass_context
def aver(context: click.Context) -> None:
    """Look into an AVER pipeline and its clip cache, and look after them.

    `dvc repro` does the work: it computes what is missing and keeps every finished clip. These commands tell what it
    would do, what it did and why, and keep what it stored in order. Run them anywhere inside the repository.

    \b
    Before a run   aver corpus NAME   what a corpus holds, beside what its authors publish
                   aver weights       which weights the encoders need, and how to get them
                   aver plan          what the next `dvc repro` computes, and how long that takes
    After a run    aver status        what every stage holds
                   aver failures      which clips failed, why, and what to do; `aver retry` tries them again
                   aver show CLIP     a picture of what the pipeline saw in a clip
                   aver export STREAM embeddings in another format
                   aver predict CLIP  what the trained models say of a new clip
    In doubt       aver explain CLIP  why a clip's result is, or is not, taken from the cache
                   aver doctor        whether everything stored is whole
    Disk full      aver gc            what can be let go
    """  # noqa: D301  click reads the control character
    _enter_repository(context)


for command in (corpus, doctor, explain, export, failures, gc, plan, predict, retry, show, status, weights):
    aver.add_command(command)


def _enter_repository(context: click.Context) -> None:
    """Go to the nearest folder above that holds the pipeline, as git and dvc do."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "params.yaml").is_file():
            _run_the_code_of(folder)
            # Paths on the command line are meant from where the user stands.
            context.obj = here
            os.chdir(folder)
            return
    raise click.ClickException(
        f"{here} is not inside an AVER repository (no dvc.yaml and params.yaml here or above). Change into your clone."
    )


def _run_the_code_of(folder: Path) -> None:
    """Start over with the repository's own `src`, as every stage does, if another clone's code was installed.

    Keys cover the code: with another clone's, every answer about the cache would be about that clone.
    """
    own = (folder / "src").resolve()
    if (own / "aver").is_dir() and not Path(aver_package.__file__ or "").resolve().is_relative_to(own):
        environment = {**os.environ, "PYTHONPATH": str(own)}
        os.execve(sys.executable, [sys.executable, "-m", "aver", *sys.argv[1:]], environment)


def main() -> None:
    """Run the command; an error that a user can mend becomes a readable block, without a traceback."""
    main_of(aver)
