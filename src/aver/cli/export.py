"""`aver export`: hand the embeddings of a stream to another program, in a format it reads."""

from __future__ import annotations

from pathlib import Path

import click

from aver.errors import StoreError


@click.command()
@click.argument("stream")
@click.option("--corpus", help="Corpus of the stream; may be left out if only one corpus has it.")
@click.option(
    "--format", "kind", required=True, type=click.Choice(["npz", "parquet", "webdataset", "zarr"]), help="See above."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to make.")
@click.option("--clips", multiple=True, help="Only these clips: ids with commas between them. Default: all.")
@click.option("--force", is_flag=True, help="Replace an earlier export in --out. Other folders are never replaced.")
@click.option(
    "--features", default=Path("data/features"), show_default=True, type=click.Path(path_type=Path),
    help="Where the feature stores lie, as <corpus>/<stream>.",
)  # fmt: skip
@click.pass_context
def export(
    context: click.Context,
    stream: str,
    corpus: str | None,
    kind: str,
    out: Path,
    clips: tuple[str, ...],
    force: bool,
    features: Path,
) -> None:
    """Copy the embeddings of STREAM (for example vggface) into another format.

    Every row keeps its clip, its start and end in seconds, and its status. Clips without rows (no face, no sound,
    failed) are listed with the reason in OUT/clips.csv.

    \b
    npz         one file per clip, for NumPy
    parquet     one table, for pandas, Polars, DuckDB, R
    webdataset  tar files, one sample per clip, for streaming into PyTorch
    zarr        chunked arrays, for Zarr, Xarray, Dask

    \b
    Example:
      aver export vggface --corpus synthetic --format parquet --out exports/vggface
    """  # noqa: D301  click reads the control character
    # Imported here: `aver --help` need not wait for pyarrow and h5py.
    from aver.store.export import export as write
    from aver.store.reader import open_store

    # The group goes to the repository's root folder and leaves as its object where the user stands.
    out = (context.obj or Path()) / out
    store = open_store(_find(features, stream, corpus))
    rows = write(store, out, kind, _named(clips, set(store.catalogue)) or None, force)
    click.echo(f"{out}: {rows} rows of {stream} as {kind}; every clip is listed in {out / 'clips.csv'}")


def _named(given: tuple[str, ...], known: set[str]) -> list[str]:
    """Return the clip ids of `--clips`; one that is an id as a whole may itself hold a comma."""
    return [name.strip() for value in given for name in ([value] if value in known else value.split(","))]


def _find(features: Path, stream: str, corpus: str | None) -> Path:
    """Return the folder of a stream's store.

    Raises:
        StoreError: there is none, or the corpus must be named.
    """
    found = sorted(path.parent.relative_to(features).parts for path in features.glob("*/*/store.json"))
    if not found:
        raise StoreError(
            f"no feature store below {features} yet. Make them with `dvc repro features`, or fetch them with "
            "`dvc pull`; run this in the project's folder, or name theirs with --features."
        )
    corpora = sorted({name for name, _ in found})
    if corpus is not None and corpus not in corpora:
        raise StoreError(f"no corpus {corpus!r} in {features}; there is: {', '.join(corpora)}")
    holding = [name for name, other in found if other == stream and corpus in (None, name)]
    if not holding:
        streams = sorted({other for name, other in found if corpus in (None, name)})
        where = features if corpus is None else features / corpus
        raise StoreError(f"no stream {stream!r} in {where}; there is: {', '.join(streams)}")
    if len(holding) > 1:
        raise StoreError(f"several corpora have a stream {stream!r}; choose one with --corpus: {', '.join(holding)}")
    return features / holding[0] / stream
