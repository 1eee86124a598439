"""Where pretrained weights are published: for each encoder the declared releases, the default one first.

Everything here is from public descriptions of the releases.  No publisher tells a sha256, so none is declared: it is
recorded when a file is first used (`aver.weights.releases.known`), or pinned in `params.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One file of a release.

    Args:
        name: as published, with `/` where it lies in a folder.
        urls: where to get it, in the order in which they are tried; none for a member of an archive.
        sha256: in hex, if the publisher tells it.
    """

    name: str
    urls: tuple[str, ...] = ()
    sha256: str | None = None


@dataclass(frozen=True)
class Release:
    """Weights as somebody published them.

    Args:
        name: in `params.yaml`.
        files: those that are read; with `archive`, those of its members.
        page: where people read about it.
        licence: under which it is published.
        archive: one `.tar.gz` that holds the files.
    """

    name: str
    files: tuple[Published, ...]
    page: str
    licence: str
    archive: Published | None = None

    @property
    def needed(self) -> tuple[Published, ...]:
        """What is downloaded: the archive, or the files."""
        return (self.archive,) if self.archive else self.files

    @property
    def published(self) -> tuple[Published, ...]:
        """Everything that has a name: the archive, and the files."""
        return (*((self.archive,) if self.archive else ()), *self.files)


_OXFORD = "https://www.robots.ox.ac.uk/~albanie/models/pytorch-mcn"
_KERAS = "https://github.com/rcmalli/keras-vggface/releases/download/v2.0"
_SPEECHBRAIN = "https://huggingface.co/speechbrain/spkrec-xvect-voxceleb"
_VGG_FACE = "CC BY-NC 4.0 (Oxford VGG): non-commercial; trained on photographs of people"
_VGG_FACE_2 = "CC BY-SA 4.0, as VGGFace2 (Oxford VGG); trained on photographs of people"


def _albanie(file: str, licence: str) -> Release:
    """Return a port of Oxford's MatConvNet models to PyTorch."""
    page = "https://www.robots.ox.ac.uk/~albanie/pytorch-models.html"
    return Release("albanie", (Published(file, (f"{_OXFORD}/{file}",)),), page, licence)


def _keras(name: str, file: str, licence: str) -> Release:
    """Return a port of Oxford's models to Keras."""
    return Release(name, (Published(file, (f"{_KERAS}/{file}",)),), "https://github.com/rcmalli/keras-vggface", licence)


def _speechbrain(file: str) -> Published:
    return Published(file, (f"{_SPEECHBRAIN}/resolve/main/{file}",))


#: VGG-Face: Parkhi et al. 2015.  VGG-M on facial expressions and ResNet-50 on VGGFace2: Albanie et al. 2018, Cao et al.
#: 2018.  x-vector: Snyder et al. 2018.  VGGish: Hershey et al. 2017.
RELEASES: dict[str, tuple[Release, ...]] = {
    "vggface": (
        Release(
            "deepface",
            (
                Published(
                    "vgg_face_weights.pth",
                    (
                        "https://github.com/serengil/deepface_models/releases/download/v1.0/vgg_face_weights.pth",
                        "https://huggingface.co/serengil/deepface/resolve/main/vgg_face_weights.pth",
                    ),
                ),
            ),
            "https://github.com/serengil/deepface_models",
            _VGG_FACE,
        ),
        _keras("keras-vggface", "rcmalli_vggface_tf_vgg16.h5", _VGG_FACE),
        _keras("keras-vggface-notop", "rcmalli_vggface_tf_notop_vgg16.h5", _VGG_FACE),
        _albanie("vgg_face_dag.pth", _VGG_FACE),
    ),
    "vggm": (
        _albanie(
            "vgg_m_face_bn_fer_dag.pth",
            "none stated (Oxford VGG's face models are CC BY-NC 4.0): ask before commercial use; trained on FER2013",
        ),
    ),
    "resnet50": (
        _albanie("resnet50_ft_dag.pth", _VGG_FACE_2),
        _keras("keras-vggface", "rcmalli_vggface_tf_resnet50.h5", _VGG_FACE_2),
        _keras("keras-vggface-notop", "rcmalli_vggface_tf_notop_resnet50.h5", _VGG_FACE_2),
    ),
    "xvector": (
        Release(
            "speechbrain",
            # The classifier of speakers and its labels, which are published beside them, serve no embedding.
            (_speechbrain("hyperparams.yaml"), _speechbrain("embedding_model.ckpt")),
            _SPEECHBRAIN,
            "Apache-2.0; trained on VoxCeleb, recordings of people",
        ),
    ),
    "vggish": (
        Release(
            "tfhub",
            (
                Published("saved_model.pb"),
                Published("variables/variables.data-00000-of-00001"),
                Published("variables/variables.index"),
            ),
            "https://www.kaggle.com/models/google/vggish",
            "Apache-2.0; trained on YouTube-8M",
            archive=Published(
                "vggish_1.tar.gz",
                (
                    # The file itself, to which the hub's address led before the hub moved.
                    "https://storage.googleapis.com/tfhub-modules/google/vggish/1.tar.gz",
                    "https://tfhub.dev/google/vggish/1?tf-hub-format=compressed",
                ),
            ),
        ),
    ),
}


def release_of(weights: str, name: str | None) -> Release:
    """Return a declared release by its name; None stands for the default one."""
    return next(release for release in RELEASES[weights] if name in (None, release.name))
