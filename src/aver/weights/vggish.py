"""A SavedModel with the signature and structure of the published VGGish, with seeded weights.

Published: Hershey et al. 2017, and the constants of the AudioSet release: 16 kHz mono in [-1, 1]; magnitude STFT with
25 ms periodic Hann windows every 10 ms and 512-point FFT; 64 mel bands over 125–7500 Hz; log(mel + 0.01); patches of
96 x 64 that do not overlap (0.96 s); 3 x 3 convolutions 64, 128, 2 x 256, 2 x 512 with 2 x 2 max-pooling; two hidden
layers; 128 outputs.  The published hidden layers have 4096 units; 256 here keep the seeded file under 20 MB: the
model is called through its SavedModel only, so nothing else knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from aver.tensorflow_import import import_tensorflow
from aver.weights.he import he_normal

SAMPLE_RATE_HZ = 16000
WINDOW, HOP, FFT, BANDS, FRAMES = 400, 160, 512, 64, 96
HIDDEN, OUTPUTS = 256, 128
CONVOLUTIONS = ((64,), (128,), (256, 256), (512, 512))


def save_vggish(rng: np.random.Generator, folder: Path) -> None:
    """Write the SavedModel into an existing folder: `model(waveform [S] float32) -> [S // 15360, 128]`."""
    tf = import_tensorflow()

    class Vggish(tf.Module):  # type: ignore[misc, name-defined]
        """The network as a module: its variables are what the SavedModel stores."""

        def __init__(self) -> None:
            super().__init__(name="vggish")
            self.kernels, self.matrices = [], []
            channels = 1
            for block in CONVOLUTIONS:
                for width in block:
                    self.kernels.append(tf.Variable(he_normal(rng, (3, 3, channels, width), 9 * channels)))
                    channels = width
            units = (FRAMES // 16) * (BANDS // 16) * channels
            for width in (HIDDEN, HIDDEN, OUTPUTS):
                self.matrices.append(tf.Variable(he_normal(rng, (units, width), units)))
                units = width

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="waveform")], autograph=False)  # type: ignore[untyped-decorator]
        def __call__(self, waveform: Any) -> Any:
            """Return one 128-d row per whole 0.96 s of the waveform."""
            window = tf.signal.hann_window(WINDOW, periodic=True)
            spectrum = tf.abs(tf.signal.stft(waveform, WINDOW, HOP, FFT, lambda *_, **__: window, pad_end=True))
            mel = tf.signal.linear_to_mel_weight_matrix(BANDS, FFT // 2 + 1, SAMPLE_RATE_HZ, 125.0, 7500.0)
            log_mel = tf.math.log(spectrum @ mel + 0.01)
            x = tf.signal.frame(log_mel, FRAMES, FRAMES, axis=0)[..., tf.newaxis]
            kernels = iter(self.kernels)
            for block in CONVOLUTIONS:
                for _ in block:
                    x = tf.nn.relu(tf.nn.conv2d(x, next(kernels), 1, "SAME"))
                x = tf.nn.max_pool2d(x, 2, 2, "SAME")
            x = tf.reshape(x, [-1, self.matrices[0].shape[0]])
            for matrix in self.matrices[:-1]:
                x = tf.nn.relu(x @ matrix)
            return x @ self.matrices[-1]

    tf.saved_model.save(Vggish(), str(folder))
    # It holds a random number of its own; nothing reads it.
    (folder / "fingerprint.pb").unlink(missing_ok=True)
