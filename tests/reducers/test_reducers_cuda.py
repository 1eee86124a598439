"""What must hold on CUDA; run with `pytest -m gpu` on a machine that has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from reducerwork import joined, make, table

from aver.cache.objects import pack
from aver.reducers import autoencoder, pca

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]


@pytest.mark.parametrize("steps", [3000, 8])
def test_components_agree_with_the_cpu(tmp_path, steps):
    files, own = make(tmp_path, steps), table(np.arange(steps))
    cpu, cuda = (pca.fit(pca.PcaParams(0.95, True, device), own, **files) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(cuda["explained"], cpu["explained"], rtol=1e-9)
    np.testing.assert_allclose(cuda["components"], cpu["components"], atol=1e-5)
    rows = joined(files, own)
    np.testing.assert_allclose(pca.apply(cuda, rows, "cuda"), pca.apply(cpu, rows), rtol=1e-3, atol=1e-4)


def test_the_autoencoder_learns_the_same_and_gives_the_same_bytes_again(tmp_path):
    files, own = make(tmp_path, 300), table(np.arange(300))
    params = [
        autoencoder.AutoencoderParams((16,), 8, "linear", "mse", 0.01, 16, 5, 0, True, device)
        for device in ("cpu", "cuda", "cuda")
    ]
    cpu, cuda, again = (autoencoder.fit(given, own, **files) for given in params)
    np.testing.assert_allclose(cuda["history"], cpu["history"], rtol=1e-2)
    assert pack(cuda) == pack(again)
    rows = joined(files, own)
    np.testing.assert_allclose(autoencoder.apply(cuda, rows, "cuda"), autoencoder.apply(cuda, rows), atol=1e-4)
