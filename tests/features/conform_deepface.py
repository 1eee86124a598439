"""DeepFace's VGG-Face with random weights, in a process of its own: `python conform_deepface.py <folder>`.

Reads `crops_64.npy` and `crops_224.npy` [N, S, S, 3] uint8 RGB; writes the state dict where DeepFace looks for its
weights, and `trunk.npy` [N, 2048], `fc7.npy` [N, 4096], `represent.npy` [2, 4096] (of the first two, one by one).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch

folder = Path(sys.argv[1])
os.environ |= {"DEEPFACE_HOME": str(folder), "DEEPFACE_BACKEND_ENGINE": "pytorch", "CUDA_VISIBLE_DEVICES": ""}

from deepface import DeepFace  # noqa: E402
from deepface.models.facial_recognition.pytorch.VGGFace import VggFaceBaseModel, VggFaceClient  # noqa: E402

torch.manual_seed(0)
model = VggFaceBaseModel().eval()
for name, value in model.named_parameters():
    if name.endswith("weight"):
        torch.nn.init.kaiming_normal_(value)  # else what tells two faces apart dies out on the way
    else:
        torch.nn.init.uniform_(value, -0.5, 0.5)
weights = folder / ".deepface" / "weights" / "vgg_face_weights.pth"
weights.parent.mkdir(parents=True, exist_ok=True)
with weights.open("wb") as file:
    torch.save(model.state_dict(), file)

bgr = {side: np.load(folder / f"crops_{side}.npy")[..., ::-1] for side in (64, 224)}
model.fc6 = model.fc7 = torch.nn.Identity()  # what is left of `embed` is the trunk
with torch.no_grad():
    trunk = model.embed(torch.from_numpy(bgr[64] / np.float32(255)).permute(0, 3, 1, 2))
np.save(folder / "trunk.npy", trunk.numpy())
del model

np.save(folder / "fc7.npy", VggFaceClient().predict(bgr[224] / np.float32(255)))
rows = [
    DeepFace.represent(crop, model_name="VGG-Face", detector_backend="skip", enforce_detection=False)[0]["embedding"]
    for crop in bgr[224][:2]
]
np.save(folder / "represent.npy", np.array(rows, np.float32))
